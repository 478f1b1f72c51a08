/** Computing a missing result once, also where many processes ask for it at the same time. */

import type { Store, StoreLease } from "../store/store.ts";

/** How long a lease lasts that its holder does not renew, in milliseconds. */
const LEASE_MS = 15_000;
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
 * @param find Looks for the result.
 * @param onWait Called once, when another is found to compute the result or to have done so.
 * @param signal Gives up.
 * @throws {StoreError} The store failed.
 * @throws The reason of the signal.
 */
export async function leaseOrFind<T>(
  store: Store,
  key: string,
  find: () => Promise<T | undefined>,
  onWait: () => void,
  signal: AbortSignal,
): Promise<Granted<T>> {
  for (let wait = 0;; wait = Math.min(MAX_WAIT_MS, wait * 2 || FIRST_WAIT_MS)) {
    signal.throwIfAborted();
    const lease = await store.lease!(key, LEASE_MS);
    if (lease !== undefined) {
      // Another may have stored the result and given the lease back since this one looked.
      const found = await find().catch((error) => giveBack(lease, error));
      if (found === undefined) return { lease };
      await lease[Symbol.asyncDispose]();
      if (wait === 0) onWait();
      return { found };
    }
    if (wait === 0) onWait();
    await pause(Math.max(wait, FIRST_WAIT_MS), signal);
    const found = await find();
    if (found !== undefined) return { found };
  }
}

async function giveBack(lease: StoreLease, error: unknown): Promise<never> {
  await lease[Symbol.asyncDispose]();
  throw error;
}

/**
 * Renews a lease for as long as its holder works.
 *
 * @returns Ends that.
 */
export function keepLease(lease: StoreLease): () => void {
  // A renewal that fails is tried again; one that comes too late shows when the result is stored.
  const timer = setInterval(() => void lease.renew().catch(() => {}), LEASE_MS / 3);
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
