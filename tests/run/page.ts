/**
 * Runs in the page: loads one bundled test file after the other, runs what it registered, and
 * tells the server of each step, so that the server always knows which test is running.
 *
 * @module
 */

import { type PageTest, SKIP_MARK } from "../harness.ts";
import type { Case } from "./report.ts";

/** What the page tells the server. */
export interface PageStep {
  /** The cases that are over since the step before. */
  readonly over: readonly Case[];
  /** What starts now; missing when everything is over. */
  readonly next?: { readonly file: string; readonly name: string };
}

// Kept from before any test can replace it.
const { setTimeout } = globalThis;

const WHOLE_FILE = "(the file itself)";

/** Where the harness puts what a file registers. */
const registered = (globalThis as { dejaTests?: PageTest[] }).dejaTests ??= [];

/** Errors that no test caught: they fail the test during which they surface. */
const stray: unknown[] = [];
addEventListener("error", (event) => void stray.push(event.error ?? event.message));
addEventListener("unhandledrejection", (event) => void stray.push(event.reason));

async function runFiles(files: readonly string[]): Promise<void> {
  let over: Case[] = [];
  const step = async (next?: PageStep["next"]): Promise<void> => {
    const body: PageStep = next === undefined ? { over } : { over, next };
    await fetch("/step", { method: "POST", body: JSON.stringify(body) });
    over = [];
  };
  for (const file of files) {
    await step({ file, name: WHOLE_FILE });
    const broken = await outcome(async () => {
      await import(new URL(`/${file.replace(/\.ts$/, ".js")}`, location.href).href);
      if (registered.length === 0) throw new Error("Registers no test");
    });
    if (broken !== undefined) {
      over.push({ file, name: WHOLE_FILE, status: "failed", message: broken });
    }
    for (const { name: title, body, because } of registered.splice(0)) {
      if (because !== undefined) {
        const [name] = title.split(SKIP_MARK);
        over.push({ file, name, status: "skipped", message: because });
        continue;
      }
      await step({ file, name: title });
      const message = await outcome(body);
      over.push(
        message === undefined
          ? { file, name: title, status: "passed" }
          : { file, name: title, status: "failed", message },
      );
    }
  }
  await step();
}

/** Runs `body`; resolves to what went wrong, or to `undefined`. */
async function outcome(body: PageTest["body"]): Promise<string | undefined> {
  try {
    await body();
  } catch (error) {
    stray.unshift(error);
  }
  // A rejection that nobody handles is told of in a task of its own, which is queued only when the
  // running one ends, and so behind the first of these two.
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setTimeout(resolve));
  return stray.length === 0 ? undefined : stray.splice(0).map(describe).join("\n");
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { stack = "" } = error;
  return stack.includes(error.message) ? stack : `${error.name}: ${error.message}\n${stack}`;
}

await runFiles(await (await fetch("/files.json")).json());
