/**
 * Asking a server: with a limit on waiting, a signal, and failures that say what to do.
 *
 * @module
 */

import { StoreError, type StoreOperation } from "../errors.ts";

/** Makes a request; `fetch` does, and so does whatever answers requests without a network. */
export type Fetch = (request: Request) => Promise<Response>;

/** How a store asks its server. */
export interface RemoteDetails {
  /** Name of the store, for errors. */
  readonly store: string;
  /** Address of the server in messages: no secret in it. */
  readonly place: string;
  /** Makes requests; the runtime's own `fetch` where it is left out. */
  readonly fetch?: Fetch | undefined;
  /** Longest wait for the server to answer or to go on, in milliseconds; 30,000 by default. */
  readonly timeout?: number | undefined;
}

/** One question to the server. */
export interface Question {
  /** What the store is doing, for errors. */
  readonly operation: StoreOperation;
  /** Makes the request, which has to carry the signal. */
  readonly request: (signal: AbortSignal) => Request | Promise<Request>;
  /** The option whose function, the user's own, is asked when the request is made; for errors. */
  readonly asks?: string | undefined;
  /** The signal of the store's caller. */
  readonly signal?: AbortSignal | undefined;
  /** Bytes that the request carries; `Infinity` for a stream, which sets its own pace. */
  readonly sends?: number;
}

const DEFAULT_TIMEOUT_MS = 30_000;
/** The slowest line that a large request is waited for: about 800 kbit/s. */
const SLOWEST_BYTES_PER_MS = 100;
/** As far as timers count. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Checks a limit on waiting.
 *
 * @throws {RangeError} It is not more than zero.
 */
export function checkTimeout(timeout: number | undefined): void {
  if (timeout !== undefined && !(typeof timeout === "number" && timeout > 0)) {
    throw new RangeError(`timeout must be milliseconds above zero, received ${String(timeout)}`);
  }
}

/**
 * Makes the URL of a folder, with a slash at its end and nothing secret in it.
 *
 * @param maker Who wants it, for messages.
 * @param base What a relative URL is relative to, if it may be relative.
 * @throws {TypeError} It is no URL of a server, or it contains a password.
 */
export function folderUrl(maker: string, url: string | URL, base?: string): URL {
  const parsed = URL.parse(String(url), base);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    throw new TypeError(`${maker} needs an http: or https: URL, received ${String(url)}`);
  }
  if (parsed.username !== "" || parsed.password !== "") {
    throw new TypeError(`${maker} takes no password in the URL; pass it as an option`);
  }
  parsed.search = parsed.hash = "";
  if (!parsed.pathname.endsWith("/")) parsed.pathname += "/";
  return parsed;
}

/** A server as a store asks it. */
export class Remote {
  readonly #details: RemoteDetails;

  /** @param details The store, the server's address and how to ask it. */
  constructor(details: RemoteDetails) {
    checkTimeout(details.timeout);
    this.#details = details;
  }

  /**
   * Asks, and resolves when the head of the reply is here. Its body has to be read or discarded.
   *
   * @throws {StoreError} The server cannot be reached or does not answer.
   * @throws The reason of the caller's signal.
   */
  async ask({ operation, request, asks, signal, sends = 0 }: Question): Promise<Reply> {
    signal?.throwIfAborted();
    const { timeout = DEFAULT_TIMEOUT_MS, fetch = (request) => globalThis.fetch(request) } =
      this.#details;
    const watch = new Watch(timeout, signal);
    let asked: Request;
    try {
      if (asks !== undefined) watch.start();
      const making = request(watch.signal);
      // What the store does itself, such as to sign, ends soon, and is not to outlive the call.
      asked = await (asks === undefined ? making : watch.orGiveUp(Promise.resolve(making)));
    } catch (cause) {
      watch.stop();
      throw this.#explainRequest(operation, watch, cause, asks);
    }
    try {
      watch.start(sends / SLOWEST_BYTES_PER_MS);
      const answer = fetch(asked);
      // Whoever gave up waits for it no longer, so its body has to be let go of here.
      answer.then((late) => watch.over ? late.body?.cancel() : undefined).catch(() => {});
      const response = await watch.orGiveUp(answer);
      return new Reply(response, watch, (cause) => this.#explain(operation, watch, cause));
    } catch (cause) {
      watch.stop();
      throw this.#explain(operation, watch, cause);
    }
  }

  /** Makes the error of the store: what it was doing, where, and why that failed. */
  failure(operation: StoreOperation, why: string, cause?: unknown): StoreError {
    const { store, place } = this.#details;
    return new StoreError(`Cannot ${operation} in the cache at ${place}: ${why}`, {
      store,
      operation,
      ...cause === undefined ? {} : { cause },
    });
  }

  #explain(operation: StoreOperation, watch: Watch, cause: unknown): unknown {
    if (watch.gaveUpBy !== undefined) return this.#explainEnd(operation, watch, "the server");
    if (cause instanceof StoreError) return cause;
    return this.failure(
      operation,
      `the connection failed with "${wordsOf(cause)}"; check the address, the network and that ` +
        "the server runs",
      cause,
    );
  }

  /** Says why there was no request: what its making asks is the user's, and no server was asked. */
  #explainRequest(
    operation: StoreOperation,
    watch: Watch,
    cause: unknown,
    asks: string | undefined,
  ): unknown {
    const asked = asks === undefined ? "the making of the request" : `the function ${asks}`;
    if (watch.gaveUpBy !== undefined) return this.#explainEnd(operation, watch, asked);
    return this.failure(
      operation,
      asks === undefined
        ? `the request cannot be made: "${wordsOf(cause)}"; check the options of the store`
        : `${asked} failed with "${wordsOf(cause)}"; see what it does and returns`,
      cause,
    );
  }

  /** Makes of a watch that gave up what the caller gets to see. */
  #explainEnd(operation: StoreOperation, watch: Watch, silent: string): unknown {
    if (watch.gaveUpBy === "caller") return watch.signal.reason;
    const { timeout = DEFAULT_TIMEOUT_MS } = this.#details;
    return this.failure(
      operation,
      `${silent} was silent for ${timeout} ms; see what it does, or set a longer timeout`,
    );
  }
}

function wordsOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** What the server answered. */
export class Reply {
  /** The status code. */
  readonly status: number;
  /** The headers. */
  readonly headers: Headers;
  readonly #body: ReadableStream<Uint8Array> | null;
  readonly #watch: Watch;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #explain: (cause: unknown) => unknown;

  /** @param explain Makes of what a stream failed with what the caller gets to see. */
  constructor(response: Response, watch: Watch, explain: (cause: unknown) => unknown) {
    this.status = response.status;
    this.headers = response.headers;
    this.#body = response.body;
    this.#watch = watch;
    this.#explain = explain;
  }

  /** The parameters-free, lower-case media type of the body; empty if it has none. */
  get type(): string {
    return (this.headers.get("content-type") ?? "").split(";")[0].trim().toLowerCase();
  }

  /** Yields the body as it comes in. Whoever leaves early lets the rest go. */
  async *chunks(): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
    const reader = this.#reader = this.#body?.getReader();
    try {
      while (reader !== undefined) {
        this.#watch.start();
        const { done, value } = await this.#watch.orGiveUp(reader.read());
        // A consumer may take its time.
        this.#watch.pause();
        if (done) break;
        yield value as Uint8Array<ArrayBuffer>;
      }
    } catch (cause) {
      throw this.#explain(cause);
    } finally {
      this.#watch.stop();
      reader?.cancel().catch(() => {});
    }
  }

  /** Resolves to the whole body, in memory of its own. */
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return await concatenated(this.chunks());
  }

  /** Resolves to the start of the body as text, at most `limit` bytes of it. */
  async text(limit: number): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    let size = 0;
    for await (const chunk of this.chunks()) {
      text += decoder.decode(chunk.subarray(0, limit - size), { stream: true });
      size += chunk.length;
      if (size >= limit) break;
    }
    return text + decoder.decode();
  }

  /** Lets go of a body that nobody reads, or reads on. */
  async discard(): Promise<void> {
    this.#watch.stop();
    await (this.#reader ?? this.#body)?.cancel().catch(() => {});
  }
}

/** Resolves to all chunks in one, in memory of its own. */
export async function concatenated(
  chunks: AsyncIterable<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    size += chunk.length;
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Gives a question up: when the caller does, or when nothing happens for too long. */
class Watch {
  /** Why it was given up, if it was. */
  gaveUpBy: "caller" | "timeout" | undefined;
  /** Whether nobody waits any longer. */
  over = false;
  readonly #timeout: number;
  readonly #controller = new AbortController();
  readonly #given = Promise.withResolvers<never>();
  readonly #release: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(timeout: number, signal: AbortSignal | undefined) {
    this.#timeout = timeout;
    this.#given.promise.catch(() => {});
    const abort = () => this.#giveUp("caller", signal!.reason);
    signal?.addEventListener("abort", abort);
    this.#release = () => signal?.removeEventListener("abort", abort);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Begins to wait, for `more` milliseconds over the usual. */
  start(more = 0): void {
    this.pause();
    const wait = this.#timeout + more;
    if (wait > LONGEST_TIMER_MS) return;
    this.#timer = setTimeout(
      () => this.#giveUp("timeout", new DOMException("Timed out", "TimeoutError")),
      wait,
    );
  }

  /** Waits no more until {@linkcode start}. */
  pause(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Ends the watch. */
  stop(): void {
    this.over = true;
    this.pause();
    this.#release();
  }

  orGiveUp<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#given.promise]);
  }

  #giveUp(by: "caller" | "timeout", reason: unknown): void {
    this.gaveUpBy ??= by;
    this.#given.reject(reason);
    this.#controller.abort(reason);
  }
}
