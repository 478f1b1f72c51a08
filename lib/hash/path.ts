/**
 * The kernel for a chain of blocks, in a core that has several. A short message is one chain.
 *
 * In a chain each step waits for the one before, so what counts is how long a processor takes for a
 * step. Many take as long on vectors as on words, and do best with the rows of the state in vectors.
 * Others take twice as long on vectors, and no feature tells which these are. In V8, where either may
 * take 0.6 of the other's time, both are timed. JavaScriptCore does best with words everywhere; the
 * clock of SpiderMonkey is too coarse to tell.
 *
 * @module
 */
import { engine } from "../engine.ts";
import { CHUNK_BYTES, type Core, INITIAL_ADDRESS, LINE, LOOP, ROWS } from "./core.ts";

/** Hashes until the first look at the times; each look waits for twice as many as the last. */
const FIRST_LOOK = 1024;
/** The last look: by then the engine has compiled both kernels as well as it can. */
const LAST_LOOK = FIRST_LOOK << 6;
/** What one look at a kernel takes at least: milliseconds, and chunks, which warm it up. */
const LOOK_MS = 0.05;
const LOOK_CHUNKS = 32;
/** How often the clock is read: one that is coarser than that is not waited for. */
const MAX_READINGS = 20_000;
/** A chunk takes as long as so many readings. */
const CHUNK_READINGS = 8;
/** Where the core has what must outlast a look. */
const KEPT_BYTES = 2048;

/**
 * Sets the kernel of a core to what is known to do well.
 *
 * @param core A new core.
 * @returns Hashes until {@linkcode look} shall time the kernels; 0 for never.
 */
export function choosePath({ path }: Core): number {
  if (path === undefined) return 0;
  const found = engine();
  if (found === "javascriptcore") path.value = LOOP;
  return found === "v8" && typeof performance === "object" ? FIRST_LOOK : 0;
}

/**
 * Times the kernels of a core, and lets it go on with the faster one. What it computed last stays
 * where it is.
 *
 * @param core The core.
 * @param times The best time of each for a chunk, so far, in milliseconds: of rows, and of a line.
 * @param hashes How many hashes there were since the last look.
 * @returns Hashes until the next look; 0 after the last one, or where the clock does not tell.
 */
export function look({ bytes, hash, path }: Core, times: number[], hashes: number): number {
  const kept = bytes.slice(0, KEPT_BYTES);
  [ROWS, LINE].forEach((number, i) => {
    path!.value = number;
    let readings = 0;
    let chunks = 0;
    const first = performance.now();
    let start = first;
    // From one tick of the clock to another.
    for (; start === first && readings < MAX_READINGS; readings++) start = performance.now();
    let time = 0;
    while ((time < LOOK_MS || chunks < LOOK_CHUNKS) && readings < MAX_READINGS) {
      hash(INITIAL_ADDRESS, INITIAL_ADDRESS, CHUNK_BYTES, 0, 0, 0);
      chunks++;
      readings += CHUNK_READINGS;
      time = performance.now() - start;
    }
    if (time > 0) times[i] = Math.min(times[i], time / chunks);
  });
  bytes.set(kept);
  path!.value = times[1] < times[0] ? LINE : ROWS;
  return hashes < LAST_LOOK && times[0] < Infinity ? 2 * hashes : 0;
}
