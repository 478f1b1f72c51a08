/**
 * A cache in front of a web handler, as users call it.
 *
 * @module
 */

import { checkOptions } from "../check_options.ts";
import { keepAlive, responseOf } from "./answers.ts";
import type { WebHandler, WithCacheOptions } from "./options.ts";
import { WebCache } from "./web_cache.ts";

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
