/**
 * Computing a missing result once, also where many processes ask for it at the same time. Loaded
 * when a store with leases is met.
 */

import { StoreError } from "../errors.ts";
import type { Store, StoreLease } from "../store/store.ts";

/** How long to wait before looking again for what another computes, at first and at most. */
const FIRST_WAIT_MS = 5;
const MAX_WAIT_MS = 250;

/** What asking for the right to compute ends with. */
export type Granted<T> =
  /** The lease is held: compute, and give it back. */
  | { readonly lease: StoreLease }
  /** Another has computed the result. */
  | { readonly found: T };

/**
 * Waits for the lease on a key, or for the result that its holder stores.
 *
 * @param leaseMs How long the lease lasts unless it is renewed.
 * @param find Looks for the result.
 * @param onWait Called once, when another is found to compute the result or to have done so.
 * @param signal Gives up.
 * @throws {StoreError} The store failed.
 * @throws The reason of the signal.
 */
export async function leaseOrFind<T>(
  store: Store,
  key: string,
  leaseMs: number,
  find: () => Promise<T | undefined>,
  onWait: () => void,
  signal: AbortSignal,
): Promise<Granted<T>> {
  for (let wait = 0;; wait = Math.min(MAX_WAIT_MS, wait * 2 || FIRST_WAIT_MS)) {
    signal.throwIfAborted();
    const lease = checked(await store.lease!(key, leaseMs), store);
    if (lease !== undefined) {
      // Another may have stored the result and given the lease back since this one looked.
      const found = await find().catch(async (error) => {
        await giveBack(lease);
        throw error;
      });
      if (found === undefined) return { lease };
      await giveBack(lease);
      if (wait === 0) onWait();
      return { found };
    }
    if (wait === 0) onWait();
    await pause(Math.max(wait, FIRST_WAIT_MS), signal);
    const found = await find();
    if (found !== undefined) return { found };
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
export async function giveBack(lease: StoreLease): Promise<void> {
  try {
    await lease[Symbol.asyncDispose]();
  } catch {
    // Nothing of the caller's depends on it.
  }
}

/** Whether a lease is still held, as far as the store can tell. */
export async function isHeld(lease: StoreLease): Promise<boolean> {
  try {
    return await lease.renew();
  } catch {
    return true;
  }
}

/**
 * Renews a lease for as long as its holder works, and gives it back when the holder has got nowhere
 * for a third of its duration: nobody should wait for a result that is not being read.
 *
 * @param steps Grows as long as the holder gets on; `undefined` where that does not show, as while
 *   the function runs.
 * @returns Ends that.
 */
export function keepLease(
  lease: StoreLease,
  leaseMs: number,
  steps: () => number | undefined,
): () => void {
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
    // A renewal that fails is tried again; one that comes too late shows when the result is stored.
    void isHeld(lease);
  }, leaseMs / 3);
  const { unref } = timer as { unref?: () => void };
  if (typeof timer === "object") unref?.call(timer);
  const { Deno } = globalThis as { Deno?: { unrefTimer?(timer: number): void } };
  if (typeof timer === "number") Deno?.unrefTimer?.(timer);
  return () => clearInterval(timer);
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
