/** One call of a function on a store, and what those who answer it share. */

import type { CallKey, Keyer, Readings } from "../key/mod.ts";
import type { EventLog } from "./event_log.ts";
import type { CacheMode } from "./mode.ts";
import type { ResultOpener } from "./result_opener.ts";
import type { Running } from "./running.ts";
import type { Settings } from "./settings.ts";
import type { StoreHandle } from "./store_handle.ts";
import type { StoredResults } from "./stored_results.ts";

/** One call, with all that is known of it. */
export interface AskedCall {
  readonly self: unknown;
  readonly args: unknown[];
  readonly readings: Readings | undefined;
  readonly key: CallKey;
  /** Where its result stands. */
  readonly storeKey: string;
  readonly mode: CacheMode;
  /** Whether nothing that is kept or under way is an answer. */
  readonly isAnew: boolean;
  /** The cached call that this one is made from. */
  readonly around: Running | undefined;
  /** Computes the result in place of the function. */
  readonly run?: (args: unknown[]) => unknown;
  /** Called when the call waits for another that computes the same. */
  readonly onWait?: () => void;
}

/** What is known of a function on a store. */
export interface Backing {
  readonly settings: Settings;
  readonly keyer: Keyer;
  readonly log: EventLog;
  readonly handle: StoreHandle;
  readonly stored: StoredResults;
  readonly opener: ResultOpener;
}
