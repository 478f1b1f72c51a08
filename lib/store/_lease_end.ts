/**
 * When a lease ends that a machine took whose clock may be wrong.
 *
 * @module
 */

/** How far a clock may be off before a lease that ends too late is taken for one of a lost clock. */
const CLOCK_SLACK_MS = 60_000;

/** When a lease ends, as its holder wrote it down. */
export interface LeaseSpan {
  /** The moment, in milliseconds since the epoch. */
  readonly end: number;
  /** How long the lease lasts when it is taken or renewed, in milliseconds. */
  readonly duration: number;
}

/**
 * Whether a lease counts for others than its holder. One that ends further ahead than any that was
 * taken just now comes from a clock that was wrong, and must not keep a key for as long as that was
 * off. A holder that is alive all the same learns from its token that another came after it.
 */
export function holdsOthersOff({ end, duration }: LeaseSpan): boolean {
  const rest = end - Date.now();
  return rest > 0 && rest <= 2 * duration + CLOCK_SLACK_MS;
}
