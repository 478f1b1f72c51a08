/**
 * How far a long piece of work is: a bar on a terminal, a line now and then elsewhere. Both go to
 * standard error. The demo shows it, too.
 *
 * @module
 */

import { Format, MultiBar, Presets } from "cli-progress";
import { hostProcess, type Output } from "./system.ts";

/** Tells how far the work is. */
export interface Progress {
  /** Says how much is done, and in a few words what of; asks for the words only where it shows them. */
  update(done: number, words: () => string): void;
  /** Says how much there is in all, once that is known. */
  setTotal(total: number): void;
  /** Writes a line of its own. */
  say(line: string): void;
  /** Takes the bar off the screen. */
  stop(): void;
}

/** What {@linkcode startProgress} can be told. */
export interface ProgressOptions {
  /** How much there is in all, if that is known by now. */
  readonly total?: number | undefined;
  /** Shortest time between two lines where there is no terminal, in milliseconds; 0: every step. */
  readonly everyMs: number;
  /** Where to write; standard error unless given. */
  readonly stream?: Output | undefined;
}

/** Shows a bar on a terminal, and a line now and then elsewhere. */
export function startProgress(options: ProgressOptions): Progress {
  const { stream = hostProcess().stderr, total, everyMs } = options;
  return stream.isTTY ? bar(stream, total) : lines(stream, total, everyMs);
}

/** Shows nothing but the lines of its user. */
export function noProgress(stream: Output = hostProcess().stderr): Progress {
  return {
    update: () => {},
    setTotal: () => {},
    say: (line) => void stream.write(`${line}\n`),
    stop: () => {},
  };
}

function lines(stream: Output, total: number | undefined, everyMs: number): Progress {
  const isDue = every(everyMs);
  return {
    ...noProgress(stream),
    update: (done, words) => {
      if (!isDue()) return;
      const of = total === undefined ? "" : `/${grouped(total)}`;
      stream.write(`[${grouped(done)}${of}] ${words()}\n`);
    },
    setTotal: (all) => void (total = all),
  };
}

function bar(stream: Output, total: number | undefined): Progress {
  const bars = new MultiBar({
    stream,
    clearOnComplete: true,
    forceRedraw: true, // A line of its own takes the bar's place.
    linewrap: true, // Or wrapping would be switched off, and a kill would leave the terminal so.
    barsize: 24,
    etaBuffer: 100,
    formatValue: grouped,
    format: (settings: object, params: { eta: unknown }, payload: object) => {
      const left = Number(params.eta) > 0 ? ", {eta_formatted} to go" : "";
      const format = total === undefined
        ? "{value} {words}"
        : `{bar} {value}/{total} {words}${left}`;
      return Format.Formatter({ ...settings, format }, params, payload);
    },
  }, Presets.shades_classic);
  const shown = bars.create(total ?? 0, 0, { words: "" });
  let latest = () => {};
  bars.on("redraw-pre", () => latest()); // Words for every call would cost more than a cached one.
  let plain: Progress | undefined;
  return {
    update: (done, words) => {
      latest = () => shown.update(done, { words: words() });
    },
    setTotal: (all) => {
      total = all;
      shown.setTotal(all);
    },
    say: (line) => {
      if (plain !== undefined) return plain.say(line);
      bars.log(`${line}\n`);
      bars.update();
    },
    stop: () => {
      if (plain === undefined) bars.stop();
      plain = noProgress(stream);
    },
  };
}

function grouped(count: number): string {
  return count.toLocaleString("en");
}

/** Makes a function that says whether some time went by since it last said so. */
function every(milliseconds: number): () => boolean {
  let next = milliseconds === 0 ? -Infinity : performance.now() + milliseconds;
  return () => {
    const now = performance.now();
    if (now < next) return false;
    next = now + milliseconds;
    return true;
  };
}
