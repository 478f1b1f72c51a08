/**
 * Caching methods with the standard decorator.
 *
 * @module
 */

export {
  cached,
  type CachedOptions,
  type MethodDecorator,
  methodOf,
  type MethodOptions,
  type PersistentCachedOptions,
} from "./cached.ts";
