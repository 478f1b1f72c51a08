/** Results that were dropped by a filter before they were stored. */

import { OptionError } from "../key/mod.ts";
import { openRecord } from "../record/mod.ts";
import type { AskedCall, Backing } from "./asked_call.ts";
import { matches } from "./entry.ts";
import type { Payload } from "./payload.ts";
import type { Flight } from "./store_handle.ts";
import type { Told } from "./stored_results.ts";

/**
 * Whether one of the filters that came meanwhile means a result. One that throws, with an event,
 * does.
 *
 * @param told What the record is to say.
 */
export function isForgotten(
  { stored, log, settings: { name } }: Backing,
  { asked: { key }, flight }: { readonly asked: AskedCall; readonly flight: Flight },
  payload: Payload,
  told: Told,
): boolean {
  const record = openRecord(stored.seal(key, payload, told, told.created));
  const entry = stored.tell({ record, payload }, key.hex);
  try {
    return entry === undefined || flight.forgotten.some((filter) => matches(entry, filter));
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    const { option, cause } = error;
    log.emit({ type: "option-error", name, key: key.hex, option, error: cause });
    return true;
  }
}
