/** What answers a call on a store: a stored result, one past its time, or a new one. */

import { CacheMissError, CacheTimeoutError } from "../errors.ts";
import { RecordFlag } from "../record/mod.ts";
import type { Store } from "../store/store.ts";
import type { AskedCall, Backing } from "./asked_call.ts";
import type { CacheEntry } from "./entry.ts";
import type { StaleEvent } from "./events.ts";
import { truthOf } from "./keeping.ts";
import type { Runs } from "./runs.ts";
import type { Flight, Outcome, Renewal, Stale } from "./store_handle.ts";
import type { StoredResult } from "./stored_results.ts";

/**
 * A look-up that fails after so many milliseconds shows a store that hangs: the call goes on without
 * it, and waits neither for a lease nor for its result to be stored.
 */
const LONG_WAIT_MS = 1000;

/** Finds answers. */
export class Answers {
  readonly #backing: Backing;
  readonly #runs: Runs;

  /** @param runs Computes what is missing. */
  constructor(backing: Backing, runs: Runs) {
    this.#backing = backing;
    this.#runs = runs;
  }

  /**
   * Looks, and computes where nothing answers.
   *
   * @param store `undefined` where it cannot be opened.
   */
  async answer(asked: AskedCall, flight: Flight, store: Store | undefined): Promise<Outcome> {
    const { log, handle, settings } = this.#backing;
    const { key: { hex }, mode, isAnew } = asked;
    const { name, softTimeout, staleWhileRevalidate } = settings;
    let stale: Stale | undefined;
    // The store, as long as there is hope that it answers in time.
    let hopeful = store;
    if (!isAnew) {
      const since = Date.now();
      const found = store && await this.#find(asked, store, () => {
        if (Date.now() - since >= LONG_WAIT_MS) hopeful = undefined;
      });
      if (found !== undefined && "first" in found) return found;
      stale = found;
    }
    const age = Date.now() - (stale?.expires ?? 0);
    if (stale !== undefined && age < staleWhileRevalidate) {
      // What may not be computed, or not be stored, is not renewed.
      const renews = mode === "read-write";
      const because = renews ? "revalidating" : "mode";
      log.emit({ type: "stale", name, key: hex, because, age });
      if (renews) {
        const compute = (flight: Flight) => this.#compute(asked, flight, hopeful, undefined);
        (await this.#renewals(hex))?.renew(this.#backing, asked, compute);
      }
      return stale.outcome;
    }
    if (mode === "offline") {
      const outcome = this.#standIn(stale, hex, { because: "mode" });
      if (outcome !== undefined) return outcome;
      throw new CacheMissError(
        `Nothing is stored for this call of ${name}, and the mode is offline; call it in another`,
        { key: hex },
      );
    }
    const mayBeLate = stale !== undefined && softTimeout !== Infinity;
    // Before the function runs, whose failure is to be heard.
    const late = mayBeLate ? await this.#renewals(hex) : undefined;
    const renewal = handle.renewals.get(asked.storeKey);
    const isRenewed = renewal !== undefined && !isAnew;
    if (isRenewed) log.emit({ type: "join", name, key: hex, where: "here" });
    else log.emit({ type: "miss", name, key: hex });
    const computed = isRenewed
      ? this.#joined(renewal, asked, flight, hopeful, stale)
      : this.#compute(asked, flight, hopeful, stale);
    return await (late?.orStale(this.#backing, asked, flight, computed, stale!) ?? computed);
  }

  /** What renews results; `undefined`, with an event, where it cannot be loaded. */
  async #renewals(hex: string): Promise<typeof import("./renewals.ts") | undefined> {
    try {
      return await import("./renewals.ts");
    } catch (error) {
      const { log, settings: { name } } = this.#backing;
      log.emit({ type: "revalidate-error", name, key: hex, error });
      return undefined;
    }
  }

  /** Whether a stored result answers a call, which then counts as a hit. Its value is not decoded. */
  async stands({ key, storeKey, mode }: AskedCall, store: Store): Promise<boolean> {
    if (mode === "refresh" || mode === "off") return false;
    const found = await this.#backing.stored.readAt(store, storeKey, key, false);
    if (found === undefined || found.record.expires <= Date.now()) return false;
    if (!this.isValid(found, key.hex)) return false;
    this.#tellHit(found, key.hex);
    return true;
  }

  #tellHit({ record }: StoredResult, hex: string): void {
    const { log, settings: { name } } = this.#backing;
    const kind = (record.flags & RecordFlag.ERROR) === 0 ? "value" : "error";
    log.counts.bytesRead += record.size;
    log.emit({ type: "hit", name, key: hex, kind, saved: record.duration });
  }

  /** Whether a stored result may answer a call, as far as `validate` says. */
  isValid(found: StoredResult, hex: string): boolean {
    const { settings: { validate, name }, stored, log } = this.#backing;
    if (validate === undefined) return true;
    const entry: CacheEntry | undefined = stored.tell(found, hex);
    try {
      return entry !== undefined && truthOf(validate(entry), "validate");
    } catch (error) {
      log.emit({ type: "option-error", name, key: hex, option: "validate", error });
      return false;
    }
  }

  /** A result past its time in place of one that cannot be computed, as long as that may be. */
  #standIn(
    stale: Stale | undefined,
    hex: string,
    why: Pick<StaleEvent, "because" | "error">,
  ): Outcome | undefined {
    if (stale === undefined) return undefined;
    const { name, staleIfError } = this.#backing.settings;
    const age = Date.now() - stale.expires;
    if (age >= staleIfError) return undefined;
    this.#backing.log.emit({ type: "stale", name, key: hex, age, ...why });
    return stale.outcome;
  }

  /** The stored result that answers a call, or one past its time. All else is told of. */
  async #find(
    asked: AskedCall,
    store: Store,
    onFailure: () => void,
  ): Promise<Outcome | Stale | undefined> {
    const { settings, stored, log, opener } = this.#backing;
    const { key, storeKey } = asked;
    const { name, staleWhileRevalidate, staleIfError } = settings;
    const found = await stored.readAt(store, storeKey, key, true, onFailure);
    if (found === undefined) return undefined;
    if (!this.isValid(found, key.hex)) {
      log.emit({ type: "expire", name, key: key.hex, because: "validate" });
      return undefined;
    }
    const { expires } = found.record;
    if (expires > Date.now()) {
      const outcome = await opener.open(store, found, key.hex, asked.args);
      if (outcome === undefined) return undefined;
      this.#tellHit(found, key.hex);
      return outcome;
    }
    const isError = (found.record.flags & RecordFlag.ERROR) !== 0;
    const isOfUse = !isError &&
      expires + Math.max(staleWhileRevalidate, staleIfError) > Date.now();
    const outcome = isOfUse ? await opener.open(store, found, key.hex, asked.args) : undefined;
    if (isError || Date.now() - expires >= staleWhileRevalidate) {
      log.emit({ type: "expire", name, key: key.hex, because: "time" });
    }
    return outcome === undefined ? undefined : { outcome, expires };
  }

  /** What another, who may look for it under a lease, has computed meanwhile. */
  async #findAgain(asked: AskedCall, store: Store): Promise<Outcome | undefined> {
    const { stored, opener } = this.#backing;
    const { key, storeKey, isAnew } = asked;
    if (isAnew) return undefined;
    // What is wrong with it was told when it was read first.
    const found = await stored.readAt(store, storeKey, key, false);
    const isFresh = found !== undefined && found.record.expires > Date.now() &&
      this.isValid(found, key.hex);
    return isFresh ? await opener.open(store, found, key.hex, asked.args) : undefined;
  }

  #compute(
    asked: AskedCall,
    flight: Flight,
    store: Store | undefined,
    stale: Stale | undefined,
  ): Promise<Outcome> {
    return this.#runs.compute(asked, flight, store, {
      find: () => this.#findAgain(asked, store!),
      fallBack: (error) => {
        const because = error instanceof CacheTimeoutError ? "timeout" : "error";
        return this.#standIn(stale, asked.key.hex, { because, error });
      },
    });
  }

  /** What is being computed behind the callers' backs; computed anew where that is no answer. */
  async #joined(
    renewal: Renewal,
    asked: AskedCall,
    flight: Flight,
    store: Store | undefined,
    stale: Stale | undefined,
  ): Promise<Outcome> {
    const { again } = await renewal.outcome;
    if (again !== undefined && !this.#backing.opener.writesFiles) return { first: again, again };
    return await this.#compute(asked, flight, store, stale);
  }
}
