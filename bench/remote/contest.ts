/**
 * What the benches of stores behind a server share: a store against the bare client that it uses, on
 * the same server in the same run.
 *
 * @module
 */

import type { Store } from "../../lib/store/store.ts";
import { table, timeName } from "../shared/markdown.ts";
import { race, timeAwaited } from "../shared/race.ts";

/** A client without a store: it gets and puts bytes under a name, and looks at nothing. */
export interface BareClient {
  /** Gets what was put last. */
  get(): Promise<unknown>;
  /** Puts bytes. */
  put(bytes: Uint8Array<ArrayBuffer>): Promise<unknown>;
}

const SIZES: readonly (readonly [name: string, bytes: number])[] = [
  ["1 KiB", 1024],
  ["64 KiB", 65_536],
  ["1 MiB", 1_048_576],
  ["16 MiB", 16_777_216],
];

/** Races `get` and `set` of a store against the bare client, and gives the table. */
export async function contest(store: Store, bare: BareClient): Promise<string> {
  const rows: string[][] = [];
  for (const [name, size] of SIZES) {
    const bytes = crypto.getRandomValues(new Uint8Array(Math.min(size, 65_536)));
    const value = new Uint8Array(size);
    for (let at = 0; at < size; at += bytes.length) value.set(bytes, at);
    await store.set("name/key", value);
    await bare.put(value);
    const acts: Record<string, () => Promise<unknown>> = {
      "get": () => store.get("name/key"),
      "bare get": () => bare.get(),
      "set": () => store.set("name/key", value),
      "bare put": () => bare.put(value),
    };
    const times = await race(
      new Map(
        Object.entries(acts).map(([each, act]) => [each, (count) => timeAwaited(act, count)]),
      ),
    );
    const [get, bareGet, set, barePut] = Object.keys(acts).map((each) => times.get(each)!);
    rows.push([
      name,
      timeName(get),
      `${(get / bareGet).toFixed(2)}×`,
      timeName(set),
      `${(set / barePut).toFixed(2)}×`,
    ]);
  }
  return table(["Value", "get", "to bare", "set", "to bare"], rows);
}
