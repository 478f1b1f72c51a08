/**
 * What a store is, the suite that proves that an implementation is one, wrappers that go round any
 * store, and copying between two.
 *
 * A store keeps opaque bytes under string keys. To write your own, implement {@linkcode Store}, check
 * arguments with {@linkcode checkKey}, {@linkcode checkSet} and {@linkcode checkPrefix}, and run
 * {@linkcode storeSuite} on it. {@linkcode Store} has a whole one as its example.
 *
 * @module
 */

export { checkKey, checkPrefix, checkSet } from "./_keys.ts";
export * from "./copy.ts";
export * from "./namespaced.ts";
export * from "./sealed.ts";
export * from "./store.ts";
export * from "./suite.ts";
