/**
 * A cache in front of a web handler.
 *
 * @module
 */

import CachePolicy from "http-cache-semantics";
import { DecodeError, type StoreOperation } from "../../errors.ts";
import { stableHash } from "../../codec/mod.ts";
import type { Store } from "../../store/store.ts";
import { checkOptions } from "../check_options.ts";
import { tellListener } from "../listener.ts";
import { readToEnd } from "../results.ts";
import { Recording, replay } from "../streams/recording.ts";
import type { StreamEnd } from "../streams/shared_stream.ts";
import {
  asksOnlyStored,
  evaluated,
  isUnchanged,
  keepAlive,
  responseOf,
  withStatus,
} from "./answers.ts";
import { BodiesInUse } from "./bodies.ts";
import type { WebCacheEvent, WebHandler, WithCacheOptions } from "./options.ts";
import {
  addressOf,
  matches,
  plainRequest,
  plainResponse,
  type Variant,
  Variants,
} from "./variants.ts";

/** Methods whose success makes what is stored of the address worthless. */
const SAFE_METHODS: readonly string[] = ["GET", "HEAD", "OPTIONS", "TRACE"];

/**
 * Puts a cache in front of a web handler, by the rules of HTTP (RFC 9111): `Cache-Control`,
 * `Expires`, `Vary`, `ETag` and `Last-Modified` of its responses say what is stored and how long;
 * `stale-while-revalidate` and `stale-if-error` hold, conditional requests are answered with 304,
 * and a response past its time is validated with the handler. A response streams to the first
 * client while it is stored, and equal requests at the same time share it. What a browser must not
 * cache, this does not: a response without any of these headers is passed on.
 *
 * Responses say what happened in `Cache-Status` (RFC 9211).
 *
 * @param handler Answers a request; further arguments, such as those of the host, are passed on.
 * @param options The store, and whether it serves many users.
 * @returns A handler.
 * @throws {TypeError} `handler` is not a function, or there is no store.
 *
 * @example
 * ```ts
 * import { memoryStore } from "@deja/cache";
 * import { withCache } from "@deja/cache/web";
 * import { assert } from "chai";
 *
 * let runs = 0;
 * const handler = withCache((request) => {
 *   runs++;
 *   const headers = { "cache-control": "max-age=60" };
 *   return new Response(`You asked for ${new URL(request.url).pathname}`, { headers });
 * }, { store: memoryStore() });
 * // Deno.serve(handler), Bun.serve({ fetch: handler }) or export default { fetch: handler }
 *
 * const first = await handler(new Request("https://example.org/a"));
 * assert.equal(await first.text(), "You asked for /a");
 * const second = await handler(new Request("https://example.org/a"));
 * assert.equal(await second.text(), "You asked for /a");
 * assert.equal(second.headers.get("cache-status"), "deja; hit");
 * assert.equal(runs, 1);
 * ```
 */
export function withCache<Rest extends unknown[]>(
  handler: WebHandler<Rest>,
  options: WithCacheOptions,
): (request: Request, ...rest: Rest) => Promise<Response> {
  if (typeof handler !== "function") {
    throw new TypeError(`withCache takes a web handler, received ${typeof handler}`);
  }
  if (options?.store === undefined) {
    throw new TypeError("withCache needs a store, such as { store: memoryStore() }");
  }
  checkOptions("withCache", options, WEB_OPTIONS);
  const cache = new WebCache(options);
  return (request, ...rest) =>
    cache.answer(
      request,
      async (asked) => responseOf(await handler(asked, ...rest)),
      (work) => keepAlive(rest, work),
    );
}

/** Names of the options of {@linkcode withCache}. */
const WEB_OPTIONS: readonly string[] = ["store", "name", "shared", "onEvent"];

type Ask = (request: Request) => Promise<Response>;

/** Takes note of work that nobody waits for. */
type Behind = (work: Promise<void>) => void;

/** A response that is being read and stored. */
interface Flight {
  readonly policy: CachePolicy;
  readonly recording: Recording;
}

class WebCache {
  readonly #store: Store;
  readonly #name: string;
  readonly #shared: boolean;
  readonly #onEvent: ((event: WebCacheEvent) => void) | undefined;
  /** Requests under way, by the key of their address: what comes of each, once it is known. */
  readonly #flights = new Map<string, Promise<Flight | undefined>>();
  /** Generations of stored responses that are being validated behind an answer. */
  readonly #renewals = new Set<string>();
  readonly #inUse = new BodiesInUse();
  /** Of responses that are stored as they are read: settles when that has ended. */
  readonly #storing = new WeakMap<Response, Promise<void>>();

  constructor({ store, name = "web", shared = true, onEvent }: WithCacheOptions) {
    this.#store = store;
    this.#name = name;
    this.#shared = shared;
    this.#onEvent = onEvent;
  }

  async answer(request: Request, ask: Ask, behind: Behind): Promise<Response> {
    const variants = this.#variantsOf(request);
    if (request.method !== "GET" || request.headers.has("range")) {
      const response = await ask(request);
      if (!SAFE_METHODS.includes(request.method) && response.status < 400) {
        await this.#guard("delete", request, () => this.#store.delete(variants.storeKey));
      }
      this.#tell("bypass", request);
      return response;
    }
    const stored = await this.#load(variants, request);
    const variant = stored.find(({ policy }) => matches(policy, plainRequest(request)));
    const { response, revalidation } = variant === undefined
      ? { response: undefined }
      : evaluated(variant.policy, request);
    if (asksOnlyStored(request)) {
      // The handler is not asked, whatever becomes of the stored response.
      const unanswered: Ask = () => Promise.resolve(new Response(null, { status: 504 }));
      return response === undefined
        ? await this.#join(request, unanswered, variants, stored)
        : await this.#reply(revalidation ? "stale" : "hit", request, variant!, unanswered);
    }
    if (variant === undefined) return await this.#join(request, ask, variants, stored);
    if (response === undefined) {
      return await this.#validate(request, ask, variants, stored, variant);
    }
    if (revalidation === undefined) return await this.#reply("hit", request, variant, ask);
    behind(this.#renew(request, ask, variants, stored, variant));
    return await this.#reply("stale", request, variant, ask);
  }

  /** Validates a response behind an answer, once at a time, and stores what comes in its place. */
  async #renew(
    request: Request,
    ask: Ask,
    variants: Variants,
    stored: readonly Variant[],
    variant: Variant,
  ): Promise<void> {
    const { generation } = variant.stored;
    if (this.#renewals.has(generation)) return;
    this.#renewals.add(generation);
    try {
      // The client who was answered may go, and what its host kept of the request with it.
      const own = new Request(request, { signal: new AbortController().signal });
      const response = await this.#validate(own, ask, variants, stored, variant);
      const storing = this.#storing.get(response);
      // Nobody else reads it, and what is not read is not stored.
      if (storing !== undefined) await readToEnd(response);
      else await response.body?.cancel();
      await storing;
    } catch {
      // Whatever fails is told, or shows at the next request.
    } finally {
      this.#renewals.delete(generation);
    }
  }

  #variantsOf(request: Request): Variants {
    return new Variants(this.#store, `${this.#name}/${stableHash(addressOf(request))}`);
  }

  async #load(variants: Variants, request: Request): Promise<Variant[]> {
    try {
      return await variants.load();
    } catch (error) {
      this.#report("get", request, error);
      return [];
    }
  }

  /** Waits for the answer to an equal request under way, or asks the handler. */
  async #join(
    request: Request,
    ask: Ask,
    variants: Variants,
    stored: readonly Variant[],
  ): Promise<Response> {
    const pending = this.#flights.get(variants.storeKey);
    if (pending !== undefined) {
      const flight = await pending;
      if (flight?.recording.canBeJoined && matches(flight.policy, plainRequest(request))) {
        this.#tell("hit", request);
        return withStatus(flight.recording.join() as Response, "hit; detail=joined");
      }
    }
    return await this.#fly(request, request, ask, variants, stored);
  }

  /** Asks the handler, and stores what it answers where that may be. */
  async #fly(
    request: Request,
    asked: Request,
    ask: Ask,
    variants: Variants,
    stored: readonly Variant[],
  ): Promise<Response> {
    const known = Promise.withResolvers<Flight | undefined>();
    const { storeKey } = variants;
    this.#flights.set(storeKey, known.promise);
    const land = () => {
      known.resolve(undefined);
      if (this.#flights.get(storeKey) === known.promise) this.#flights.delete(storeKey);
    };
    try {
      const response = await ask(asked);
      const policy = this.#policyFor(request, response);
      if (policy === undefined) {
        land();
        this.#tell("bypass", request);
        return withStatus(response, "fwd=miss");
      }
      const place = { store: this.#store, storeKey, classes: undefined };
      const recording = await Recording.start(response, place, undefined);
      const first = recording.first() as Response;
      known.resolve({ policy, recording });
      const storing = recording.ended
        .then((end) => this.#keep(end, request, { policy, recording }, variants, stored))
        .finally(land);
      this.#tell("miss", request);
      const answer = withStatus(first, "fwd=miss; stored");
      this.#storing.set(answer, storing);
      return answer;
    } catch (error) {
      land();
      throw error;
    }
  }

  /** What the rules say of a response; `undefined` where it must not be stored. */
  #policyFor(request: Request, response: Response): CachePolicy | undefined {
    const plain = plainResponse(response);
    const policy = new CachePolicy(plainRequest(request), plain, {
      shared: this.#shared,
      // A response that says nothing of its age was not meant to be kept.
      cacheHeuristic: 0,
    });
    const canBeUsed = policy.timeToLive() > 0 || response.headers.has("etag") ||
      response.headers.has("last-modified");
    const isPersonal = this.#shared && response.headers.has("set-cookie");
    return policy.storable() && canBeUsed && !isPersonal ? policy : undefined;
  }

  /** Stores a response that was read to its end. */
  async #keep(
    end: StreamEnd,
    request: Request,
    { policy, recording }: Flight,
    variants: Variants,
    stored: readonly Variant[],
  ): Promise<void> {
    if (end.how !== "complete") {
      this.#tell("not-stored", request, "error" in end ? end.error : undefined);
      return;
    }
    await this.#guard("set", request, async () => {
      const variant = { policy, stored: recording.descriptor() };
      const gone = await variants.put(variant, stored, request);
      this.#tell("store", request);
      void this.#guard("delete", request, () => this.#removeBodies(variants, gone));
    });
  }

  /** Removes the bodies of responses, each once nobody reads it. */
  async #removeBodies({ storeKey }: Variants, gone: readonly Variant[]): Promise<void> {
    await Promise.all(gone.map(async ({ stored: { generation } }) => {
      await this.#inUse.quiet(generation);
      const prefix = `${storeKey}.${generation}.`;
      for await (const { key } of this.#store.list(prefix)) await this.#store.delete(key);
    }));
  }

  /** Asks the handler whether a stored response still holds, and answers with one that does. */
  async #validate(
    request: Request,
    ask: Ask,
    variants: Variants,
    stored: readonly Variant[],
    variant: Variant,
  ): Promise<Response> {
    const plain = plainRequest(request);
    const headers = variant.policy.revalidationHeaders(plain) as Record<string, string>;
    const conditional = new Request(request, { headers });
    let answer: Response | undefined;
    const remember: Ask = async (asked) => answer = await ask(asked);
    const staleIfError = variant.policy.toObject().rescc["stale-if-error"];
    const mayBeStale = variant.policy.maxAge() + Number(staleIfError ?? 0) > variant.policy.age();
    try {
      answer = await remember(conditional);
    } catch (error) {
      if (!mayBeStale) throw error;
      return await this.#reply("stale", request, variant, ask);
    }
    if (answer.status >= 500 && mayBeStale) {
      await answer.body?.cancel();
      return await this.#reply("stale", request, variant, ask);
    }
    if (answer.status !== 304) {
      const given = answer;
      return await this.#fly(request, request, () => Promise.resolve(given), variants, stored);
    }
    const { policy } = variant.policy.revalidatedPolicy(plain, plainResponse(answer));
    const renewed = { policy, stored: variant.stored };
    await this.#guard("set", request, () => variants.put(renewed, stored, request));
    return await this.#reply("revalidated", request, renewed, ask);
  }

  /** Answers with a stored response, or asks the handler where it is damaged. */
  async #reply(
    type: "hit" | "stale" | "revalidated",
    request: Request,
    { policy, stored }: Variant,
    ask: Ask,
  ): Promise<Response> {
    const variants = this.#variantsOf(request);
    const headers = new Headers(policy.responseHeaders() as Record<string, string>);
    const status = type === "hit" ? "hit" : type === "stale" ? "hit; detail=stale" : "fwd=stale";
    headers.set("cache-status", `deja; ${status}`);
    if (isUnchanged(request, headers)) {
      this.#tell(type, request);
      return new Response(null, { status: 304, headers });
    }
    try {
      const place = { store: this.#store, storeKey: variants.storeKey, classes: undefined };
      const response = await replay(place, stored) as Response;
      this.#tell(type, request);
      const { status, statusText } = response;
      return new Response(this.#inUse.held(response.body, stored), { status, statusText, headers });
    } catch (error) {
      this.#report("get", request, error);
      return await this.#fly(request, request, ask, variants, []);
    }
  }

  async #guard(
    operation: StoreOperation,
    request: Request,
    act: () => Promise<unknown>,
  ): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.#report(operation, request, error);
    }
  }

  #report(operation: StoreOperation, request: Request, error: unknown): void {
    if (error instanceof DecodeError) this.#tell("corrupt", request, error);
    else this.#tell("store-error", request, error, operation);
  }

  #tell(
    type: WebCacheEvent["type"],
    { url }: Request,
    error?: unknown,
    operation?: StoreOperation,
  ): void {
    if (this.#onEvent === undefined) return;
    const told = {
      type,
      url,
      ...(error === undefined ? {} : { error }),
      ...(operation === undefined ? {} : { operation }),
    };
    tellListener(this.#onEvent, told, () => `onEvent of withCache threw on a ${type} event`);
  }
}
