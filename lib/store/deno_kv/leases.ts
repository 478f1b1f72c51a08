/**
 * Leases in Deno KV: a record with the moment when it runs out, set only where there is no other.
 * The database numbers its transactions upwards, and the number of the one that took a lease is its
 * token, so that nothing has to be remembered between leases.
 *
 * @module
 */

import type { Handle } from "../_keys.ts";
import type { StoreLease } from "../store.ts";
import { type Database, expiryOf } from "./database.ts";
import type { KvEntry, KvKey } from "./kv.ts";

/** What stands under the key of a lease. */
interface LeaseRecord {
  /** When it runs out, in milliseconds since the epoch. */
  readonly until: number;
  /** The token, once it was renewed; before, the record's own versionstamp is. */
  readonly token?: number;
}

/** Hexadecimal digits of a versionstamp that count transactions; the rest is zero in most. */
const COUNTING_DIGITS = 16;
/** Attempts at what others keep from taking place. */
const MAX_ATTEMPTS = 100;

/** Whether the record is that of a live lease, and if a token is given, of that one. */
export function isHeld({ value, versionstamp }: KvEntry, token?: number): boolean {
  const record = value as LeaseRecord | null;
  if (versionstamp === null || !(Number(record?.until) > Date.now())) return false;
  return token === undefined || tokenOf(record!, versionstamp) === token;
}

/** Takes the lease under `at` for `duration` milliseconds, or resolves to `undefined`. */
export async function takeLease(
  database: Database,
  handle: Handle,
  key: string,
  at: KvKey,
  duration: number,
): Promise<StoreLease | undefined> {
  const found = await database.get("lease", at);
  if (isHeld(found)) return undefined;
  const until = Date.now() + duration;
  const { ok, versionstamp } = await database.commit("lease", (atomic) => {
    const record: LeaseRecord = { until };
    atomic.check(found).set(at, record, expiryOf(until));
  });
  // Whoever else asked at the same time has it.
  if (!ok) return undefined;
  const token = tokenOf({ until }, versionstamp!);
  return {
    key,
    token,
    renew: async () => {
      handle.check("lease");
      const until = Date.now() + duration;
      return await change(database, at, token, { until, token });
    },
    [Symbol.asyncDispose]: async () => void await change(database, at, token, undefined),
  };
}

/** Replaces or removes the record of a lease, if it is still held. */
async function change(
  database: Database,
  at: KvKey,
  token: number,
  record: LeaseRecord | undefined,
): Promise<boolean> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const found = await database.get("lease", at);
    if (!isHeld(found, token)) return false;
    const { ok } = await database.commit("lease", (atomic) => {
      atomic.check(found);
      if (record === undefined) atomic.delete(at);
      else atomic.set(at, record, expiryOf(record.until));
    });
    if (ok) return true;
  }
  return false;
}

function tokenOf({ token }: LeaseRecord, versionstamp: string): number {
  return token ?? Number.parseInt(versionstamp.slice(0, COUNTING_DIGITS), 16);
}
