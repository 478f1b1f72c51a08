/**
 * A channel for invalidations within one process, which delivers at once.
 *
 * @module
 */

import type { InvalidationChannel } from "../../lib/store/tiered/mod.ts";

/** Makes a channel that any number of handles can share. */
export function localChannel(): InvalidationChannel & { readonly messages: string[] } {
  const listeners = new Set<(message: string) => void>();
  const messages: string[] = [];
  return {
    messages,
    publish: (message) => {
      messages.push(message);
      for (const listener of listeners) listener(message);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
