/** Memory that is not cleared first, where the runtime has such. */

/** To clear less than this takes next to no time. */
const MIN_BYTES = 65_536;

/** Bun refuses more. */
const MAX_BYTES = 2 ** 32 - 1;

interface Host {
  readonly Bun?: { allocUnsafe?(size: number): Uint8Array<ArrayBuffer> };
}

/**
 * An array whose every byte the caller writes, or clears before anybody else sees it: until then it
 * may hold what the process had there before. Bun takes about as long to clear memory as to copy
 * into it; other runtimes get it cleared from the system, or have no way around it.
 *
 * @param size Length in bytes.
 */
export function uncleared(size: number): Uint8Array<ArrayBuffer> {
  const { Bun } = globalThis as Host;
  const isWorthIt = size >= MIN_BYTES && size <= MAX_BYTES;
  return isWorthIt && Bun?.allocUnsafe?.(size) || new Uint8Array(size);
}
