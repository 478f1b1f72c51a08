/**
 * Caching methods with the standard decorator.
 *
 * @module
 */

export {
  cached,
  type CachedOptions,
  type MethodDecorator,
  type MethodOptions,
  type PersistentCachedOptions,
} from "./cached.ts";
