/**
 * What becomes of a request in a cache in front of a web handler.
 *
 * @module
 */

import type CachePolicy from "http-cache-semantics";
import { DecodeError, type StoreOperation } from "../../errors.ts";
import { stableHash } from "../../codec/mod.ts";
import type { Store } from "../../store/store.ts";
import { tellListener } from "../listener.ts";
import { readToEnd } from "../results.ts";
import { holdParts } from "../streams/parts.ts";
import { Recording, replay } from "../streams/recording.ts";
import type { StreamEnd } from "../streams/shared_stream.ts";
import { asksForItsOwn, asksOnlyStored, isUnchanged, ownRequest, withStatus } from "./answers.ts";
import { type Flight, Flights, type Outcome } from "./flights.ts";
import type { WebCacheEvent, WithCacheOptions } from "./options.ts";
import {
  conditionalHeaders,
  confirms,
  evaluated,
  hasValidator,
  isAskedEachTime,
  mayStandIn,
  policyFor,
  updated,
  uselessFrom,
} from "./policies.ts";
import {
  addressOf,
  bodyExpires,
  matches,
  plainRequest,
  type Variant,
  Variants,
} from "./variants.ts";

/** Methods whose success makes what is stored of the address worthless. */
const SAFE_METHODS: readonly string[] = ["GET", "HEAD", "OPTIONS", "TRACE"];

type Ask = (request: Request) => Promise<Response>;

/** Takes note of work that nobody waits for. */
type Behind = (work: Promise<void>) => void;

/** A request for something that may be stored. */
interface Visit {
  readonly request: Request;
  readonly plain: CachePolicy.HttpRequest;
  readonly variants: Variants;
  readonly ask: Ask;
  /** Aborted when the client goes; `undefined` where there is none. */
  readonly signal: AbortSignal | undefined;
}

/** A cache in front of a web handler. */
export class WebCache {
  readonly #store: Store;
  readonly #name: string;
  readonly #shared: boolean;
  readonly #onEvent: ((event: WebCacheEvent) => void) | undefined;
  readonly #flights = new Flights();
  /** Of responses that are stored as they are read: settles when that has ended. */
  readonly #storing = new WeakMap<Response, Promise<void>>();

  constructor({ store, name = "web", shared = true, onEvent }: WithCacheOptions) {
    this.#store = store;
    this.#name = name;
    this.#shared = shared;
    this.#onEvent = onEvent;
  }

  /**
   * Answers a request.
   *
   * @param ask Runs the handler.
   * @param behind Takes note of what goes on behind the answer.
   * @throws Whatever the handler fails with.
   */
  async answer(request: Request, ask: Ask, behind: Behind): Promise<Response> {
    const variants = new Variants(this.#store, `${this.#name}/${stableHash(addressOf(request))}`);
    if (request.method !== "GET" || request.headers.has("range")) {
      const response = await ask(request);
      if (!SAFE_METHODS.includes(request.method) && response.status < 400) {
        this.#flights.forget(variants.storeKey);
        await this.#guard("delete", request, () => variants.clear());
      }
      const reason = request.method === "GET" ? "range" : "method";
      this.#tell("bypass", request, { reason });
      return response;
    }
    const plain = plainRequest(request);
    const visit: Visit = { request, plain, variants, ask, signal: request.signal };
    const variant = (await this.#load(visit)).find(({ policy }) => matches(policy, plain));
    const { response, revalidation } = variant === undefined
      ? { response: undefined }
      : evaluated(variant.policy, request);
    if (asksOnlyStored(request)) {
      // The handler is not asked, whatever becomes of the stored response.
      const unanswered: Ask = () => Promise.resolve(new Response(null, { status: 504 }));
      const closed = { ...visit, ask: unanswered };
      if (response === undefined) return await this.#join(closed, undefined);
      return await this.#reply(revalidation ? "stale" : "hit", closed, variant!);
    }
    if (variant === undefined || response === undefined) return await this.#join(visit, variant);
    if (revalidation === undefined) return await this.#reply("hit", visit, variant);
    if (!this.#flights.has(variants.storeKey, plain)) {
      behind(this.#renew({ ...visit, signal: undefined }, variant));
    }
    return await this.#reply("stale", visit, variant);
  }

  /** Validates a response behind an answer, and stores what comes in its place. */
  async #renew(visit: Visit, variant: Variant): Promise<void> {
    try {
      const response = await this.#lead(visit, variant);
      const storing = this.#storing.get(response);
      // Nobody else reads it, and what is not read is not stored.
      if (storing !== undefined) await readToEnd(response);
      else await response.body?.cancel();
      await storing;
    } catch {
      // Whatever fails is told, or shows at the next request.
    }
  }

  async #load({ variants, request }: Visit): Promise<Variant[]> {
    try {
      return await variants.load();
    } catch (error) {
      this.#report("get", request, error);
      return [];
    }
  }

  /**
   * Waits for the answer to an equal request under way where it may serve this one, or asks the
   * handler.
   *
   * @param variant What is stored, but is past its time.
   */
  async #join(visit: Visit, variant: Variant | undefined): Promise<Response> {
    const { plain, signal, variants: { storeKey } } = visit;
    if (variant !== undefined) this.#flights.presume(storeKey, variant.policy);
    const isPromising = this.#isPromising(visit, variant);
    while (isPromising) {
      const flight = this.#flights.find(storeKey, plain);
      if (flight === undefined) break;
      const leave = flight.board(signal);
      const outcome = await this.#flights.outcomeOf(flight, storeKey, plain);
      const response = outcome && await this.#share(outcome, visit);
      if (response !== undefined) return response;
      leave();
    }
    return await this.#lead(visit, variant);
  }

  /** Whether the answer to a request can be expected to serve others. */
  #isPromising({ request, variants }: Visit, variant: Variant | undefined): boolean {
    if (asksForItsOwn(request)) return false;
    if (variant !== undefined && isAskedEachTime(variant.policy)) return false;
    const isByName = this.#shared && request.headers.has("authorization");
    return !isByName || variant !== undefined || this.#flights.areShared(variants.storeKey);
  }

  /** The answer to another request for this one; `undefined` where it can no longer be joined. */
  async #share(outcome: Outcome, visit: Visit): Promise<Response | undefined> {
    if (outcome.how !== "recorded") return await this.#reply(outcome.how, visit, outcome.variant);
    if (!outcome.recording.canBeJoined) return undefined;
    this.#tell("hit", visit.request);
    return withStatus(outcome.recording.join() as Response, "hit; detail=joined");
  }

  /** Asks the handler, on behalf of all who come meanwhile. */
  async #lead(visit: Visit, variant: Variant | undefined): Promise<Response> {
    const { plain, signal, variants: { storeKey } } = visit;
    const flight = this.#flights.open(storeKey, plain, this.#isPromising(visit, variant));
    flight.board(signal);
    try {
      return variant === undefined
        ? await this.#fly(visit, flight)
        : await this.#validate(visit, flight, variant);
    } catch (error) {
      flight.land();
      throw error;
    }
  }

  /**
   * Answers with what the handler says, and stores it where that may be.
   *
   * @param given What it has said already, asked at the moment `asked`.
   */
  async #fly(
    visit: Visit,
    flight: Flight,
    given?: Response,
    asked = visit.variants.moment,
  ): Promise<Response> {
    const { request, ask, variants: { storeKey } } = visit;
    const response = given ?? await ask(ownRequest(request, flight.signal));
    const { policy, reason } = policyFor(request, response, this.#shared);
    // Of other responses, a failure and an answer to one client's condition say nothing.
    if (response.status < 500 && response.status !== 304) this.#flights.learn(storeKey, policy);
    if (policy === undefined) {
      flight.land();
      this.#tell("bypass", request, { reason });
      return withStatus(response, "fwd=miss");
    }
    const expires = uselessFrom(policy);
    const place = { store: this.#store, storeKey, classes: undefined };
    const recording = await Recording.start(response, place, bodyExpires(expires));
    const first = recording.first() as Response;
    if (isAskedEachTime(policy)) flight.land();
    else flight.settle({ how: "recorded", policy, recording });
    const storing = recording.ended
      .then((end) => this.#keep(end, visit, { policy, recording, expires, asked }))
      .finally(() => flight.land());
    this.#tell("miss", request);
    const answer = withStatus(first, "fwd=miss; stored");
    this.#storing.set(answer, storing);
    return answer;
  }

  /** Stores a response that was read to its end. */
  async #keep(
    end: StreamEnd,
    { request, variants }: Visit,
    { policy, recording, expires, asked }: {
      policy: CachePolicy;
      recording: Recording;
      expires: number;
      asked: number;
    },
  ): Promise<void> {
    if (end.how !== "complete") {
      const reason = end.how === "not stored" ? "store failed" : "incomplete";
      const error = end.how === "abandoned" ? end.reason : end.error;
      this.#tell("not-stored", request, { reason, ...(error === undefined ? {} : { error }) });
      return;
    }
    const stored = recording.descriptor();
    // Those who are behind read what is stored, also if it is replaced meanwhile.
    void recording.quiet.then(holdParts(stored.generation, recording.quiet));
    let isStored = false;
    await this.#guard("set", request, async () => {
      isStored = await variants.put({ policy, stored, expires }, request, asked);
      if (isStored) this.#tell("store", request);
      else this.#tell("not-stored", request, { reason: "removed" });
    });
    if (!isStored) void recording.discard();
  }

  /** Asks the handler whether a stored response still holds, and answers with one that does. */
  async #validate(visit: Visit, flight: Flight, variant: Variant): Promise<Response> {
    const { request, ask, variants } = visit;
    const { policy } = variant;
    const isCondition = hasValidator(policy);
    const headers = isCondition ? conditionalHeaders(policy, request) : undefined;
    const asked = variants.moment;
    let answer: Response;
    try {
      answer = await ask(ownRequest(request, flight.signal, headers));
    } catch (error) {
      if (!mayStandIn(policy)) throw error;
      return await this.#arrive("stale", visit, flight, variant);
    }
    if (answer.status >= 500 && mayStandIn(policy)) {
      await answer.body?.cancel();
      return await this.#arrive("stale", visit, flight, variant);
    }
    // A 304 that the cache has not asked for is for the client.
    if (answer.status !== 304 || !isCondition) return await this.#fly(visit, flight, answer, asked);
    if (!confirms(answer, policy)) {
      const isForClient = isUnchanged(request, answer.headers);
      return await this.#fly(visit, flight, isForClient ? answer : undefined);
    }
    const { policy: renewed, isStorable, mayStay } = updated(policy, request, answer);
    // Also a body that may not stay is an answer to this request.
    const release = holdParts(variant.stored.generation, variant);
    try {
      if (isStorable || !mayStay) {
        const kept = isStorable ? renewed : undefined;
        await this.#guard("set", request, () => variants.renew(variant, kept, asked));
      }
      return await this.#arrive("revalidated", visit, flight, { ...variant, policy: renewed });
    } finally {
      release();
    }
  }

  /** Answers all who have waited with a stored response. */
  async #arrive(
    how: "revalidated" | "stale",
    visit: Visit,
    flight: Flight,
    variant: Variant,
  ): Promise<Response> {
    const { policy } = variant;
    if (policy.storable() && !isAskedEachTime(policy)) flight.settle({ how, variant });
    flight.land();
    return await this.#reply(how, visit, variant);
  }

  /** Answers with a stored response, or asks the handler where it is damaged. */
  async #reply(
    type: "hit" | "stale" | "revalidated",
    visit: Visit,
    { policy, stored }: Variant,
  ): Promise<Response> {
    const { request, variants: { storeKey } } = visit;
    const headers = new Headers(policy.responseHeaders() as Record<string, string>);
    const word = type === "hit" ? "hit" : type === "stale" ? "hit; detail=stale" : "fwd=stale";
    headers.set("cache-status", `deja; ${word}`);
    if (isUnchanged(request, headers)) {
      this.#tell(type, request);
      return new Response(null, { status: 304, headers });
    }
    try {
      const place = { store: this.#store, storeKey, classes: undefined };
      const { body, status, statusText } = await replay(place, stored) as Response;
      this.#tell(type, request);
      return new Response(body, { status, statusText, headers });
    } catch (error) {
      this.#report("get", request, error);
      return await this.#join(visit, undefined);
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
    if (error instanceof DecodeError) this.#tell("corrupt", request, { error });
    else this.#tell("store-error", request, { error, operation });
  }

  #tell(
    type: WebCacheEvent["type"],
    { url }: Request,
    more: Omit<WebCacheEvent, "type" | "url"> = {},
  ): void {
    if (this.#onEvent === undefined) return;
    const told = { type, url, ...more };
    tellListener(this.#onEvent, told, () => `onEvent of withCache threw on a ${type} event`);
  }
}
