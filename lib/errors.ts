/**
 * The errors that déjà throws by itself.
 *
 * A caller's mistake (a wrong option, not a function) is a `TypeError` or a `RangeError`. All else
 * extends {@linkcode DejaError}: branch on `code`, never on the text of a message.
 *
 * @module
 */

/** The stable codes of {@linkcode DejaError}: one for each subclass. */
export type DejaErrorCode = "ENCODE" | "DECODE" | "STORE" | "MISS" | "TIMEOUT";

/** Base class of every error that déjà raises other than for a caller's mistake. */
export class DejaError extends Error {
  /** Stable, machine-readable kind of the error. */
  readonly code: DejaErrorCode;

  /**
   * Makes an error of one of the subclasses.
   *
   * @param code Stable kind of the error.
   * @param message Sentence that says what is wrong and what to do.
   * @param options The `cause`, if another error is behind this one.
   */
  constructor(code: DejaErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** Name of the class, as in a stack trace. */
  override get name(): string {
    return "DejaError";
  }
}

/**
 * A value has no byte form, so it can be neither keyed on nor stored; or what it stands for, such as
 * a file, cannot be read.
 */
export class EncodeError extends DejaError {
  /** Where the value stands inside what was encoded, such as `.user.tags[3]`; empty at the root. */
  readonly path: string;
  /** What was found there, such as `a function`. */
  readonly found: string;
  /** Why that has no byte form, in words that can follow a colon. */
  readonly reason: string;

  /**
   * Words the message from its parts.
   *
   * @param details Path to the value, what was found there, why it has no byte form, the `cause` if
   *   another error is behind this one, and what could not be done: `"encode"` unless given.
   */
  constructor(
    details: {
      path: string;
      found: string;
      reason: string;
      cause?: unknown;
      act?: "encode" | "read";
    },
  ) {
    const { path, found, reason, act = "encode" } = details;
    super(
      "ENCODE",
      `Cannot ${act} ${found}${path === "" ? "" : ` at ${shortened(path)}`}: ${reason}`,
      "cause" in details ? { cause: details.cause } : undefined,
    );
    this.path = path;
    this.found = found;
    this.reason = reason;
  }

  /** Name of the class, as in a stack trace. */
  override get name(): string {
    return "EncodeError";
  }
}

/** A path that a message can show: of one through thousands of levels, both ends say enough. */
function shortened(path: string): string {
  return path.length <= 200 ? path : `${path.slice(0, 120)} ... ${path.slice(-60)}`;
}

/** Bytes are not what they should be: truncated, corrupted, oversized or foreign. */
export class DecodeError extends DejaError {
  /** Position of the first offending byte, counted from the start of the input. */
  readonly offset: number;

  /**
   * Makes an error about bytes.
   *
   * @param message Sentence that says what is wrong.
   * @param details The position of the first offending byte, and the `cause` if there is one.
   */
  constructor(message: string, details: { offset: number; cause?: unknown }) {
    super("DECODE", message, "cause" in details ? { cause: details.cause } : undefined);
    this.offset = details.offset;
  }

  /** Name of the class, as in a stack trace. */
  override get name(): string {
    return "DecodeError";
  }
}

/** What a store was doing when it failed. */
export type StoreOperation =
  | "open"
  | "get"
  | "set"
  | "delete"
  | "list"
  | "lease"
  | "prune"
  | "close";

/** A store could not do what was asked of it. */
export class StoreError extends DejaError {
  /** Name of the store, such as `fs`. */
  readonly store: string;
  /** What the store was doing. */
  readonly operation: StoreOperation;

  /**
   * Makes an error of a store.
   *
   * @param message Sentence that says what is wrong and what to do.
   * @param details The store, the operation, and the `cause` if there is one.
   */
  constructor(
    message: string,
    details: { store: string; operation: StoreOperation; cause?: unknown },
  ) {
    super("STORE", message, "cause" in details ? { cause: details.cause } : undefined);
    this.store = details.store;
    this.operation = details.operation;
  }

  /** Name of the class, as in a stack trace. */
  override get name(): string {
    return "StoreError";
  }
}

/** Nothing usable is stored for a call, and the mode forbids to compute it. */
export class CacheMissError extends DejaError {
  /** Key of the call, in lower-case hexadecimal. */
  readonly key: string;

  /**
   * Makes an error about a call.
   *
   * @param message Sentence that says what is wrong and what to do.
   * @param details The key of the call.
   */
  constructor(message: string, details: { key: string }) {
    super("MISS", message);
    this.key = details.key;
  }

  /** Name of the class, as in a stack trace. */
  override get name(): string {
    return "CacheMissError";
  }
}

/** A function did not end within its time, and there was no earlier result to fall back on. */
export class CacheTimeoutError extends DejaError {
  /** The time it had, in milliseconds. */
  readonly limit: number;

  /**
   * Makes an error about a run of a function.
   *
   * @param message Sentence that says what is wrong and what to do.
   * @param details The time that the run had, in milliseconds.
   */
  constructor(message: string, details: { limit: number }) {
    super("TIMEOUT", message);
    this.limit = details.limit;
  }

  /** Name of the class, as in a stack trace. */
  override get name(): string {
    return "CacheTimeoutError";
  }
}
