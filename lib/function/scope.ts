/** What functions are cached with besides their own options: a store, defaults, a group. */

import type { AnyFunction } from "../key/mod.ts";
import { defaultGroup, type Group } from "./group.ts";
import type { LruCacheOptions, MemoryCacheOptions, PersistentOptions } from "./options.ts";
import { type Settings, settingsOf } from "./settings.ts";
import { StoreHandle } from "./store_handle.ts";

/** Defaults for every function of a cache: all options but those that are about one function. */
export type CacheDefaults = Omit<
  & Partial<LruCacheOptions>
  & MemoryCacheOptions
  & PersistentOptions,
  "name" | "closure" | "key" | "code" | "outFiles" | "batch"
>;

/** What functions are cached with besides their own options. */
export interface Scope {
  readonly handle: StoreHandle;
  readonly namespace: string | undefined;
  readonly defaults: CacheDefaults;
  readonly group: Group;
}

/** One for the process: functions on the default store join each other's calls. */
export const defaultScope: Scope = {
  handle: new StoreHandle(async () => {
    const { openDefaultStore } = await import("./default_store.ts");
    return await openDefaultStore();
  }),
  namespace: undefined,
  defaults: {},
  group: defaultGroup,
};

/** The settings of a function: its own options, and defaults that its verb takes. */
export function settingsFor(
  fn: AnyFunction,
  defaults: CacheDefaults,
  options: object,
  known: readonly string[],
): Settings {
  return settingsOf(fn, withDefaults(defaults, options, known) as LruCacheOptions);
}

/**
 * The options, with the defaults where they are silent: an option that is `undefined` is. Where a
 * function writes files, they are silent on purpose of what does not go with that.
 */
export function withDefaults(
  defaults: CacheDefaults,
  options: object,
  known: readonly string[],
): CacheDefaults {
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  );
  const taken = Object.entries(defaults).filter(([option]) =>
    known.includes(option) && !(option === "staleWhileRevalidate" && "outFiles" in given)
  );
  return { ...Object.fromEntries(taken), ...given };
}
