/**
 * Caching methods with the standard decorator.
 *
 * @module
 */

export {
  type AsyncMethodDecorator,
  cached,
  type CachedOptions,
  type MethodDecorator,
  methodOf,
  type MethodOptions,
  type PersistentCachedOptions,
} from "./cached.ts";
