/**
 * A store in Deno KV: in a local file, in memory, or on a server through KV Connect.
 *
 * @module
 */

import { checkTimeout, Deadlines } from "../_deadline.ts";
import { checkOptionNames } from "../_options.ts";
import type { Store } from "../store.ts";
import { Database } from "./database.ts";
import { openFailure, silence, storeError } from "./failure.ts";
import { Keys } from "./keys.ts";
import type { DenoKv } from "./kv.ts";
import { DenoKvStore } from "./store.ts";

export type { DenoKv, KvAtomic, KvCheck, KvEntry, KvKey, KvKeyPart, KvOutcome } from "./kv.ts";

/** Options of {@linkcode denoKvStore}. */
export interface DenoKvStoreOptions {
  /**
   * The first part of every key in the database, `"deja"` by default: stores with different ones
   * share a database and see nothing of each other. At most 128 code units.
   */
  readonly prefix?: string;
  /**
   * How long to wait for one answer of the database, in milliseconds: 10,000 by default, `Infinity`
   * for no limit. A `set` that is not answered in time may still take effect.
   */
  readonly timeout?: number;
}

/** The part of the `Deno` namespace that is used here. */
interface DenoApi {
  readonly openKv?: (path?: string) => Promise<DenoKv>;
  readonly permissions: {
    querySync(descriptor: { name: "read"; path: string }): { readonly state: string };
  };
  readonly errors: { readonly NotFound: new () => Error };
  statSync(path: string): unknown;
}

/**
 * Opens a store in Deno KV.
 *
 * Any number of processes may use one database at the same time. Values of up to 65,520 bytes are
 * one value of the database; longer ones are divided, at any length, and their checksum is verified
 * when they are read. The database drops what has expired by itself; a listing removes what is left
 * of it. The parts that writers left behind who died are removed an hour later, by a listing or in
 * the background of a write.
 *
 * Leases run out by the clocks of the machines, which have to agree about as well as the leases are
 * long.
 *
 * Deno needs `--unstable-kv`, or `"unstable": ["kv"]` in `deno.json`; for a file `--allow-read` and
 * `--allow-write`, for a server `--allow-net` and `DENO_KV_ACCESS_TOKEN`.
 *
 * @param database Path of a file, `":memory:"`, or the URL of a server, as `Deno.openKv` takes it;
 *   or a database that is open, which then stays yours to close. Without it, Deno's own place for
 *   the script.
 * @param options What to put in front of keys, and how long to wait.
 * @returns The store.
 * @throws {TypeError} `database` is neither a text nor a database, or an option is wrong.
 * @throws {RangeError} An option is out of range.
 * @throws {StoreError} There is no Deno KV, or it cannot be opened; the message says what to do.
 *
 * @example
 * ```ts
 * import { denoKvStore } from "@deja/cache/deno-kv";
 * import { assert } from "chai";
 *
 * await using store = await denoKvStore(":memory:");
 * await store.set("greeting", new TextEncoder().encode("hello"));
 * assert.equal(new TextDecoder().decode(await store.get("greeting")), "hello");
 *
 * await store.set("film", new Uint8Array(1_000_000)); // longer than a value of Deno KV may be
 * assert.lengthOf((await store.get("film"))!, 1_000_000);
 * ```
 */
export async function denoKvStore(
  database?: string | DenoKv,
  options: DenoKvStoreOptions = {},
): Promise<Store> {
  checkOptionNames("denoKvStore()", options, { prefix: true, timeout: true });
  const { prefix = "deja", timeout } = options;
  const keys = new Keys(prefix);
  const limitMs = checkTimeout(timeout, "denoKvStore");
  if (isDatabase(database)) {
    return new DenoKvStore(new Database(database, limitMs), keys, true, () => {});
  }
  if (database !== undefined && typeof database !== "string") {
    throw new TypeError("denoKvStore() needs a path, a URL, or a database of Deno.openKv()");
  }
  const opened = new Database(await open(database, limitMs), limitMs);
  return new DenoKvStore(opened, keys, database !== ":memory:", () => opened.close());
}

function isDatabase(value: unknown): value is DenoKv {
  return typeof value === "object" && value !== null && "atomic" in value && "getMany" in value;
}

async function open(path: string | undefined, limitMs: number): Promise<DenoKv> {
  const { Deno } = globalThis as { Deno?: DenoApi };
  if (Deno === undefined) {
    throw storeError("open", "Cannot open Deno KV: this is not Deno; use another store");
  }
  if (typeof Deno.openKv !== "function") {
    throw storeError(
      "open",
      'Cannot open Deno KV: it is switched off; run Deno with --unstable-kv, or add "kv" to ' +
        '"unstable" in deno.json',
    );
  }
  const deadlines = new Deadlines(limitMs);
  deadlines.rest();
  let isLate = false;
  return await deadlines.wait(
    async () => {
      const kv = await Deno.openKv!(path);
      if (isLate) kv.close();
      return kv;
    },
    () => {
      isLate = true;
      return silence("open", limitMs);
    },
    (cause) => openFailure(path, cause, (folder) => isAbsent(Deno, folder)),
  );
}

/** Whether nothing stands at a path, as far as the program may look. */
function isAbsent({ permissions, errors, statSync }: DenoApi, path: string): boolean {
  // Asked first, since to look without the permission would ask the user for it.
  if (permissions.querySync({ name: "read", path }).state !== "granted") return false;
  try {
    statSync(path);
    return false;
  } catch (error) {
    return error instanceof errors.NotFound;
  }
}
