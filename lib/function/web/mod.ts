/**
 * A cache in front of a web handler, for `Deno.serve`, `Bun.serve` and edge hosts.
 *
 * @module
 */

export type { BypassReason, WebCacheEvent, WebHandler, WithCacheOptions } from "./options.ts";
export { withCache } from "./with_cache.ts";
