/** Errors about arguments. */

import { WaitError } from "../codec/internal.ts";
import { EncodeError } from "../errors.ts";
import type { Binding } from "./binding.ts";
import { InputError } from "./inputs/readings.ts";

/** Words an error about bound arguments in terms of the parameters. */
export function inTermsOfParameters(error: unknown, binding: Binding): unknown {
  if (!(error instanceof EncodeError) || error instanceof InputError) return error;
  const { path, parameter } = binding.describe(error.path);
  const reason = error instanceof WaitError
    ? "its content takes time to read, for which persistentCache can wait and a cache in memory " +
      "cannot"
    : error.reason;
  // No more than has to be: without a whole parameter, calls would share results that differ.
  const least = /^[\w$.]{1,80}$/.test(path) ? path : parameter;
  return new EncodeError({
    found: error.found,
    cause: error,
    path,
    reason: `${reason}; ` +
      (parameter === undefined
        ? "pass plain data, or name the parameter and leave it out with ignore"
        : `pass plain data, or leave ${least === path ? "it" : "the parameter"} out with ` +
          `ignore: [${JSON.stringify(least)}]`),
  });
}
