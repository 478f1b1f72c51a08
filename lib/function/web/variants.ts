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
import { descriptorOf, type StreamDescriptor } from "../streams/recording.ts";

/** Headers by name, as the rules of caching take them. */
export type PlainHeaders = Readonly<Record<string, string>>;

/** One stored response. */
export interface Variant {
  /** When it may be used. */
  readonly policy: CachePolicy;
  /** Its status, headers and body. */
  readonly stored: StreamDescriptor;
}

/** Most responses that are kept of one address: of requests that differ in what it varies by. */
const MAX_VARIANTS = 16;

/** The stored form of a variant: plain data. */
interface StoredVariant {
  readonly policy: CachePolicy.CachePolicyObject;
  readonly stored: StreamDescriptor;
}

/** Checksum in front of the encoded list. */
const DIGEST_BYTES = 32;

/** The variants of one address in a store. */
export class Variants {
  readonly #store: Store;
  /** Key of the list. */
  readonly storeKey: string;

  /** @param storeKey Key of the list; those of the bodies start with it. */
  constructor(store: Store, storeKey: string) {
    this.#store = store;
    this.storeKey = storeKey;
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
    return (decode(body) as StoredVariant[]).map(({ policy, stored }) => ({
      policy: CachePolicy.fromObject(policy),
      stored: descriptorOf(stored),
    }));
  }

  /**
   * Puts a variant in front, in place of those that answer the same requests.
   *
   * @returns The variants that had to go.
   * @throws {StoreError} The store failed.
   */
  async put(added: Variant, others: readonly Variant[], request: Request): Promise<Variant[]> {
    const plain = plainRequest(request);
    const [kept, gone]: [Variant[], Variant[]] = [[added], []];
    for (const each of others) {
      if (each.stored.generation === added.stored.generation) continue;
      (matches(each.policy, plain) || kept.length >= MAX_VARIANTS ? gone : kept).push(each);
    }
    await this.#save(kept);
    return gone;
  }

  async #save(variants: readonly Variant[]): Promise<void> {
    const body = encode(variants.map(({ policy, stored }): StoredVariant => ({
      policy: withoutSecrets(policy.toObject()),
      stored,
    })));
    const bytes = new Uint8Array(DIGEST_BYTES + body.length);
    bytes.set(blake3(body));
    bytes.set(body, DIGEST_BYTES);
    await this.#store.set(this.storeKey, bytes);
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
  const { vary } = policy.toObject().resh;
  if (vary === undefined) return true;
  if (String(vary).trim() === "*") return false;
  const then = policy.toObject().reqh ?? {};
  return namesIn(String(vary)).every((name) => then[name] === request.headers[name]);
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
