/**
 * Races the store in Deno KV against the bare database: one value of the database, then values that
 * have to be divided, for which the rival is the least that any way of dividing them has to do.
 *
 * ```sh
 * deno task bench:kv [--save]
 * ```
 *
 * `--save` also writes the table into `bench/results/kv.md`.
 *
 * @module
 */
import { denoKvStore } from "../lib/store/deno_kv/mod.ts";
import type { Store } from "../lib/store/mod.ts";
import { saveReport, table, timeName, where } from "./shared/markdown.ts";
import { race, timeAwaited } from "./shared/race.ts";

const CHUNK_BYTES = 65_536;
const CHUNKS_AT_ONCE = 10;
/** Sizes of values that fit into one value of the database. */
const SHORT: Readonly<Record<string, number>> = { "1 KiB": 1024, "60 KiB": 60 * 1024 };
/** Sizes of values that do not. */
const LONG: Readonly<Record<string, number>> = { "1 MiB": 1 << 20, "16 MiB": 1 << 24 };

type Act = () => Promise<unknown>;

/** What each row compares: the store, and the bare database. */
async function* rows(kv: Deno.Kv, store: Store): AsyncGenerator<readonly [string, Act, Act]> {
  for (const [name, size] of Object.entries(SHORT)) {
    const bytes = crypto.getRandomValues(new Uint8Array(size));
    const [key, raw] = [`name/${"0123456789abcdef".repeat(4)}`, ["raw", "name", name]];
    await store.set(key, bytes);
    await kv.set(raw, bytes);
    yield [`get ${name}`, () => store.get(key), () => kv.get(raw)];
    const rewrite = async () => {
      const found = await kv.get(raw);
      await kv.atomic().check(found).set(raw, bytes).commit();
    };
    yield [`set ${name}`, () => store.set(key, bytes), rewrite];
  }
  for (const [name, size] of Object.entries(LONG)) {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; at += CHUNK_BYTES) {
      crypto.getRandomValues(bytes.subarray(at, at + CHUNK_BYTES));
      await kv.set(["raw", name, at / CHUNK_BYTES], bytes.subarray(at, at + CHUNK_BYTES));
    }
    await store.set(name, bytes);
    yield [`get ${name}`, () => store.get(name), () => readChunks(kv, name, size)];
  }
}

/** Reads chunks one group after another, without a checksum and without joining them. */
async function readChunks(kv: Deno.Kv, name: string, size: number): Promise<void> {
  const count = size / CHUNK_BYTES;
  for (let from = 0; from < count; from += CHUNKS_AT_ONCE) {
    const indexes = Array.from({ length: Math.min(CHUNKS_AT_ONCE, count - from) }, (_, i) => i);
    await kv.getMany(indexes.map((index) => ["raw", name, from + index]));
  }
}

async function report(path: string): Promise<string> {
  const kv = await Deno.openKv(path);
  await using store = await denoKvStore(kv);
  const lines: string[][] = [];
  for await (const [name, ours, bare] of rows(kv, store)) {
    const contenders = new Map(
      [["bare", bare], ["ours", ours]].map(([who, act]) =>
        [who as string, (count: number) => timeAwaited(act as Act, count)] as const
      ),
    );
    const times = await race(contenders);
    const [own, raw] = [times.get("ours")!, times.get("bare")!];
    lines.push([name, timeName(own), timeName(raw), `${(own / raw).toFixed(2)}×`]);
  }
  kv.close();
  return table(["", "déjà", "bare database", "déjà in units of it"], lines);
}

if (import.meta.main) {
  const folder = await Deno.makeTempDir({ prefix: "deja-bench-" });
  try {
    const text = [
      "# Deno KV",
      `\`deno task bench:kv\`, Deno ${Deno.version.deno}, a file, ${where()}. The best of many ` +
      "turns that the contenders take one after another. A `get` of one value is asked to take " +
      "at most 1.2×. The bare `set` reads the old value and checks it in the transaction, as a " +
      "store must that removes the parts of what it overwrites. The bare `get` of a long value " +
      "reads the parts, and neither joins nor verifies them.",
      await report(`${folder}/database`),
    ].join("\n\n") + "\n";
    console.log(text);
    if (Deno.args.includes("--save")) await saveReport("kv", text);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
