/**
 * What a command of the command line is, and what several commands share.
 *
 * @module
 */

import { type Command, InvalidArgumentError } from "commander";

/** A command, in a file of its own; {@link ./commands.ts} lists them all. */
export interface CommandDefinition {
  /** What follows `deja`. */
  readonly name: string;
  /** Adds arguments, flags and help. */
  readonly define: (command: Command) => Command;
  /**
   * Does it.
   *
   * @param args As they stand in `define`; `undefined` where an optional one is missing.
   * @param flags By their long names in camel case.
   * @returns The exit code.
   * @throws {UsageError} What is asked for cannot be done.
   */
  readonly run: (
    args: readonly (string | undefined)[],
    flags: Readonly<Record<string, unknown>>,
  ) => Promise<number>;
}

/** Makes a reader of flags that are whole numbers. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= least) return number;
    throw new InvalidArgumentError(`Give a whole number from ${least} on`);
  };
}
