/** A web handler behind a cache, for the tests of what becomes of its requests. */

import { type WebCacheEvent, withCache } from "../../../lib/function/web/mod.ts";
import { memoryStore } from "../../../lib/store/memory.ts";
import type { Store } from "../../../lib/store/store.ts";

/** A moment to begin at, in milliseconds since the epoch. */
export const START = Date.UTC(2030, 0, 1);
/** What is asked for unless a test says. */
export const ADDRESS = "https://example.org/a?b=1";

/** Gives the response to a request, which is the so manieth that reached the handler. */
export type Answer = (request: Request, run: number) => Response | Promise<Response>;

/** A handler behind a cache, and what happened. */
export class Site {
  runs = 0;
  readonly asked: Request[] = [];
  readonly events: WebCacheEvent[] = [];
  readonly store: Store;
  readonly handler: (request: Request) => Promise<Response>;

  constructor(answer: Answer, options: { shared?: boolean; store?: Store } = {}) {
    this.store = options.store ?? memoryStore();
    this.handler = withCache((request: Request) => {
      this.asked.push(request);
      return answer(request, ++this.runs);
    }, { store: this.store, onEvent: (event) => this.events.push(event), ...options });
  }

  /** Asks for an address. */
  async get(headers: Record<string, string> = {}, address = ADDRESS): Promise<Response> {
    return await this.handler(new Request(address, { headers }));
  }

  /** Asks, reads the answer to its end, and waits until what it starts has landed. */
  async text(headers: Record<string, string> = {}, address = ADDRESS): Promise<string> {
    const text = await (await this.get(headers, address)).text();
    await settled();
    return text;
  }

  /** Makes a change, as a client of the address does. */
  async post(address = ADDRESS): Promise<void> {
    await this.handler(new Request(address, { method: "POST", body: "x" }));
  }

  /** The keys in the store. */
  async keys(): Promise<string[]> {
    return (await Array.fromAsync(this.store.list())).map(({ key }) => key);
  }

  /** What happened, in order. */
  get types(): string[] {
    return this.events.map(({ type }) => type);
  }
}

/** Lets everything go on that waits for nothing but promises. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve));
}

/** A handler that counts its runs. */
export function counting(headers: Record<string, string>): Answer {
  return (_, run) => new Response(`run ${run}`, { headers });
}
