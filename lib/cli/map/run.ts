/** Calling a function for each line, and writing what it gives. */

import { eachCall } from "../../function/map.ts";
import type { Progress } from "../progress.ts";
import type { Stopping } from "../stopping.ts";
import { jsonText } from "./json_text.ts";
import { type Line, linesOf } from "./lines.ts";
import { OrderedOutput } from "./ordered_output.ts";

/** How each line becomes a call, and each result a line. */
export interface MapFlags {
  /** Most calls under way at a time. */
  readonly concurrency: number;
  /** Most times that one line is tried again. */
  readonly retry: number;
  /** Whether a line is a list of arguments. */
  readonly spread: boolean;
  /** Whether a line is a text as it stands, and not JSON. */
  readonly text: boolean;
  /** Whether results are written with their inputs, and failures, too. */
  readonly withInput: boolean;
  /** Whether to stop at the first failure. */
  readonly failFast: boolean;
}

/** What a map reads from and writes to. */
export interface MapEnds {
  /** The lines. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Takes results; resolves when they have gone. */
  readonly write: (text: string) => Promise<void>;
  /** Takes messages, and is told how far it is. */
  readonly progress: Progress;
  /** Says when to stop. */
  readonly stopping: Pick<Stopping, "signal" | "stop" | "again">;
}

/** How far a map is. */
export interface MapTally {
  /** Lines that are done, well or not. */
  done: number;
  /** Lines that failed. */
  failed: number;
  /** Calls that were made, with those that were made again. */
  calls: number;
  /** Calls under way. */
  underWay: number;
}

/** A line is not what it should be, so there is nothing to call the function with. */
class LineError extends Error {}

/** How long signals and timers may have to wait for a function that gives the event loop no time. */
const TURN_MS = 250;

/** How long calls under way may take to end after the first Ctrl-C. */
const GRACE_MS = 3000;

/** What ends within this time need not be told of. */
const SOON_MS = 250;

/**
 * Calls `fn` for each line. A line that fails is told of, and the others go on.
 *
 * @param tally Is kept up to date.
 * @param words What to show of it while it goes.
 * @throws The lines cannot be read, or the results cannot be written.
 */
export async function mapLines(
  fn: (...args: unknown[]) => unknown,
  flags: MapFlags,
  { chunks, write, progress, stopping }: MapEnds,
  tally: MapTally,
  words: () => string,
): Promise<void> {
  const { concurrency, retry, spread, text, withInput, failFast } = flags;
  const { signal } = stopping;
  const output = new OrderedOutput(write);
  const lines = new Map<number, Line>();
  let idle: (() => void) | undefined;
  let pause: Promise<void> | undefined;

  async function* inputs(): AsyncGenerator<Line> {
    let position = 0;
    let due = performance.now() + TURN_MS;
    for await (const some of linesOf(chunks)) {
      for (const line of some) {
        if (output.isFull) await output.room();
        if (performance.now() > due) {
          await (pause = turn());
          due = performance.now() + TURN_MS;
        }
        if (output.failure !== undefined) return;
        lines.set(position++, line);
        yield line;
      }
    }
  }
  const call = async (line: Line) => {
    const input = text ? line.text.replace(/\r$/, "") : parsed(line);
    if (spread && !Array.isArray(input)) {
      throw new LineError("with --spread, a line is a list of arguments, such as [1, 2]");
    }
    tally.calls++;
    tally.underWay++;
    try {
      return await (spread ? fn(...input as unknown[]) : fn(input));
    } finally {
      if (--tally.underWay === 0) idle?.();
    }
  };
  const settle = (outcome: PromiseSettledResult<unknown>, position: number) => {
    const line = lines.get(position)!;
    lines.delete(position);
    let result: string;
    try {
      if (outcome.status === "rejected") throw outcome.reason;
      result = jsonText(outcome.value);
      result = withInput
        ? `{"input":${inputText(line, text)},"result":${result}}\n`
        : `${result}\n`;
    } catch (error) {
      const problem = wordsOf(error);
      progress.say(`Line ${line.number} failed: ${problem}`);
      tally.failed++;
      result = withInput
        ? `{"input":${inputText(line, text)},"error":${JSON.stringify(problem)}}\n`
        : "";
      if (failFast) stopping.stop();
    }
    output.put(position, result);
    tally.done++;
    progress.update(tally.done, words);
  };
  const when = (error: unknown) => !(error instanceof LineError);
  try {
    const options = { concurrency, signal, retry: { times: retry, when } };
    await eachCall(call, inputs(), options, settle);
  } catch (error) {
    if (!signal.aborted) throw error;
    await ended();
  } finally {
    await pause;
    await output.written();
  }
  if (output.failure !== undefined) throw output.failure.error;

  /** Waits for calls under way, since a result that is stored need not be computed again. */
  async function ended(): Promise<void> {
    if (tally.underWay === 0) return;
    const ends = new Promise<true>((resolve) => idle = () => resolve(true));
    if (!await within(SOON_MS, ends)) {
      const calls = tally.underWay === 1 ? "a call" : `${tally.underWay} calls`;
      const seconds = GRACE_MS / 1000;
      progress.say(`Waits ${seconds} s for ${calls} under way; Ctrl-C again does not wait`);
      await within(GRACE_MS, Promise.race([ends, stopping.again]));
    }
    await turn(); // The last results are on their way here.
  }
}

/** Lets the event loop do what waits for it. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** What a promise gives, unless that takes longer. */
async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function parsed({ text, number }: Line): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const where = (error as Error).message.replace(/ \(line 1 column \d+\)/, "");
    const remedy = number === 1 ? "; --text takes lines as they stand" : "";
    throw new LineError(`it is not JSON: ${where}${remedy}`);
  }
}

/** The input as it stood in its line, which is JSON unless it is told to be text, or is wrong. */
function inputText({ text }: Line, isText: boolean): string {
  if (!isText) {
    try {
      JSON.parse(text);
      return text.trim();
    } catch {
      // Then it is shown as it stands.
    }
  }
  return JSON.stringify(text.replace(/\r$/, ""));
}

function wordsOf(error: unknown): string {
  if (error instanceof LineError) return error.message;
  return error instanceof Error ? String(error) : `it threw ${String(error)}`;
}
