/** Explaining how a call of a function on a store would be answered. */

import type { Explanation } from "./entry.ts";
import { explain } from "./explain.ts";
import type { PersistentResults } from "./persistent_results.ts";
import type { StoreHandle } from "./store_handle.ts";
import { entriesIn } from "./stored_listing.ts";

/** Entries that are looked at to find the nearest one. */
const MAX_NEIGHBOURS = 1000;

/** See `explain` of a persistent function. */
export async function explainCall(
  results: PersistentResults,
  handle: StoreHandle,
  args: unknown[],
  self?: unknown,
): Promise<Explanation> {
  const { keyer, stored, settings, answers } = results;
  const { key, readings } = await results.ask(self, args);
  const store = await handle.store();
  const isThere = await store.get(stored.prefix + key.hex) !== undefined;
  const found = isThere ? await stored.read(store, key.hex, key.bytes) : undefined;
  const entry = found && stored.tell(found, key.hex);
  const now = Date.now();
  const outcome = !isThere
    ? "miss"
    : entry === undefined
    ? "damaged"
    : !answers.isValid(found!, key.hex)
    ? "invalid"
    : entry.expires > now
    ? "hit"
    : entry.kind === "value" && entry.expires + settings.staleWhileRevalidate > now
    ? "stale"
    : "expired";
  const parts = {
    version: settings.version,
    code: keyer.codeDigest,
    closure: keyer.closureParts(readings),
    args: keyer.told(keyer.decodeArguments(args, readings, self)).parts,
  };
  const others = [];
  if (outcome === "miss") {
    for await (const { storeKey, ...other } of entriesIn(stored, store, { expired: true })) {
      if (others.length === MAX_NEIGHBOURS) break;
      const record = await stored.read(store, storeKey.slice(stored.prefix.length));
      const described = record?.record.description();
      if (described === undefined) continue;
      const { version, code, closure } = described;
      const bound = stored.boundArguments(described.args);
      const args = bound && keyer.told(bound).parts;
      others.push({ entry: other, parts: { version, code, closure, args } });
    }
  }
  const mayExpire = settings.expiryOf !== undefined;
  const asked = { key: key.hex, name: settings.name, form: settings, entry, parts, mayExpire };
  return explain(outcome, asked, others);
}
