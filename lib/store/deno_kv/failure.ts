/**
 * What a refusing database means for the caller.
 *
 * @module
 */

import { type DecodeError, StoreError, type StoreOperation } from "../../errors.ts";

/** Advice by the name of the error's class. */
const ADVICE: Readonly<Record<string, string>> = {
  NotCapable: "Deno lacks a permission for it; see the cause",
  BadResource: "the database is closed; open it again",
  Interrupted: "the database was closed meanwhile; open it again",
};

/** Makes the error for whatever the database threw. */
export function failure(operation: StoreOperation, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  const { name, message } = cause instanceof Error ? cause : { name: "", message: String(cause) };
  const advice = ADVICE[name] ?? `the database says ${JSON.stringify(message)}; see the cause`;
  return storeError(operation, `Cannot ${acting(operation)} Deno KV: ${advice}`, cause);
}

/**
 * Makes the error for a database that cannot be opened.
 *
 * @param isAbsent Tells of a folder that it is not there.
 */
export function openFailure(
  path: string | undefined,
  cause: unknown,
  isAbsent: (folder: string) => boolean,
): StoreError {
  // It has no other mark than the words of SQLite, which are the same for all that may be wrong.
  const isPlace = cause instanceof Error && cause.message.startsWith("unable to open database");
  if (!isPlace || path === undefined) return failure("open", cause);
  const folder = /^(.+)[/\\]/.exec(path)?.[1];
  const advice = folder !== undefined && isAbsent(folder)
    ? `the folder ${folder} does not exist; make it`
    : "see that no folder stands there, and that the permissions allow to write there";
  return storeError("open", `Cannot open Deno KV at ${path}: ${advice}`, cause);
}

/** Makes the error for a database that does not answer. */
export function silence(operation: StoreOperation, limitMs: number): StoreError {
  return storeError(
    operation,
    `Cannot ${
      acting(operation)
    } Deno KV: no answer within ${limitMs} ms; see whether the database ` +
      'is up, or give denoKvStore() a longer "timeout"',
  );
}

/** Makes the error for a damaged or foreign value that stands in an entry's place. */
export function damage(key: string, operation: StoreOperation, cause: DecodeError): StoreError {
  const reason = cause.message[0].toLowerCase() + cause.message.slice(1);
  return storeError(
    operation,
    `The entry of ${JSON.stringify(key)} cannot be read: ${reason}; set or delete it`,
    cause,
  );
}

/** Makes the error for a write that others kept from taking place, or an entry that never rests. */
export function contention(key: string, operation: StoreOperation): StoreError {
  return storeError(
    operation,
    `Cannot ${operation} ${JSON.stringify(key)} in Deno KV: others write it all the time; ` +
      "try again, or compute it under a lease",
  );
}

/** Makes the error for a value that took so long that its chunks were swept. */
export function lostUpload(): StoreError {
  return storeError(
    "set",
    "Cannot set in Deno KV: writing the value paused for so long that it was given up; set it " +
      "again, and see that the clocks of all machines agree",
  );
}

/** Makes an error of this store. */
export function storeError(
  operation: StoreOperation,
  message: string,
  cause?: unknown,
): StoreError {
  const details = { store: "deno-kv", operation };
  return new StoreError(message, cause === undefined ? details : { ...details, cause });
}

function acting(operation: StoreOperation): string {
  return operation === "open" || operation === "close" ? operation : `${operation} in`;
}
