/**
 * New results for stored ones past their time, computed while those are handed out. Loaded when
 * that is asked for.
 *
 * @module
 */

import type { AskedCall, Backing } from "./asked_call.ts";
import { Waiters } from "./signals.ts";
import { type Flight, newFlight, type Outcome, type Renewal, type Stale } from "./store_handle.ts";

/** Computes a new result behind the callers' backs, once at a time. */
export function renew(
  backing: Backing,
  asked: AskedCall,
  compute: (flight: Flight) => Promise<Outcome>,
): void {
  if (backing.handle.renewals.has(asked.storeKey)) return;
  const landing = Promise.withResolvers<Outcome>();
  const flight = newFlight(backing.settings, {
    outcome: landing.promise,
    waiters: new Waiters(),
    mode: asked.mode,
    replaces: undefined,
  });
  landing.resolve(compute(flight));
  finish(backing, asked, { outcome: landing.promise, flight });
}

/** Lets a result that nobody waits for be computed, and tells of a failure. */
function finish(
  { handle, log, settings: { name } }: Backing,
  { key: { hex }, storeKey }: AskedCall,
  renewal: Renewal,
): void {
  const { renewals } = handle;
  const before = renewals.get(storeKey);
  if (before !== undefined) handle.partFrom(storeKey, before.flight, before.outcome);
  renewals.set(storeKey, renewal);
  const end = async () => {
    try {
      const { drain, leave, ended } = await renewal.outcome;
      await (drain ?? leave)?.();
      await ended;
    } catch (error) {
      log.emit({ type: "revalidate-error", name, key: hex, error });
    } finally {
      if (renewals.get(storeKey) === renewal) renewals.delete(storeKey);
    }
  };
  void end();
}

/** A result past its time, where the new one takes too long; that is computed on. */
export function orStale(
  backing: Backing,
  asked: AskedCall,
  flight: Flight,
  computed: Promise<Outcome>,
  stale: Stale,
): Promise<Outcome> {
  const { settings: { name, softTimeout }, log } = backing;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const age = Date.now() - stale.expires;
      log.emit({ type: "stale", name, key: asked.key.hex, because: "timeout", age });
      // Whoever gives up from here on has an answer, so that the run is nobody's to abort.
      finish(backing, asked, { outcome: computed, flight });
      resolve(stale.outcome);
    }, softTimeout);
    computed.finally(() => clearTimeout(timer)).then(resolve, reject);
  });
}
