/**
 * A variable that follows asynchronous code, where the runtime has a means for it: `AsyncContext`,
 * or the `AsyncLocalStorage` of Deno, Bun, Node and edge hosts. Elsewhere it holds for what is
 * called before the first `await`.
 *
 * @module
 */

/** Follows asynchronous code. */
export interface ContextVariable<T> {
  /** The value that holds where this is called. */
  get(): T | undefined;
  /** Calls `body`, for which `value` holds. */
  run<R>(value: T, body: () => R): R;
}

/** Whether a variable holds also after an `await`. */
export function followsAwaits(variable: ContextVariable<unknown> | undefined): boolean {
  return !(variable instanceof StackVariable);
}

interface LocalStorage<T> {
  getStore(): T | undefined;
  run<R>(value: T, body: () => R): R;
}

/** What of the runtime is used. */
interface Host {
  readonly AsyncContext?: { readonly Variable: new () => ContextVariable<unknown> };
  readonly AsyncLocalStorage?: new () => LocalStorage<unknown>;
  readonly process?: { getBuiltinModule?(name: string): unknown };
}

/** Makes a variable. */
export function makeContextVariable<T>(): ContextVariable<T> {
  const host = globalThis as Host;
  if (host.AsyncContext !== undefined) {
    return new host.AsyncContext.Variable() as ContextVariable<T>;
  }
  const Storage = host.AsyncLocalStorage ??
    (host.process?.getBuiltinModule?.("node:async_hooks") as Host | undefined)?.AsyncLocalStorage;
  return Storage === undefined ? new StackVariable<T>() : fromStorage(new Storage() as never);
}

function fromStorage<T>(storage: LocalStorage<T>): ContextVariable<T> {
  return { get: () => storage.getStore(), run: (value, body) => storage.run(value, body) };
}

const stackVariables: StackVariable<unknown>[] = [];

/** A function that calls `body` later, for which all values hold that hold where this is called. */
export function inThisContext<A extends unknown[], R>(body: (...args: A) => R): (...args: A) => R {
  return stackVariables.reduce((run, variable) => {
    const value = variable.get();
    return (...args) => variable.run(value, () => run(...args));
  }, body);
}

/** Holds for what is called at once. */
class StackVariable<T> implements ContextVariable<T> {
  #value: T | undefined;

  constructor() {
    stackVariables.push(this);
  }

  get(): T | undefined {
    return this.#value;
  }

  run<R>(value: T, body: () => R): R {
    const before = this.#value;
    this.#value = value;
    try {
      return body();
    } finally {
      this.#value = before;
    }
  }
}
