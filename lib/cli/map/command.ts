/** `deja map`: a cached function, called for each line of its input. */

import { type CommandDefinition, wholeNumber } from "../command.ts";
import { noProgress, type Progress, startProgress } from "../progress.ts";
import { Stopping } from "../stopping.ts";
import { hostProcess, type Input, logText, type Output, readFile, statusOf } from "../system.ts";
import { UsageError } from "../usage_error.ts";
import { countLines } from "./lines.ts";
import { type Counts, findFunction, loadModule, type MappedFunction } from "./mapped_function.ts";
import { type MapFlags, mapLines, type MapTally } from "./run.ts";
import { progressWords, summaryOf } from "./summary.ts";

const HELP = `
Each line of INPUTS is a JSON value, and the argument of one call. The results are
written as JSON, one in a line, in the order of the inputs. What the function logs,
and how far it is, goes to standard error.

A line that fails is told of there, gives no result, and stops nothing; the exit
code is then 1. Ctrl-C ends in order, and the same command goes on from there.

In results, undefined becomes null, a bigint the string of its digits, a Map an
array of pairs, a Set an array, bytes a string in base64.

Examples:
  deja map embed.ts texts.jsonl > vectors.jsonl
  deja map tools.ts size urls.txt --text --concurrency 32 --retry 3
  producer | deja map tools.ts add --spread | consumer`;

/** Time between two lines that say how far it is, where there is no terminal. */
const LINE_EVERY_MS = 10_000;

/** How much of the inputs is read at a time. */
const READ_BYTES = 64 * 1024;

/** And to count them: each reading has to wait for its turn among the calls. */
const COUNT_BYTES = 4 * 1024 * 1024;

/** Calls a cached function for each line of a file or of standard input. */
export const mapCommand: CommandDefinition = {
  name: "map",
  define: (command) =>
    command
      .description("Calls a cached function for each line of its input; what is cached is not run")
      .argument("<module>", "file that exports the function")
      .argument("[export]", "its name there; the default or the only cached function unless given")
      .argument(
        "[inputs]",
        "file with a JSON value in each line; standard input unless given, or -",
      )
      .option("-c, --concurrency <number>", "most calls under way at a time", wholeNumber(1), 8)
      .option("-r, --retry <number>", "times to try a line again that fails", wholeNumber(0), 0)
      .option("-s, --spread", "each line is a list of arguments")
      .option("-t, --text", "each line is a text as it stands, not JSON")
      .option("-i, --with-input", 'write {"input", "result"}, and {"input", "error"} of failures')
      .option("-f, --fail-fast", "stop at the first line that fails")
      .option("-q, --quiet", "write nothing but results and failures")
      .option("--no-progress", "do not show how far it is")
      .addHelpText("after", HELP),
  run: async ([module, ...names], given) => {
    using _console = consoleThrough(noProgress().say);
    const exports = await loadModule(module!);
    const { exportName, path } = placesOf(names, exports);
    const { name, mapped } = findFunction(module!, exports, exportName);
    return await runMap(name, mapped, path, {
      concurrency: given.concurrency as number,
      retry: given.retry as number,
      spread: given.spread === true,
      text: given.text === true,
      withInput: given.withInput === true,
      failFast: given.failFast === true,
      quiet: given.quiet === true,
      progress: given.progress === true && given.quiet !== true,
    });
  },
};

interface Flags extends MapFlags {
  readonly quiet: boolean;
  readonly progress: boolean;
}

async function runMap(
  name: string,
  mapped: MappedFunction,
  path: string | undefined,
  flags: Flags,
): Promise<number> {
  const { stdin, stdout, stderr } = hostProcess();
  const source = path === undefined ? stdin : readFile(path, READ_BYTES);
  if (source.isTTY && !flags.quiet) {
    noProgress().say("Reads from the keyboard: a JSON value in each line, and Ctrl-D at the end");
  }
  using stopping = new Stopping();
  stdout.off("error", ignored).on("error", ignored); // For good: Bun tells late.
  const progress = flags.progress ? startProgress({ everyMs: LINE_EVERY_MS }) : noProgress();
  const sharesTerminal = flags.progress && stdout.isTTY === true && stderr.isTTY === true;
  const counting = flags.progress ? countInto(progress, path) : undefined;
  using _console = consoleThrough(progress.say);
  const tally: MapTally = { done: 0, failed: 0, calls: 0, underWay: 0 };
  const counts = countsSince(mapped);
  const start = performance.now();
  let isReaderGone = false;
  let problem: string | undefined;
  const write = async (text: string) => {
    try {
      if (sharesTerminal) progress.say(text.replace(/\n$/, ""));
      else await written(stdout, text);
    } catch (error) {
      isReaderGone = (error as { code?: unknown }).code === "EPIPE";
      stopping.stop();
      if (!isReaderGone) throw new Error(`Cannot write the results: ${(error as Error).message}`);
    }
  };
  try {
    const ends = { chunks: source, write, progress, stopping };
    await mapLines(mapped, flags, ends, tally, () => progressWords(tally, counts()));
  } catch (error) {
    problem = (error as Error).message;
  } finally {
    counting?.destroy();
    source.destroy();
    progress.stop();
  }
  if (problem !== undefined) progress.say(problem);
  if (!flags.quiet && !isReaderGone) {
    const summary = summaryOf(tally, counts(), performance.now() - start);
    const isWhole = problem === undefined && !stopping.signal.aborted;
    progress.say(isWhole ? summary : `Stopped: ${summary}; ${advice(name, mapped)}`);
  }
  return stopping.code ?? (tally.failed > 0 || problem !== undefined ? 1 : 0);
}

/** What to do after a map that was stopped. */
function advice(name: string, mapped: MappedFunction): string {
  return mapped.prune === undefined
    ? `${name} keeps results in memory alone, so that nothing of this is left for the next run`
    : "run it again to go on from there";
}

/**
 * Tells the name of an export from that of a file, where only one of them is given.
 *
 * @throws {UsageError} There is no such file.
 */
function placesOf(
  names: readonly (string | undefined)[],
  exports: Readonly<Record<string, unknown>>,
): { readonly exportName: string | undefined; readonly path: string | undefined } {
  let [exportName, path] = names;
  if (exportName !== undefined && path === undefined && !Object.hasOwn(exports, exportName)) {
    const isPath = exportName === "-" || /[./\\]/.test(exportName) ||
      statusOf(exportName) !== undefined;
    if (isPath) [exportName, path] = [undefined, exportName];
  }
  if (path === "-") path = undefined;
  if (path === undefined) return { exportName, path };
  const status = statusOf(path);
  if (status === undefined || status.isDirectory()) {
    throw new UsageError(
      `There is no file ${
        JSON.stringify(path)
      } to read inputs from: name one with a JSON value in ` +
        "each line, or - for standard input",
    );
  }
  return { exportName, path };
}

/** What a function has counted from now on; `undefined` where it does not count. */
function countsSince(mapped: MappedFunction): () => Counts | undefined {
  const before = mapped.stats?.();
  if (typeof before?.hits !== "number") return () => undefined;
  return () => {
    const now = mapped.stats!();
    return {
      hits: now.hits - before.hits,
      misses: now.misses - before.misses,
      joins: now.joins - before.joins,
      staleHits: now.staleHits - before.staleHits,
      errors: now.errors - before.errors,
    };
  };
}

/** Counts the lines of a file beside the work, so that it begins at once. */
function countInto(progress: Progress, path: string | undefined): Input | undefined {
  if (path === undefined || !statusOf(path)?.isFile()) return undefined;
  const source = readFile(path, COUNT_BYTES);
  // Whatever is wrong with the file, whoever maps it says so.
  countLines(source).then((total) => progress.setTotal(total), () => {});
  return source;
}

/** Resolves when a text has gone, so that no more is made than somebody takes. */
function written(stream: Output, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => error ? reject(error) : resolve());
  });
}

/** Hears of what a stream fails with, which would end the process: each write is told of it anyway. */
const ignored = () => {};

/** Lets what the user's module logs neither get among the results nor into the bar. */
function consoleThrough(say: (line: string) => void): Disposable {
  const { log, info, debug, warn, error } = console;
  const told = (...parts: unknown[]) => say(logText(...parts));
  Object.assign(console, { log: told, info: told, debug: told, warn: told, error: told });
  return { [Symbol.dispose]: () => void Object.assign(console, { log, info, debug, warn, error }) };
}
