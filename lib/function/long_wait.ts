/** Telling of a call that waits long for an equal one. */

import type { EventLog } from "./event_log.ts";

/** How long it waits before somebody is told, in milliseconds. */
const LONG_WAIT_MS = 10_000;

const REMEDY = 'timeout: "1m"';

/** The functions that were told of, or one of whose calls is watched: one is enough to tell. */
const watched = new WeakSet<EventLog>();

/**
 * Tells of a call that waits long, once for each function.
 *
 * @param joined What it waits for.
 * @param log That of the function.
 * @param name Name of the function.
 * @param key Key of the call, in hexadecimal.
 */
export function watchWait(
  joined: PromiseLike<unknown>,
  log: EventLog,
  name: string,
  key: string,
): void {
  if (watched.has(log)) return;
  watched.add(log);
  let isTold = false;
  const timer = setTimeout(() => {
    isTold = true;
    tell(log, name, key);
  }, LONG_WAIT_MS);
  // No program stays alive for it.
  (timer as { unref?(): void }).unref?.();
  const end = () => {
    clearTimeout(timer);
    if (!isTold) watched.delete(log);
  };
  joined.then(end, end);
}

function tell(log: EventLog, name: string, key: string): void {
  log.emit({ type: "long-wait", name, key, waited: LONG_WAIT_MS, remedy: REMEDY });
  if (log.heard) return;
  console.warn(
    `déjà: a call of ${name || "a cached function"} has waited ${LONG_WAIT_MS / 1000} s for an ` +
      `equal call under way, and waits for ever if that one waits for it: write ${REMEDY} to end ` +
      "it, and change the arguments where a function calls itself",
  );
}
