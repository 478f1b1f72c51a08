/**
 * What a store is, and the suite that proves that an implementation is one.
 *
 * A store keeps opaque bytes under string keys. To write your own, implement {@linkcode Store} and
 * run {@linkcode storeSuite} on it.
 *
 * @module
 */

export * from "./store.ts";
export * from "./suite.ts";
