/**
 * What a failing file system means for the caller.
 *
 * @module
 */

import { DecodeError, StoreError, type StoreOperation } from "../../errors.ts";
import { type FileProblem, problemOf } from "./files.ts";

/** Reason and advice; `PATH` stands for where the store is, `CAUSE` for the system's own words. */
const ADVICE: Readonly<Record<FileProblem, string>> = {
  "not-found": "the folder cannot be made there; choose another path",
  "exists": "a file stands where the folder should be; remove it or choose another path",
  "not-a-folder": "a file stands where a folder should be; remove it or choose another path",
  "is-a-folder": "a folder stands where a file should be; remove it",
  "not-empty": "a folder that should be empty is not; try again",
  "not-permitted": "the permissions of the folder forbid it; change them or choose another path",
  "read-only": "the file system is read-only; choose another path",
  "no-flag": "Deno lacks the permission; run it with --allow-read=PATH --allow-write=PATH",
  "no-space": "the disk is full; prune the cache or choose another path",
  "name-too-long": "the path is too long; choose a shorter one",
  "other": "the file system refuses with CAUSE",
};

/** Makes the error for a failure of the file system below `root`; one of ours stays as it is. */
export function failure(root: string, operation: StoreOperation, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  const advice = ADVICE[problemOf(cause)]
    .replaceAll(/PATH|CAUSE/g, (word) => word === "PATH" ? root : String(cause));
  return new StoreError(`Cannot ${operation} in the cache at ${root}: ${advice}`, {
    store: "fs",
    operation,
    cause,
  });
}

/** Makes the error for a listing of all but some folders and files. */
export function incomplete(root: string, missing: number, cause: unknown): StoreError {
  return new StoreError(
    `Cannot list all of the cache at ${root}: the permissions forbid to read ${missing} of its ` +
      "folders and files, and the rest was listed; change the permissions, the cause says where",
    { store: "fs", operation: "list", cause },
  );
}

/** Makes the error for a damaged or foreign file that stands in an entry's place. */
export function damage(path: string, operation: StoreOperation, cause: DecodeError): StoreError {
  return new StoreError(
    `The entry in ${path} cannot be read: ${lowerFirst(cause.message)}; set or delete it`,
    { store: "fs", operation, cause },
  );
}

/** Whether an error of the file system says that nothing stands at the path. */
export function isMissing(error: unknown): boolean {
  const problem = problemOf(error);
  return problem === "not-found" || problem === "not-a-folder";
}

/** The cause of the {@linkcode damage} that a folder in an entry's place is. */
export function folderInPlace(): DecodeError {
  return new DecodeError("It is a folder", { offset: 0 });
}

function lowerFirst(text: string): string {
  return text[0].toLowerCase() + text.slice(1);
}
