/**
 * The parts that run in a browser: serves the bundled test files to a page and collects what the
 * page says.
 *
 * @module
 */

import { launch } from "puppeteer-core";
import { join } from "node:path";
import { TEST_LIMIT_MS } from "../harness.ts";
import type { BrowserName } from "./browsers.ts";
import type { PageBundle } from "./bundle.ts";
import type { PageStep } from "./page.ts";
import { root } from "./project.ts";
import type { Case } from "./report.ts";

/** Longest time for a whole page. */
const PAGE_LIMIT_MS = 600_000;

/** A page that says nothing for this long hangs so hard that the harness cannot end the test. */
const SILENCE_LIMIT_MS = TEST_LIMIT_MS + 15_000;

/** Chromium needs `--no-sandbox` to run as root; the others keep it from calling home. */
const FLAGS: Readonly<Record<BrowserName, readonly string[]>> = {
  chromium: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
  firefox: [],
};

/** Runs a bundle's test files in one page of a browser with a new, empty profile. */
export async function pageCases(
  name: BrowserName,
  executablePath: string,
  bundle: PageBundle,
): Promise<Case[]> {
  const log = new PageLog(bundle.files);
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => answer(request, bundle, log),
  );
  try {
    const browser = await launch({
      browser: name === "firefox" ? "firefox" : "chrome",
      executablePath,
      headless: true,
      args: [...FLAGS[name]],
    });
    try {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${server.addr.port}/`, { waitUntil: "domcontentloaded" });
      await log.end;
    } finally {
      await browser.close();
    }
  } catch (error) {
    log.stop(`The browser failed: ${error}`);
  } finally {
    await server.shutdown();
  }
  return [...bundle.failures, ...log.cases];
}

/** What a page has said so far. */
class PageLog {
  readonly cases: Case[] = [];
  readonly end: Promise<void>;
  readonly #left: Set<string>;
  readonly #over = Promise.withResolvers<void>();
  #running: PageStep["next"];
  #silence: ReturnType<typeof setTimeout> | undefined;
  readonly #limit: ReturnType<typeof setTimeout>;

  constructor(files: readonly string[]) {
    this.end = this.#over.promise;
    this.#left = new Set(files);
    const limit = `The page did not end within ${PAGE_LIMIT_MS / 1000} s`;
    this.#limit = setTimeout(() => this.stop(limit), PAGE_LIMIT_MS);
    this.#listen();
  }

  /** Takes the page's next step. */
  step({ over, next }: PageStep): void {
    this.cases.push(...over);
    this.#running = next;
    if (next === undefined) return this.#finish();
    this.#left.delete(next.file);
    this.#listen();
  }

  /** Ends the page; what was running, and each file that had not started, is a failure. */
  stop(message: string): void {
    if (this.#running !== undefined) {
      this.cases.push({ ...this.#running, status: "failed", message });
    }
    for (const file of this.#left) {
      this.cases.push({ file, name: "(the file itself)", status: "failed", message });
    }
    this.#finish();
  }

  #listen(): void {
    clearTimeout(this.#silence);
    const silence = `The page was silent for ${SILENCE_LIMIT_MS / 1000} s`;
    this.#silence = setTimeout(() => this.stop(silence), SILENCE_LIMIT_MS);
  }

  #finish(): void {
    clearTimeout(this.#limit);
    clearTimeout(this.#silence);
    this.#running = undefined;
    this.#left.clear();
    this.#over.resolve();
  }
}

const DOCUMENT = `<!doctype html><meta charset="utf-8"><title>déjà tests</title>
<script type="module" src="/tests/run/page.js"></script>`;

async function answer(request: Request, bundle: PageBundle, log: PageLog): Promise<Response> {
  const path = decodeURIComponent(new URL(request.url).pathname);
  if (path === "/") return new Response(DOCUMENT, typed("text/html; charset=utf-8"));
  if (path === "/files.json") return Response.json(bundle.files);
  if (path === "/step") {
    log.step(await request.json());
    return new Response(null, { status: 204 });
  }
  // A test starts its worker by the name that the source has: `new URL("./a_worker.ts", ...)`.
  const script = bundle.scripts.get(path.replace(/\.ts$/, ".js"));
  if (script !== undefined) return new Response(script, typed("text/javascript; charset=utf-8"));
  // Test data, such as vectors, where a test file finds it by its own address.
  const data = await Deno.readFile(join(root, path)).catch(() => undefined);
  return data === undefined ? new Response(null, { status: 404 }) : new Response(data);
}

function typed(type: string): ResponseInit {
  return { headers: { "content-type": type } };
}
