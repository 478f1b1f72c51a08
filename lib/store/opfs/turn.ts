/**
 * Who may write, among all tabs and workers of the site, and who may trust the memory.
 *
 * A Web Lock has the answer. Who holds it exclusively is the only writer; who holds it shared knows
 * that there is none. So a holder of either kind need not look at the files to know what they hold.
 * Holders keep the lock until somebody else asks for it over a `BroadcastChannel`, so that a tab by
 * itself never waits. A reader without the lock looks at the files, and so waits for nobody.
 *
 * @module
 */

/** How often one who waits asks again, in milliseconds: a request may meet the wrong holder. */
const ASK_AGAIN_MS = 50;
/**
 * How long a writer waits for readers, in milliseconds. A tab that computes cannot answer, and once
 * it can, it is told that it lost its lock before anything else.
 */
const PATIENCE_MS = 1000;

/** A lock that is held. */
interface Held {
  readonly mode: LockMode;
  readonly end: () => void;
  readonly over: Promise<unknown>;
}

/** The right to write or to trust the memory, in one tab or worker. */
export class Turn {
  readonly #name: string;
  readonly #lost: () => void;
  readonly #channel: BroadcastChannel;
  #held: Held | undefined;

  /**
   * @param name Name of the lock and of the channel.
   * @param asked Called when somebody else wants the lock.
   * @param lost Called when the lock was taken away.
   */
  constructor(name: string, asked: () => void, lost: () => void) {
    this.#name = name;
    this.#lost = lost;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data: wanted }) => {
      if (this.mode !== undefined && (this.mode !== "shared" || wanted !== "shared")) asked();
    };
  }

  /** How the lock is held. */
  get mode(): LockMode | undefined {
    return this.#held?.mode;
  }

  /** Something that is the same as long as the lock is held without a break. */
  get tenure(): object | undefined {
    return this.#held;
  }

  /** Takes the lock if nobody is in the way. */
  async tryToTake(mode: LockMode): Promise<boolean> {
    return await this.#request({ mode, ifAvailable: true });
  }

  /**
   * Takes the lock, and asks those in the way to let go.
   *
   * @returns Whether it was taken: to trust the memory is not worth a long wait.
   */
  async take(mode: LockMode): Promise<boolean> {
    if (await this.tryToTake(mode)) return true;
    const giveUp = new AbortController();
    const waiting = this.#request({ mode, signal: giveUp.signal });
    const start = performance.now();
    while (!await settledWithin(waiting, ASK_AGAIN_MS, () => this.#channel.postMessage(mode))) {
      if (performance.now() - start < PATIENCE_MS) continue;
      if (mode === "exclusive" && !await this.#onlyReaders()) continue;
      giveUp.abort();
      if (await waiting.catch(() => false)) return true;
      return mode === "exclusive" && await this.#request({ mode, steal: true });
    }
    return await waiting;
  }

  /** Lets go of the lock; without one it does nothing. */
  async release(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    held?.end();
    await held?.over;
  }

  /** Hears and says no more. */
  close(): void {
    this.#channel.close();
  }

  async #onlyReaders(): Promise<boolean> {
    const { held = [] } = await navigator.locks.query();
    return held.every(({ name, mode }) => name !== this.#name || mode === "shared");
  }

  #request(options: LockOptions): Promise<boolean> {
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const end = Promise.withResolvers<void>();
    let held: Held | undefined;
    const over = navigator.locks.request(this.#name, options, (lock) => {
      resolve(lock !== null);
      if (lock === null) return;
      held = this.#held = { mode: options.mode!, end: end.resolve, over };
      return end.promise;
    }).catch((error) => {
      reject(error);
      if (held === undefined || this.#held !== held) return;
      this.#held = undefined;
      this.#lost();
    });
    return promise;
  }
}

/** Whether `promise` settles in time after `act` was called. */
async function settledWithin(
  promise: Promise<unknown>,
  ms: number,
  act: () => void,
): Promise<boolean> {
  act();
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), ms);
  try {
    return await Promise.race([promise.then(() => true, () => true), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
