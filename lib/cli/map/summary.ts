/** What a map says of itself when it is over, and while it goes. */

import type { Counts } from "./mapped_function.ts";
import type { MapTally } from "./run.ts";

/**
 * How many lines were answered from the cache, and for how many the function ran.
 *
 * @param counts What the function counted meanwhile.
 * @returns `undefined` where that cannot be told: the function counts nothing, or calls itself, or
 *   counts the elements of its arguments.
 */
export function originOf(
  { done, failed, calls, underWay }: MapTally,
  counts: Counts | undefined,
): { readonly cached: number; readonly computed: number } | undefined {
  if (counts === undefined) return undefined;
  const { hits, misses, staleHits, joins, errors } = counts;
  const answered = hits + misses + staleHits;
  if (answered > calls || answered + joins < calls - underWay) return undefined;
  const computed = Math.max(0, Math.min(done - failed, misses - errors - underWay));
  return { cached: done - failed - computed, computed };
}

/** The line at the end, such as `1,000 done: 400 from the cache, 600 computed, 0 failed, 12.3 s`. */
export function summaryOf(
  tally: MapTally,
  counts: Counts | undefined,
  milliseconds: number,
): string {
  const { done, failed } = tally;
  const origin = originOf(tally, counts);
  const parts = origin === undefined
    ? [`${grouped(done - failed)} well`]
    : [`${grouped(origin.cached)} from the cache`, `${grouped(origin.computed)} computed`];
  return `${grouped(done)} done: ${
    [...parts, `${grouped(failed)} failed`, timeText(milliseconds)].join(", ")
  }`;
}

/** What to show beside the number of lines that are done. */
export function progressWords(tally: MapTally, counts: Counts | undefined): string {
  const cached = originOf(tally, counts)?.cached ?? 0;
  return [
    "done",
    ...cached > 0 ? [`${grouped(cached)} from the cache`] : [],
    ...tally.failed > 0 ? [`${grouped(tally.failed)} failed`] : [],
  ].join(", ");
}

function grouped(count: number): string {
  return count.toLocaleString("en");
}

/** A time in words, such as `12.3 s` or `2 h 5 min`. */
export function timeText(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds) % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
