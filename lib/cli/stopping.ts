/** Ending early and in order: at Ctrl-C, and when nobody reads on. */

import { hostProcess } from "./system.ts";

/** The signals that ask a process to end, and the exit codes that say so. */
const SIGNALS: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143 };

/** Turns the first signal into an abort, so that the command can end in order. */
export class Stopping {
  readonly #controller = new AbortController();
  readonly #again = Promise.withResolvers<void>();
  readonly #heard: readonly (readonly [signal: string, listener: () => void])[];
  #code: number | undefined;

  /** Listens, until it is disposed of. */
  constructor() {
    const process = hostProcess();
    this.#heard = Object.entries(SIGNALS).map(([signal, code]) => {
      const listener = () => {
        if (this.signal.aborted) this.#again.resolve();
        this.#code ??= code;
        this.stop();
      };
      process.on(signal, listener);
      return [signal, listener];
    });
  }

  /** Aborted when the command is to stop. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The exit code of the signal that came first; `undefined` where none did. */
  get code(): number | undefined {
    return this.#code;
  }

  /** Resolves when somebody asks for the second time, and so does not want to wait. */
  get again(): Promise<void> {
    return this.#again.promise;
  }

  /** Asks the command to stop. */
  stop(): void {
    this.#controller.abort();
  }

  /** Leaves signals alone again. */
  [Symbol.dispose](): void {
    for (const [signal, listener] of this.#heard) hostProcess().off(signal, listener);
  }
}
