/**
 * Races: the time of each contender, on a machine that has other things to do.
 *
 * @module
 */

/** Measures `count` calls, and gives the mean time of one in nanoseconds. */
export type Timer = (count: number) => number | Promise<number>;

/** Time that one measurement takes, so that the clock's grain does not show. */
const BATCH_NS = 2_000_000;
/** Time that a contender gets. */
const BUDGET_NS = 300_000_000;

/** Options of {@linkcode race}. */
export interface RaceOptions {
  /** Time that one measurement takes at least, where the clock is coarser than usual. */
  readonly batchNs?: number;
  /** Time that a contender gets, where the usual one is too short to meet the machine at its best. */
  readonly budgetNs?: number;
}

/** Nanoseconds that a function takes, as the mean over `count` calls. */
export function time(body: () => unknown, count: number): number {
  const start = performance.now();
  for (let i = 0; i < count; i++) body();
  return (performance.now() - start) * 1e6 / count;
}

/** As {@linkcode time}, for a function whose promise is awaited before the next call. */
export async function timeAwaited(body: () => Promise<unknown>, count: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < count; i++) await body();
  return (performance.now() - start) * 1e6 / count;
}

/**
 * The best time of each contender. The contenders take turns, so that whatever else the machine
 * does slows all of them; the best of many turns is the one it slowed least. Each round has an
 * order of its own, so that none always clears away the garbage of the same other one.
 */
export async function race(
  contenders: ReadonlyMap<string, Timer>,
  { batchNs = BATCH_NS, budgetNs = BUDGET_NS }: RaceOptions = {},
): Promise<Map<string, number>> {
  const turns = [];
  for (const [name, timer] of contenders) turns.push(await prepare(name, timer, batchNs, budgetNs));
  const most = Math.max(...turns.map(({ rounds }) => rounds));
  for (let round = 0; round < most; round++) {
    for (const turn of shuffled(turns)) {
      if (round < turn.rounds) turn.best = Math.min(turn.best, await turn.timer(turn.count));
    }
  }
  return new Map(turns.map(({ name, best }) => [name, best]));
}

/**
 * The median times of two contenders in nanoseconds, whose calls alternate one by one: for calls
 * that wait for another process, which the system lets sleep and wakes as it likes, so that one
 * contender may be lucky for as long as a turn lasts.
 *
 * @param budgetNs How long to go on.
 */
export async function alternate(
  first: () => Promise<unknown>,
  second: () => Promise<unknown>,
  budgetNs: number = 4 * BUDGET_NS,
): Promise<[first: number, second: number]> {
  const one = { call: first, times: [] as number[] };
  const other = { call: second, times: [] as number[] };
  const order = [one, other];
  const end = performance.now() + budgetNs / 1e6;
  while (performance.now() < end) {
    for (const { call, times } of order) times.push(await timeAwaited(call, 1));
    order.reverse();
  }
  return [median(one.times), median(other.times)];
}

function median(times: number[]): number {
  return times.sort((a, b) => a - b)[times.length >> 1];
}

/** The elements in an order of chance. */
function shuffled<T>(elements: readonly T[]): T[] {
  const drawn = elements.map((element) => ({ element, lot: Math.random() }));
  return drawn.sort((a, b) => a.lot - b.lot).map(({ element }) => element);
}

/** Finds out how many calls fill one measurement, and how many of those fill the budget. */
async function prepare(name: string, timer: Timer, batchNs: number, budgetNs: number) {
  let count = 1;
  let estimate = 0;
  // Doubling copes with a clock as coarse as a page's; the best of three, with pauses.
  const look = async () => {
    estimate = Infinity;
    for (let i = 0; i < 3; i++) estimate = Math.min(estimate, await timer(count));
    return estimate * count;
  };
  for (let pass = 0; pass < 3; pass++) while (await look() < batchNs) count *= 2;
  const rounds = Math.max(3, Math.round(budgetNs / (count * estimate)));
  return { name, timer, count, rounds, best: Infinity };
}
