/**
 * Computing a missing result once, also where many processes ask for it at the same time. Loaded
 * when a store with leases is met.
 */

import { StoreError } from "../errors.ts";
import type { CallKey } from "../key/mod.ts";
import type { Store, StoreLease } from "../store/store.ts";
import type { AskedCall, Backing } from "./asked_call.ts";
import type { Payload } from "./payload.ts";
import type { Outcome } from "./store_handle.ts";
import type { StoredResults, Told } from "./stored_results.ts";

/** How long to wait before looking again for what another computes, at first and at most. */
const FIRST_WAIT_MS = 5;
const MAX_WAIT_MS = 250;

/**
 * Waits for the right to compute a call, or for the result that another stores who has it.
 *
 * @param find Looks for the result.
 * @param signal Gives up.
 * @returns The lease, to be given back, or the result.
 * @throws {StoreError} The store failed.
 * @throws The reason of the signal.
 */
export async function leaseFor(
  { settings: { name, lease: leaseMs }, log }: Pick<Backing, "settings" | "log">,
  { key: { hex }, storeKey, onWait }: AskedCall,
  store: Store,
  find: () => Promise<Outcome | undefined>,
  signal: AbortSignal,
): Promise<StoreLease | Outcome> {
  const tell = () => {
    log.emit({ type: "join", name, key: hex, where: "elsewhere" });
    onWait?.();
  };
  for (let wait = 0;; wait = Math.min(MAX_WAIT_MS, wait * 2 || FIRST_WAIT_MS)) {
    signal.throwIfAborted();
    const lease = checked(await store.lease!(storeKey, leaseMs), store);
    if (lease !== undefined) {
      // Another may have stored the result and given the lease back since this one looked.
      const found = await find().catch(async (error) => {
        await giveBack(lease);
        throw error;
      });
      if (found === undefined) return lease;
      await giveBack(lease);
      if (wait === 0) tell();
      return found;
    }
    if (wait === 0) tell();
    await pause(Math.max(wait, FIRST_WAIT_MS), signal);
    const found = await find();
    if (found !== undefined) return found;
  }
}

/**
 * What a store gave in place of a lease; `undefined` while another holds it.
 *
 * @throws {StoreError} It is no lease.
 */
function checked(given: StoreLease | null | undefined, store: Store): StoreLease | undefined {
  // Some stores have no word but `null` for what is not there.
  if (given === undefined || given === null) return undefined;
  const { renew, [Symbol.asyncDispose]: dispose } = Object(given) as Partial<StoreLease>;
  if (typeof renew === "function" && typeof dispose === "function") return given;
  throw new StoreError(
    `The store ${store.name} gave a ${typeof given} that is no lease: one has renew() and ` +
      "[Symbol.asyncDispose]()",
    { store: store.name, operation: "lease" },
  );
}

/** Gives a lease back; one that cannot be runs out. */
async function giveBack(lease: StoreLease): Promise<void> {
  try {
    await lease[Symbol.asyncDispose]();
  } catch {
    // Nothing of the caller's depends on it.
  }
}

/** Renews a lease; one that cannot be runs out, which shows when the result is stored. */
async function renew(lease: StoreLease): Promise<void> {
  try {
    await lease.renew();
  } catch {
    // It is tried again.
  }
}

/**
 * Writes a record that was refused since the lease ran out: without it, unless somebody has stored a
 * result meanwhile.
 *
 * @returns Size of the record in bytes, if it was written.
 * @throws {StoreError} The store failed.
 */
export async function writeAfterAll(
  stored: StoredResults,
  store: Store,
  key: CallKey,
  payload: Payload,
  told: Told,
): Promise<number | undefined> {
  const other = await stored.read(store, key.hex, key.bytes, false);
  if (other !== undefined && other.record.created >= told.created - told.duration) return undefined;
  return await stored.write(store, key, payload, told, undefined);
}

/**
 * Renews a lease for as long as its holder works, and gives it back when the holder has got nowhere
 * for a third of its duration: nobody should wait for a result that is not being read.
 *
 * @param steps Grows as long as the holder gets on; `undefined` where that does not show, as while
 *   the function runs.
 * @returns Ends that, and gives the lease back.
 */
export function keepLease(
  lease: StoreLease,
  leaseMs: number,
  steps: () => number | undefined,
): () => Promise<void> {
  let before: number | undefined;
  const timer = setInterval(() => {
    const now = steps();
    if (now !== undefined && now === before) {
      // Whoever gets on after all stores the result without it.
      clearInterval(timer);
      void giveBack(lease);
      return;
    }
    before = now;
    void renew(lease);
  }, leaseMs / 3);
  const { unref } = timer as { unref?: () => void };
  if (typeof timer === "object") unref?.call(timer);
  const { Deno } = globalThis as { Deno?: { unrefTimer?(timer: number): void } };
  if (typeof timer === "number") Deno?.unrefTimer?.(timer);
  return async () => {
    clearInterval(timer);
    await giveBack(lease);
  };
}

/** Waits, or rejects with the reason of the signal. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });
}
