/**
 * A cache in front of a web handler, for `Deno.serve`, `Bun.serve` and edge hosts.
 *
 * @module
 */

export {
  type WebCacheEvent,
  type WebHandler,
  withCache,
  type WithCacheOptions,
} from "./with_cache.ts";
