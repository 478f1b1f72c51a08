/**
 * What is stored of one address: the responses that it gave to different requests, by the rules of
 * HTTP caching (RFC 9111), and their records.
 *
 * @module
 */

import CachePolicy from "http-cache-semantics";
import { decode, encode } from "../../codec/mod.ts";
import { DecodeError } from "../../errors.ts";
import { blake3, toHex } from "../../hash/mod.ts";
import type { Store } from "../../store/store.ts";
import { Parts } from "../streams/parts.ts";
import { descriptorOf, type StreamDescriptor } from "../streams/recording.ts";
import { Changes } from "./changes.ts";

/** Headers by name, as the rules of caching take them. */
export type PlainHeaders = Readonly<Record<string, string>>;

/** One stored response. */
export interface Variant {
  /** When it may be used. */
  readonly policy: CachePolicy;
  /** Its status, headers and body. */
  readonly stored: StreamDescriptor;
  /** Moment from which nobody can make use of it, in milliseconds since the epoch. */
  readonly expires: number;
}

/** Most responses that are kept of one address: of requests that differ in what it varies by. */
const MAX_VARIANTS = 16;

/** The stored form of a variant: plain data. */
interface StoredVariant {
  readonly policy: CachePolicy.CachePolicyObject;
  readonly stored: StreamDescriptor;
  readonly expires: number;
}

/** Checksum in front of the encoded list. */
const DIGEST_BYTES = 32;

/** How long bodies outlive their responses, in milliseconds: somebody may still be reading one. */
const BODY_GRACE_MS = 3_600_000;

/** The moment until which a body is kept, by that from which its response is of no use. */
export function bodyExpires(expires: number): number {
  return expires + BODY_GRACE_MS;
}

/** The variants of one address in a store. */
export class Variants {
  readonly #store: Store;
  readonly #changes: Changes;
  /** Key of the list. */
  readonly storeKey: string;

  /** @param storeKey Key of the list; those of the bodies start with it. */
  constructor(store: Store, storeKey: string) {
    this.#store = store;
    this.#changes = Changes.of(store);
    this.storeKey = storeKey;
  }

  /** What to give as `asked` of a response that the handler is asked for now. */
  get moment(): number {
    return this.#changes.moment;
  }

  /**
   * What is stored, the latest first.
   *
   * @throws {StoreError} The store failed.
   * @throws {DecodeError} The list is damaged.
   */
  async load(): Promise<Variant[]> {
    const bytes = await this.#store.get(this.storeKey);
    if (bytes === undefined) return [];
    const body = bytes.subarray(DIGEST_BYTES);
    if (toHex(bytes.subarray(0, DIGEST_BYTES)) !== toHex(blake3(body))) {
      throw new DecodeError("The stored list of responses is damaged", { offset: 0 });
    }
    return (decode(body) as StoredVariant[])
      .map(({ policy, stored, expires }) => ({
        policy: CachePolicy.fromObject(policy),
        stored: descriptorOf(stored),
        expires,
      }))
      .filter(({ expires }) => expires > Date.now());
  }

  /**
   * Puts a variant in front, in place of those that answer the same requests.
   *
   * @param asked The {@linkcode Variants.moment} at which the handler was asked for it.
   * @returns Whether it is stored: not if all that is older than a change was removed meanwhile.
   * @throws {StoreError} The store failed.
   */
  async put(added: Variant, request: Request, asked: number): Promise<boolean> {
    const plain = plainRequest(request);
    return await this.#changes.inTurn(this.storeKey, async () => {
      if (this.#changes.isOutdated(this.storeKey, asked)) return false;
      const [kept, gone]: [Variant[], Variant[]] = [[added], []];
      for (const each of await this.#loadWhole()) {
        (matches(each.policy, plain) || kept.length >= MAX_VARIANTS ? gone : kept).push(each);
      }
      await this.#save(kept);
      this.#removeBodies(gone);
      return true;
    });
  }

  /**
   * Gives a stored variant another policy, or removes it where there is none; one that is no longer
   * there is left alone.
   *
   * @param asked As of {@linkcode Variants.put}.
   * @throws {StoreError} The store failed.
   */
  async renew(variant: Variant, policy: CachePolicy | undefined, asked: number): Promise<void> {
    const { generation } = variant.stored;
    await this.#changes.inTurn(this.storeKey, async () => {
      if (this.#changes.isOutdated(this.storeKey, asked)) return;
      const all = await this.#loadWhole();
      const old = all.find(({ stored }) => stored.generation === generation);
      if (old === undefined) return;
      const others = all.filter((each) => each !== old);
      await this.#save(policy === undefined ? others : [{ ...old, policy }, ...others]);
      if (policy === undefined) this.#removeBodies([old]);
    });
  }

  /**
   * Removes all, and lets nothing be stored any more that the handler was asked for before.
   *
   * @throws {StoreError} The store failed.
   */
  async clear(): Promise<void> {
    this.#changes.outdate(this.storeKey);
    await this.#changes.inTurn(this.storeKey, async () => {
      const gone = await this.load().catch(() => []);
      await this.#store.delete(this.storeKey);
      this.#removeBodies(gone);
    });
  }

  /** What is stored, where a damaged list counts as none. */
  async #loadWhole(): Promise<Variant[]> {
    try {
      return await this.load();
    } catch (error) {
      if (error instanceof DecodeError) return [];
      throw error;
    }
  }

  /** Removes bodies behind all else, each once nobody reads it. What stays behind expires. */
  #removeBodies(gone: readonly Variant[]): void {
    for (const { stored: { generation, parts } } of gone) {
      void new Parts(this.#store, this.storeKey, generation, parts).remove();
    }
  }

  async #save(variants: readonly Variant[]): Promise<void> {
    if (variants.length === 0) {
      await this.#store.delete(this.storeKey);
      return;
    }
    const body = encode(variants.map(({ policy, stored, expires }): StoredVariant => ({
      policy: withoutSecrets(policy.toObject()),
      stored,
      expires,
    })));
    const bytes = new Uint8Array(DIGEST_BYTES + body.length);
    bytes.set(blake3(body));
    bytes.set(body, DIGEST_BYTES);
    const expires = Math.max(...variants.map((each) => each.expires));
    await this.#store.set(this.storeKey, bytes, { expires });
  }
}

/** A request as the rules of caching take it. */
export function plainRequest(request: Request): CachePolicy.HttpRequest {
  const { method, headers } = request;
  return { url: addressOf(request), method, headers: plainHeaders(headers) };
}

/** The address of a request, without what no server sees of it. */
export function addressOf({ url }: Request): string {
  return url.split("#")[0];
}

/** A response as the rules of caching take it. */
export function plainResponse({ status, headers }: Response): CachePolicy.HttpResponse {
  return { status, headers: plainHeaders(headers) };
}

/** Whether a stored response is one to this request, fresh or not. */
export function matches(policy: CachePolicy, request: CachePolicy.HttpRequest): boolean {
  const { resh, reqh } = policy.toObject();
  return isAlike({ headers: reqh ?? {} }, request, String(resh.vary ?? ""));
}

/** Whether two requests have the same in all headers that `vary` names. */
export function isAlike(
  one: CachePolicy.HttpRequest,
  other: CachePolicy.HttpRequest,
  vary: string,
): boolean {
  return namesIn(vary).every((name) => name !== "*" && one.headers[name] === other.headers[name]);
}

/** A policy without the headers of the request that nothing varies by: they may be secret. */
function withoutSecrets(policy: CachePolicy.CachePolicyObject): CachePolicy.CachePolicyObject {
  const { reqh, resh } = policy;
  if (reqh === null) return policy;
  const names = namesIn(String(resh.vary ?? ""));
  const kept = Object.entries(reqh).filter(([name]) => names.includes(name));
  return { ...policy, reqh: Object.fromEntries(kept) };
}

function namesIn(vary: string): string[] {
  return vary.split(",").map((name) => name.trim().toLowerCase()).filter((name) => name !== "");
}

function plainHeaders(headers: Headers): Record<string, string> {
  return Object.fromEntries(headers);
}
