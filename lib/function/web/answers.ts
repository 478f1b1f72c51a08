/**
 * Requests and answers as they pass through the cache, and what hosts give besides.
 *
 * @module
 */

import { word } from "../check_options.ts";
import { isSameTag } from "./policies.ts";

/** Whether a client has what is stored already (RFC 9110, section 13). */
export function isUnchanged(request: Request, stored: Headers): boolean {
  const tags = request.headers.get("if-none-match");
  const tag = stored.get("etag");
  if (tags !== null) {
    return tag !== null &&
      tags.split(",").some((each) => each.trim() === "*" || isSameTag(each, tag));
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
export function asksOnlyStored(request: Request): boolean {
  return directivesOf(request).includes("only-if-cached");
}

/** Whether a client would rather have an answer of its own than that to an equal request. */
export function asksForItsOwn(request: Request): boolean {
  const directives = directivesOf(request);
  return directives.includes("no-store") || directives.includes("no-cache") ||
    (request.headers.get("pragma") ?? "").includes("no-cache");
}

function directivesOf({ headers }: Request): string[] {
  const directives = headers.get("cache-control")?.toLowerCase().split(",") ?? [];
  return directives.map((directive) => directive.trim());
}

/**
 * A request of the cache's own, which is given up where `signal` says so and not when one of those
 * goes whom its answer serves. What hosts and frameworks add to requests, it has as well.
 */
export function ownRequest(request: Request, signal: AbortSignal, headers?: Headers): Request {
  const own = new Request(request, { signal, ...(headers === undefined ? {} : { headers }) });
  for (
    let each: object | null = request;
    each !== null && each !== Request.prototype;
    each = Object.getPrototypeOf(each)
  ) {
    for (const name of Object.getOwnPropertyNames(each)) {
      if (name in own) continue;
      const get = () => (request as unknown as Record<string, unknown>)[name];
      Object.defineProperty(own, name, { get, configurable: true, enumerable: true });
    }
  }
  return own;
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
