/**
 * When a response may be stored and used, and for how long, by the rules of HTTP caching (RFC 9111).
 *
 * @module
 */

import CachePolicy from "http-cache-semantics";
import type { BypassReason } from "./options.ts";
import { matches, plainRequest, plainResponse } from "./variants.ts";

/** How long a response with a validator is kept past its time, in milliseconds: it may still hold. */
const KEPT_TO_BE_VALIDATED_MS = 30 * 86_400_000;

/** The longest lifetime that HTTP has a number for (RFC 9111, section 1.2.2), in milliseconds. */
const MAX_LIFETIME_MS = 2 ** 31 * 1000;

/** What the rules say of a stored response and a request. */
export function evaluated(
  policy: CachePolicy,
  request: Request,
): CachePolicy.EvaluateRequestResult {
  const stored = policy.toObject();
  const { "must-revalidate": must, ...rescc } = stored.rescc;
  // That holds for a response past its time, and this one is not.
  const asked = must !== undefined && !policy.stale()
    ? CachePolicy.fromObject({ ...stored, rescc })
    : policy;
  return asked.evaluateRequest(plainRequest(request));
}

/** What the rules say of a response, or why it must not be stored. */
export function policyFor(
  request: Request,
  response: Response,
  shared: boolean,
): { policy: CachePolicy; reason: undefined } | { policy: undefined; reason: BypassReason } {
  const policy = madeOf(plainRequest(request), plainResponse(response), shared);
  const { headers } = response;
  const { rescc, reqcc } = policy.toObject();
  const canBeUsed = policy.timeToLive() > 0 || hasValidator(policy);
  const reasons: readonly [BypassReason, boolean][] = [
    ["no-store", (rescc["no-store"] ?? reqcc["no-store"]) !== undefined],
    ["private", shared && rescc.private !== undefined],
    ["set-cookie", shared && headers.has("set-cookie")],
    ["vary", !matches(policy, plainRequest(request))],
    ["authorization", shared && request.headers.has("authorization") && !policy.storable()],
    ["status", !policy.storable()],
    ["no lifetime", !canBeUsed],
  ];
  const [reason] = reasons.find(([, holds]) => holds) ?? [];
  return reason === undefined ? { policy, reason } : { policy: undefined, reason };
}

/** The moment from which nobody can make use of a response, in milliseconds since the epoch. */
export function uselessFrom(policy: CachePolicy): number {
  const validated = hasValidator(policy) ? KEPT_TO_BE_VALIDATED_MS : 0;
  return Date.now() + Math.min(policy.timeToLive(), MAX_LIFETIME_MS) + validated;
}

/** Whether no request may be answered with a response unless the handler was asked for that one. */
export function isAskedEachTime(policy: CachePolicy): boolean {
  const { "no-cache": never, "must-revalidate": must } = policy.toObject().rescc;
  return never !== undefined || (must !== undefined && policy.maxAge() === 0);
}

/** Directives that forbid to answer with a response past its time (RFC 9111, section 4.2.4). */
const FORBID_STALE = ["must-revalidate", "proxy-revalidate", "no-cache"];

/** Whether a response, also one past its time, may answer where the handler fails. */
export function mayStandIn(policy: CachePolicy): boolean {
  const { rescc } = policy.toObject();
  const isForbidden = FORBID_STALE.some((directive) => rescc[directive] !== undefined);
  const staleIfError = isForbidden ? 0 : Number(rescc["stale-if-error"] ?? 0);
  return policy.maxAge() + staleIfError > policy.age();
}

/** Whether the handler can be asked whether a stored response still holds. */
export function hasValidator(policy: CachePolicy): boolean {
  const { etag, "last-modified": modified } = policy.toObject().resh;
  return etag !== undefined || modified !== undefined;
}

/**
 * Headers of a request that asks whether a stored response still holds. They have the condition of
 * the cache alone, so that nobody has to guess whose a bare 304 is; what the client has is compared
 * with what comes of it.
 */
export function conditionalHeaders(policy: CachePolicy, request: Request): Headers {
  const headers = new Headers(request.headers);
  const { etag, "last-modified": modified } = policy.toObject().resh;
  for (const [name, value] of [["if-none-match", etag], ["if-modified-since", modified]] as const) {
    if (value === undefined) headers.delete(name);
    else headers.set(name, String(value));
  }
  return headers;
}

/** Whether a 304 to the condition of the cache is about this stored response. */
export function confirms({ headers }: Response, policy: CachePolicy): boolean {
  const { etag, "last-modified": modified } = policy.toObject().resh;
  const [newEtag, newModified] = [headers.get("etag"), headers.get("last-modified")];
  if (newEtag !== null && etag !== undefined) return isSameTag(newEtag, String(etag));
  return newModified === null || modified === undefined || newModified === modified;
}

/** Whether two entity tags name the same, where a weak one is enough. */
export function isSameTag(one: string, other: string): boolean {
  return one.trim().replace(/^W\//, "") === other.trim().replace(/^W\//, "");
}

/** A stored response after a 304, as {@linkcode updated} gives it. */
export interface Updated {
  readonly policy: CachePolicy;
  /** Whether the headers may be stored: not those that were given to somebody by name. */
  readonly isStorable: boolean;
  /** Whether the response may stay in the store. */
  readonly mayStay: boolean;
}

/** What a 304 says of the body that the cache has already, or of its connection alone. */
const NOT_UPDATED: ReadonlySet<string> = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "keep-alive",
  "proxy-connection",
  "set-cookie",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * A stored response with the headers of a 304 in place of its own, which it keeps where the 304 has
 * none (RFC 9111, sections 3.2 and 4.3.4). Its age is counted from now on.
 */
export function updated(policy: CachePolicy, request: Request, answer: Response): Updated {
  const old = policy.toObject();
  const { age: _, date: __, ...kept } = old.resh;
  const given = [...answer.headers].filter(([name]) => !NOT_UPDATED.has(name));
  const headers = { ...kept, ...Object.fromEntries(given) };
  const made = madeOf(plainRequest(request), { status: old.st, headers }, old.sh);
  const own = CachePolicy.fromObject({ ...made.toObject(), a: old.a, reqcc: old.reqcc });
  return { policy: own, isStorable: made.storable(), mayStay: own.storable() };
}

function madeOf(
  request: CachePolicy.HttpRequest,
  response: CachePolicy.HttpResponse,
  shared: boolean,
): CachePolicy {
  // A response that says nothing of its age was not meant to be kept.
  return new CachePolicy(request, response, { shared, cacheHeuristic: 0 });
}
