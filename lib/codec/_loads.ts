/** What takes time to read before it can be written: bodies and blobs. */

import { EncodeError } from "../errors.ts";
import { formOf } from "./_forms.ts";
import { describeKind } from "./_kinds.ts";

/** What has to be loaded before it can be written. */
export interface Load {
  readonly path: string;
  /** What is written, once it is there. */
  parts: readonly unknown[];
  /** Whether it is there. */
  done: boolean;
}

/** What one or several encodings of a value met, by its owner. */
export type Loads = Map<object, Load>;

/** Something takes time to read, and nobody could wait for it. */
export class WaitError extends EncodeError {}

/**
 * The parts of what takes time to read: none when it is met first, and those that {@linkcode fill}
 * has loaded when it is met again.
 *
 * @param place Gives the path to it.
 * @returns `undefined` where nobody can wait.
 */
export function partsLoaded(
  loads: Loads | undefined,
  owner: object,
  place: { toString(): string },
): readonly unknown[] | undefined {
  let load = loads?.get(owner);
  if (loads !== undefined && load === undefined) {
    loads.set(owner, load = { path: `${place}`, parts: [], done: false });
  }
  return load?.parts;
}

/**
 * Loads what was met and is not there yet.
 *
 * @param loads What encodings met.
 * @returns Whether there was anything, so that the value has to be encoded again.
 * @throws {EncodeError} Something cannot be read.
 */
export async function fill(loads: Loads): Promise<boolean> {
  const missing = [...loads].filter(([, { done }]) => !done);
  await Promise.all(missing.map(async ([owner, load]) => {
    load.parts = await loaded(owner, load.path);
    load.done = true;
  }));
  return missing.length > 0;
}

async function loaded(owner: object, path: string): Promise<readonly unknown[]> {
  try {
    return await formOf(owner)!.load!(owner as never);
  } catch (cause) {
    throw new EncodeError({
      path,
      found: describeKind(owner),
      reason: `reading it failed: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    });
  }
}
