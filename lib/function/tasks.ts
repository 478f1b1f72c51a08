/**
 * Finding the run that a call was made in after an `await`, where the runtime has no means to follow
 * asynchronous code and stacks do not show what awaits what: in pages of Firefox and its kin, by the
 * priority of tasks.
 *
 * A run takes place in a task of a priority of its own. Whatever follows an `await` in it inherits
 * that, and nothing can ask for it; but a `scheduler.yield()` there goes on as late as it says. So
 * each call keeps a continuation of the code that made it. To find its run, that continuation yields
 * while the priorities of some runs are lowered: where it goes on late, it is in one of them.
 *
 * What is inherited ends at callbacks of timers and events, and in Firefox at an `await` of what is
 * settled already: such calls count as made elsewhere, and nothing is found.
 *
 * @module
 */

/** A call under way, and the one that it was made from. */
export interface Running {
  readonly call: object;
  readonly around: Running | undefined;
  /** Whether the call is known; not said where it is from the start. */
  readonly isFound?: boolean;
}

type Priority = "background" | "user-visible";

/** What of the runtime is used. */
interface Host {
  readonly TaskController: new (
    options: { priority: Priority },
  ) => { readonly signal: unknown; setPriority(priority: Priority): void };
  readonly scheduler: {
    postTask<T>(
      body: () => T,
      options: { signal: unknown } | { priority: Priority },
    ): Promise<Awaited<T>>;
    yield(): Promise<void>;
  };
}

const { TaskController, scheduler } = globalThis as unknown as Host;

/** A run under way. */
interface Task {
  readonly running: Running;
  setPriority(priority: Priority): void;
  /** Ends the wait for it. */
  fail(error: unknown): void;
}

const underWay = new Set<Task>();

/** How long a call waits before its place is looked for, in milliseconds: most take less. */
const LOOK_AFTER_MS = 50;

/** With many more under way, it takes the browser long to find the next. */
const MAX_TASKS = 1000;

/** Runs `body` in a task of its own, unless there are very many. */
export async function runInTask<T>(running: Running, body: () => T): Promise<Awaited<T>> {
  if (underWay.size >= MAX_TASKS) return await body();
  const controller = new TaskController({ priority: "user-visible" });
  const { promise: failure, reject } = Promise.withResolvers<never>();
  const task: Task = {
    running,
    setPriority: (priority) => controller.setPriority(priority),
    fail: reject,
  };
  underWay.add(task);
  try {
    return await Promise.race([
      scheduler.postTask(body, { signal: controller.signal }),
      failure,
    ]);
  } finally {
    underWay.delete(task);
  }
}

/** Ends the run of a call with an error, which all get who wait for it. */
export function failRun(call: object, error: unknown): void {
  for (const { running, fail } of underWay) if (running.call === call) fail(error);
}

/** The place of the code that calls this, where it may be in a run. */
export function placeNow(): Place | undefined {
  return underWay.size === 0 ? undefined : new Place();
}

/** Where a call was made: in which run, is to be found. */
export class Place implements Running {
  readonly call = this;
  around: Running | undefined;
  isFound = false;
  #asked = Promise.withResolvers<() => void>();

  constructor() {
    void this.#answer();
  }

  /** Goes on in the place, and so as late as the priority of its run says. */
  goOn(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#asked.resolve(resolve);
    return promise;
  }

  async #answer(): Promise<void> {
    for (;;) {
      const tell = await this.#asked.promise;
      this.#asked = Promise.withResolvers();
      void scheduler.yield().then(tell, tell);
    }
  }
}

/**
 * Waits for what `result` gives, and finds meanwhile where that is done.
 *
 * @param around Where that is done, as far as it is known.
 * @param begin Called when it is known: throws where a call would wait for itself, and returns what
 *   is to be called at the end.
 * @returns What `result` gives, or a rejection with what `begin` throws; `undefined`, where nothing
 *   is to be found.
 */
export function whileFound<T>(
  around: Running | undefined,
  begin: () => () => void,
  result: PromiseLike<T>,
): Promise<T> | undefined {
  if (unknownPlace(around) === undefined) return undefined;
  let isOver = false;
  let end = () => {};
  const search = async () => {
    await new Promise((resolve) => setTimeout(resolve, LOOK_AFTER_MS));
    for (let place = unknownPlace(around); place && !isOver; place = unknownPlace(around)) {
      await find(place);
    }
    if (!isOver) end = begin();
  };
  return Promise.race([result, search().then(() => result)]).finally(() => {
    isOver = true;
    end();
  });
}

function unknownPlace(around: Running | undefined): Place | undefined {
  for (let each = around; each !== undefined; each = each.around) {
    if (each instanceof Place && !each.isFound) return each;
  }
}

/** The places that are looked for together, as soon as no others are. */
let next: { readonly places: Set<Place>; readonly found: Promise<void> } | undefined;
let last = Promise.resolve();

function find(place: Place): Promise<void> {
  if (next === undefined) {
    const places = new Set<Place>();
    last = last.then(() => {
      next = undefined;
      return findAll([...places]);
    });
    next = { places, found: last };
  }
  next.places.add(place);
  return next.found;
}

/** Finds the runs of places: each by the digits of its number, where it has one. */
async function findAll(places: readonly Place[]): Promise<void> {
  const tasks = [...underWay];
  const within = await lateWith(tasks, places);
  // Such as in a task of the page's own that is in no hurry.
  const lateAnyway = await lateWith([], [...within]);
  const numbers = new Map([...within.difference(lateAnyway)].map((place) => [place, 0]));
  for (let digit = 1; digit < tasks.length; digit *= 2) {
    const ones = await lateWith(tasks.filter((_, i) => i & digit), [...numbers.keys()]);
    const zeros = await lateWith(tasks.filter((_, i) => !(i & digit)), [...numbers.keys()]);
    for (const [place, number] of numbers) {
      if (ones.has(place) === zeros.has(place)) numbers.delete(place);
      else if (ones.has(place)) numbers.set(place, number | digit);
    }
  }
  for (const place of places) {
    place.around = tasks[numbers.get(place) ?? -1]?.running;
    place.isFound = true;
  }
}

/** Which places go on late while some tasks are in no hurry. */
async function lateWith(
  tasks: readonly Task[],
  places: readonly Place[],
): Promise<Set<Place>> {
  const late = new Set(places);
  if (late.size === 0) return late;
  for (const { setPriority } of tasks) setPriority("background");
  for (const place of places) void place.goOn().then(() => late.delete(place));
  // The first lets the places come to their `yield`, and the second comes after all that is due.
  for (let turn = 0; turn < 2; turn++) {
    await scheduler.postTask(() => {}, { priority: "user-visible" });
  }
  const found = new Set(late);
  for (const { setPriority } of tasks) setPriority("user-visible");
  return found;
}
