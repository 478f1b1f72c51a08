/** Looking at what a function reads unseen, once and behind the callers' backs. */

import type { AnyFunction } from "../key/mod.ts";
import { LruMap } from "../lru.ts";
import type { EventLog } from "./event_log.ts";
import type { Settings } from "./settings.ts";

/** What finds the variables. One promise, since not every runtime settles imports in their order. */
let finder: Promise<typeof import("./free_variables.ts")> | undefined;

/** What a look at a function's variables says. */
export class FreeVariableWatch {
  readonly #fn: AnyFunction;
  readonly #settings: Settings;
  readonly #log: EventLog;
  #done: Promise<boolean> | undefined;
  #error: TypeError | undefined;

  /** Looks at nothing yet. */
  constructor(fn: AnyFunction, settings: Settings, log: EventLog) {
    this.#fn = fn;
    this.#settings = settings;
    this.#log = log;
  }

  /** Whether calls must fail where something is found. */
  get isStrict(): boolean {
    return this.#settings.freeVariables === "error";
  }

  /**
   * Looks, if that was not done yet.
   *
   * @returns Whether the key sees all that the function reads.
   */
  begin(): Promise<boolean> {
    return this.#done ??= this.#look();
  }

  /**
   * Fails where something was found that must not be.
   *
   * @throws {TypeError} The function reads a variable that the key does not see.
   */
  check(): void {
    if (this.#error !== undefined) throw this.#error;
  }

  async #look(): Promise<boolean> {
    const { name, freeVariables } = this.#settings;
    if (freeVariables === "ignore") return false;
    try {
      const { unseenError, unseenVariables, unseenWarning } = await (finder ??= import(
        "./free_variables.ts"
      ));
      const unseen = await unseenVariables(this.#fn, this.#settings);
      // What a helper reads may be private to its module, so that nobody here could name it.
      const own = unseen.filter(({ within }) => within === undefined);
      if (own.length > 0 && this.isStrict) this.#error = unseenError(name, own);
      for (const each of unseen) {
        this.#log.emit({ type: "free-variable", name, key: "", ...each });
      }
      if (own.length > 0 && !this.#log.heard) warnOnce(unseenWarning(name, own));
      return unseen.length === 0;
    } catch (cause) {
      const error = new TypeError("The parser that finds free variables could not be loaded", {
        cause,
      });
      this.#log.emit({ type: "option-error", name, key: "", option: "freeVariables", error });
      return false;
    }
  }
}

/** Warnings given last: a factory may wrap the same function again and again. */
const warned = new LruMap<string, true>({ maxEntries: 500 });

function warnOnce(warning: string): void {
  const isNew = warned.get(warning) === undefined;
  warned.set(warning, true);
  if (isNew) console.warn(warning);
}
