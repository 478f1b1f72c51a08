/**
 * Caching methods with the standard decorator.
 *
 * @module
 */

export {
  cached,
  type CachedOptions,
  type MethodDecorator,
  type PersistentCachedOptions,
} from "./cached.ts";
