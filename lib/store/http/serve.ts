/**
 * Serves a store over HTTP.
 *
 * @module
 */

import { DecodeError } from "../../errors.ts";
import { blake3, toHex } from "../../hash/mod.ts";
import { concatenated } from "../_fetch.ts";
import { checkLeaseDuration } from "../_keys.ts";
import { isLostLease } from "../_lost_lease.ts";
import { checkOptionNames } from "../_options.ts";
import { piecesOf, streamFrom } from "../_streams.ts";
import type { Store, StoreEntryInfo, StoreSetOptions } from "../store.ts";
import { frame, frames, FRAMES_TYPE, unframed } from "./frames.ts";
import { Leases } from "./leases.ts";
import { LISTING_TYPE, writeListing } from "./listing.ts";
import { ERROR_TYPE, EXPIRES_HEADER, LEASES_HEADER, STATUS_OF } from "./protocol.ts";
import { badRequestOn, keyIn, limited, numberIn, received, textIn } from "./received.ts";
import { leaseLost, noEntry, Refused, tooLarge } from "./refused_request.ts";
import { Tokens } from "./tokens.ts";

/** Options of {@linkcode serveStore}. */
export interface ServeStoreOptions {
  /** Bearer token that lets read. Without one, everybody who can reach the server may read. */
  readonly readToken?: string;
  /** Bearer token that lets read and write. Without one, nobody may write. */
  readonly writeToken?: string;
  /** Largest value that is taken, in bytes; 1 GiB by default. */
  readonly maxBytes?: number;
  /** Path below which the cache is, such as `/cache`; by default the root. */
  readonly prefix?: string;
  /** Origin of the web pages that may ask from elsewhere, or `*` for all; none by default. */
  readonly origin?: string;
  /**
   * Hears of what the store failed with: the client is told no more than that it failed. By
   * default a line on the console.
   */
  readonly onError?: (error: unknown) => void;
}

const DEFAULT_MAX_BYTES = 2 ** 30;
/** Bytes of BLAKE3 in an ETag. */
const TAG_BYTES = 16;

/** A request and the parameters in its URL. */
interface Asked {
  readonly request: Request;
  readonly query: URLSearchParams;
}

/** What may be done with one path, by method. */
type Methods = Readonly<Record<string, (asked: Asked) => Promise<Response>>>;

/** What pages of another origin may see of an answer. */
const EXPOSED_HEADERS = `${EXPIRES_HEADER}, ${LEASES_HEADER}`;

/** Methods that change nothing. */
const READING: readonly string[] = ["GET", "HEAD"];

class StoreServer {
  readonly #store: Store;
  readonly #tokens: Tokens;
  readonly #leases = new Leases();
  readonly #prefix: string;
  readonly #options: ServeStoreOptions;
  readonly #paths: Readonly<Record<string, Methods>> = {
    "entry": {
      GET: (asked) => this.#get(asked),
      HEAD: (asked) => this.#get(asked),
      PUT: (asked) => this.#set(asked),
      DELETE: (asked) => this.#delete(asked),
    },
    "entries": { GET: (asked) => this.#list(asked) },
    "lease": {
      POST: (asked) => this.#lease(asked),
      PUT: (asked) => this.#renew(asked),
      DELETE: (asked) => this.#release(asked),
    },
  };

  constructor(store: Store, options: ServeStoreOptions) {
    checkOptionNames("serveStore()", options, {
      readToken: true,
      writeToken: true,
      maxBytes: true,
      prefix: true,
      origin: true,
      onError: true,
    });
    const { readToken, writeToken, prefix = "", maxBytes = DEFAULT_MAX_BYTES } = options;
    if (!(typeof maxBytes === "number" && maxBytes >= 0)) {
      throw new RangeError(`maxBytes must be bytes from 0 on, received ${String(maxBytes)}`);
    }
    this.#store = store;
    this.#tokens = new Tokens(readToken, writeToken);
    this.#prefix = `/${prefix.replace(/^\/+|\/+$/g, "")}/`.replace("//", "/");
    this.#options = options;
  }

  /** Asked each time: a store behind another server may learn what that one can do. */
  get #canLease(): boolean {
    return this.#store.lease !== undefined && this.#store.supports.lease === true;
  }

  async answer(request: Request): Promise<Response> {
    let response: Response;
    try {
      response = await this.#dispatch(request);
    } catch (error) {
      response = this.#refuse(error);
    }
    if (!this.#canLease) response.headers.set(LEASES_HEADER, "none");
    const { origin } = this.#options;
    if (origin !== undefined) {
      response.headers.set("access-control-allow-origin", origin);
      response.headers.set("access-control-expose-headers", EXPOSED_HEADERS);
      response.headers.append("vary", "origin");
    }
    // A body that was not read would hold up the connection.
    if (!request.bodyUsed) await request.body?.cancel().catch(() => {});
    return response;
  }

  async #dispatch(request: Request): Promise<Response> {
    const { pathname, searchParams: query } = new URL(request.url);
    const path = pathname.startsWith(this.#prefix) ? pathname.slice(this.#prefix.length) : "";
    if (!Object.hasOwn(this.#paths, path)) {
      throw new Refused("not-found", "There is nothing at this path; check the URL of the cache");
    }
    const methods = this.#paths[path];
    const allow = Object.keys(methods).join(", ");
    const { method } = request;
    if (method === "OPTIONS" && this.#options.origin !== undefined) return preflight(allow);
    if (!Object.hasOwn(methods, method)) {
      throw new Refused("method-not-allowed", `Only ${allow} may be used here`, { allow });
    }
    this.#authorize(request, READING.includes(method));
    return await methods[method]({ request, query });
  }

  #authorize({ headers }: Request, reading: boolean): void {
    const right = this.#tokens.rightOf(headers.get("authorization"));
    if (right === "write" || (right === "read" && reading)) return;
    if (right === "none" || (this.#tokens.writable && !headers.has("authorization"))) {
      throw new Refused("unauthorized", "A valid bearer token is needed", {
        "www-authenticate": 'Bearer realm="cache"',
      });
    }
    throw new Refused(
      "forbidden",
      this.#tokens.writable
        ? "This token may only read; use one that may write"
        : "This cache may only be read",
    );
  }

  async #get({ request, query }: Asked): Promise<Response> {
    const key = keyIn(query);
    const headers = new Headers({
      "content-type": FRAMES_TYPE,
      "cache-control": "private, no-cache",
      "vary": "authorization",
    });
    const onEntry = ({ expires }: StoreEntryInfo) => headers.set(EXPIRES_HEADER, String(expires));
    if (query.has("stream") && this.#store.getStream !== undefined) {
      const stream = await this.#store.getStream(key, { onEntry });
      if (stream === undefined) throw noEntry();
      if (request.method === "HEAD") {
        await stream.cancel();
        return new Response(null, { headers });
      }
      // A store that is silent is told at once that the client has gone.
      const gone = new AbortController();
      const { signal } = gone;
      const parts = this.#heard(frames(piecesOf(stream, { signal })), signal);
      return new Response(streamFrom(parts, () => gone.abort()), { headers });
    }
    const bytes = await this.#store.get(key, { onEntry });
    if (bytes === undefined) throw noEntry();
    const etag = `"${toHex(blake3(bytes).subarray(0, TAG_BYTES))}"`;
    headers.set("etag", etag);
    if (matches(request.headers.get("if-none-match"), etag)) {
      return new Response(null, { status: 304, headers });
    }
    return new Response(request.method === "HEAD" ? null : frame(bytes), { headers });
  }

  async #set({ request, query }: Asked): Promise<Response> {
    const key = keyIn(query);
    if (request.headers.has("if-match") || request.headers.has("if-none-match")) {
      throw new Refused("unsupported", "A write cannot have a condition here; use a lease");
    }
    const options = this.#setOptions(query);
    const announced = Number(request.headers.get("content-length"));
    const { maxBytes = DEFAULT_MAX_BYTES } = this.#options;
    // Frames add four bytes to each chunk, which has one at least, so only what is too large for
    // sure is refused unread.
    if (announced > 5 * maxBytes + 4) throw tooLarge(maxBytes);
    const bytes = limited(unframed(received(request)), maxBytes);
    try {
      if (query.has("stream") && this.#store.setStream !== undefined) {
        await this.#store.setStream(key, streamFrom(bytes), options);
      } else {
        await this.#store.set(key, await concatenated(bytes), options);
      }
    } catch (error) {
      throw isLostLease(error) ? leaseLost() : error;
    }
    return new Response(null, { status: 204 });
  }

  #setOptions(query: URLSearchParams): StoreSetOptions {
    const id = query.get("lease");
    const lease = id === null ? undefined : this.#leases.find(id);
    if (id !== null && lease === undefined) throw leaseLost();
    const expires = query.has("expires") ? numberIn(query, "expires") : undefined;
    return { expires, lease };
  }

  async #delete({ query }: Asked): Promise<Response> {
    return Response.json({ deleted: await this.#store.delete(keyIn(query)) });
  }

  async #list({ query }: Asked): Promise<Response> {
    const blocks = writeListing(this.#store, query.get("prefix") ?? "");
    // The first block is waited for, so that a store that fails at once is an error and no stump.
    const { value } = await blocks.next();
    const stream = streamFrom(after(value, this.#heard(blocks)));
    return new Response(stream, {
      headers: { "content-type": LISTING_TYPE, "cache-control": "private, no-store" },
    });
  }

  async #lease({ query }: Asked): Promise<Response> {
    const key = keyIn(query);
    const duration = numberIn(query, "duration");
    badRequestOn(() => checkLeaseDuration(duration));
    if (!this.#canLease) {
      throw new Refused("unsupported", "The store behind this server has no leases");
    }
    const lease = await this.#store.lease!(key, duration);
    if (lease === undefined) throw new Refused("lease-held", "Another client holds the lease");
    const id = this.#leases.keep(lease, duration);
    return Response.json({ id, token: lease.token }, { status: 201 });
  }

  async #renew({ query }: Asked): Promise<Response> {
    return Response.json({ held: await this.#leases.renew(textIn(query, "id")) });
  }

  async #release({ query }: Asked): Promise<Response> {
    await this.#leases.release(textIn(query, "id"));
    return new Response(null, { status: 204 });
  }

  /** Tells the operator of a failure that breaks off an answer that has begun, but for `gone`. */
  async *#heard<T>(parts: AsyncGenerator<T, void>, gone?: AbortSignal): AsyncGenerator<T, void> {
    try {
      yield* parts;
    } catch (error) {
      if (gone?.aborted !== true) this.#report(error);
      throw error;
    }
  }

  #refuse(error: unknown): Response {
    const { refusal, message, headers } = this.#refusalOf(error);
    return Response.json({ error: refusal, message }, {
      status: STATUS_OF[refusal],
      headers: { ...headers, "content-type": ERROR_TYPE, "cache-control": "no-store" },
    });
  }

  #refusalOf(error: unknown): Refused {
    if (error instanceof Refused) return error;
    if (error instanceof DecodeError) return new Refused("bad-request", error.message);
    this.#report(error);
    return new Refused("store-failed", "The store behind this server failed; its operator knows");
  }

  #report(error: unknown): void {
    const { onError = (error) => console.error("serveStore:", error) } = this.#options;
    try {
      onError(error);
    } catch {
      // A listener that fails must not keep the client from its answer.
    }
  }
}

/**
 * Makes the handler of a server for one store, so that one machine can serve a team. Pass it to
 * `Deno.serve`, to `Bun.serve` as `fetch`, or to whatever else answers requests; the clients use
 * `httpStore`.
 *
 * Serve it over `https:` where the network is not yours, since the tokens travel with each request.
 *
 * Leases are those of `store`, so they hold among all who share it, served or not. Which client
 * holds which is known only to the process that gave them: let one process serve them, and know
 * that one that starts again has forgotten. A holder of before then computes to its end, its write
 * is refused, and others wait until its lease runs out. Where `store` has no leases, the clients
 * are told and ask for none: two of them may compute the same at once.
 *
 * On Bun, pass `Bun.serve` a `maxRequestBodySize` for values over 128 MB, which it would answer with
 * a 413 of its own, and an `idleTimeout` of up to 255 seconds: it cuts a connection on which nothing
 * moved for 10, such as one that waits for a slow store.
 *
 * @param store The store; the caller closes it.
 * @param options Who may do what, and limits.
 * @returns The handler. It never rejects.
 * @throws {TypeError} An option is unknown, or a token is empty or has other characters than visible
 *   ASCII.
 * @throws {RangeError} `maxBytes` is no number of bytes.
 *
 * @example
 * ```ts
 * import { memoryStore } from "@deja/cache";
 * import { httpStore, serveStore } from "@deja/cache/http";
 * import { assert } from "chai";
 *
 * const handler = serveStore(memoryStore(), { writeToken: "secret" });
 * // On a server: Deno.serve({ port: 8000 }, handler), or Bun.serve({ port: 8000, fetch: handler }).
 *
 * await using store = httpStore("http://localhost/", { token: "secret", fetch: handler });
 * await store.set("greeting", new TextEncoder().encode("hello"));
 * assert.equal(new TextDecoder().decode(await store.get("greeting")), "hello");
 * ```
 */
export function serveStore(
  store: Store,
  options: ServeStoreOptions = {},
): (request: Request) => Promise<Response> {
  const server = new StoreServer(store, options);
  return (request) => server.answer(request);
}

function preflight(allow: string): Response {
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-methods": allow,
      "access-control-allow-headers": "authorization, content-type",
      "access-control-max-age": "3600",
    },
  });
}

function matches(condition: string | null, etag: string): boolean {
  if (condition === null) return false;
  const tags = condition.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes(etag) || tags.includes("*");
}

async function* after<T>(
  first: T | void,
  rest: AsyncGenerator<T, void>,
): AsyncGenerator<T, void> {
  if (first !== undefined) yield first;
  yield* rest;
}
