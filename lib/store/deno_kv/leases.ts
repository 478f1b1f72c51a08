/**
 * Leases in Deno KV: a record with the moment when it runs out, set only where there is no other.
 * The database numbers its transactions upwards, and the number of the one that took a lease is its
 * token, so that nothing has to be remembered between leases.
 *
 * @module
 */

import type { Handle } from "../_keys.ts";
import { holdsOthersOff } from "../_lease_end.ts";
import type { StoreLease } from "../store.ts";
import { type Database, expiryOf } from "./database.ts";
import type { KvEntry, KvKey } from "./kv.ts";

/** What stands under the key of a lease. */
interface LeaseRecord {
  /** When it runs out, in milliseconds since the epoch. */
  readonly until: number;
  /** How long it lasts when it is taken or renewed, in milliseconds. */
  readonly duration: number;
  /** The token, once it was renewed; before, the record's own versionstamp is. */
  readonly token?: number;
}

/** Hexadecimal digits of a versionstamp that count transactions; the rest is zero in most. */
const COUNTING_DIGITS = 16;
/** Attempts at what others keep from taking place. */
const MAX_ATTEMPTS = 100;

/** Whether the record is that of the live lease with this token, which nobody took after it then. */
export function isHeldWith({ value, versionstamp }: KvEntry, token: number): boolean {
  const record = value as LeaseRecord | null;
  if (versionstamp === null || !(Number(record?.until) > Date.now())) return false;
  return tokenOf(record!, versionstamp) === token;
}

/** Whether the record is that of a lease that holds others off. */
function isHeld({ value }: KvEntry): boolean {
  const record = value as LeaseRecord | null;
  return record !== null && holdsOthersOff({ end: record.until, duration: record.duration });
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
  const record: LeaseRecord = { until: Date.now() + duration, duration };
  const { ok, versionstamp } = await database.commit("lease", (atomic) => {
    atomic.check(found).set(at, record, expiryOf(record.until));
  });
  // Whoever else asked at the same time has it.
  if (!ok) return undefined;
  const token = tokenOf(record, versionstamp!);
  return {
    key,
    token,
    renew: async () => {
      handle.check("lease");
      return await change(database, at, token, { until: Date.now() + duration, duration, token });
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
    if (!isHeldWith(found, token)) return false;
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
