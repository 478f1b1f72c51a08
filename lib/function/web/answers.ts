/**
 * Requests and responses by the rules of HTTP caching (RFC 9111), and what hosts give besides.
 *
 * @module
 */

import CachePolicy from "http-cache-semantics";
import { word } from "../check_options.ts";
import { plainRequest } from "./variants.ts";

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

/** Whether a client has what is stored already (RFC 9110, section 13). */
export function isUnchanged(request: Request, stored: Headers): boolean {
  const tags = request.headers.get("if-none-match");
  const tag = stored.get("etag")?.replace(/^W\//, "");
  if (tags !== null) {
    return tag !== undefined &&
      tags.split(",").some((each) => ["*", tag].includes(each.trim().replace(/^W\//, "")));
  }
  const since = Date.parse(request.headers.get("if-modified-since") ?? "");
  const modified = Date.parse(stored.get("last-modified") ?? "");
  return modified <= since;
}

/** A response with a word on what the cache did; one that cannot be changed is made again. */
export function withStatus(response: Response, status: string): Response {
  const headers = new Headers(response.headers);
  headers.append("cache-status", `deja; ${status}`);
  const { body, status: code, statusText } = response;
  // A network error and the like have a status that nobody may make.
  if (code < 200) return response;
  return new Response(body, { status: code, statusText, headers });
}

/** Whether a client wants what is stored or nothing (RFC 9111, section 5.2.1.7). */
export function asksOnlyStored({ headers }: Request): boolean {
  const directives = headers.get("cache-control")?.toLowerCase().split(",") ?? [];
  return directives.some((directive) => directive.trim() === "only-if-cached");
}

/**
 * What a handler gave, which must be a response.
 *
 * @throws {TypeError} It is something else.
 */
export function responseOf(given: unknown): Response {
  if (given instanceof Response) return given;
  throw new TypeError(
    `The handler of withCache must return a Response, received ${word(given)}; ` +
      "return one for every request",
  );
}

/** Asks a host to live on until work is done, where what it gave a handler takes such wishes. */
export function keepAlive(given: readonly unknown[], work: Promise<void>): void {
  const host = given.find((each) =>
    typeof (each as { waitUntil?: unknown } | null | undefined)?.waitUntil === "function"
  ) as { waitUntil(work: Promise<void>): void } | undefined;
  host?.waitUntil(work);
}
