/**
 * The conformance suite on the OPFS store.
 *
 * @module
 */

import { type StoreSubject, storeSuite } from "../../lib/store/mod.ts";
import { opfsStore } from "../../lib/store/opfs/mod.ts";
import type { Store } from "../../lib/store/store.ts";

let made = 0;

/** Makes a fresh store for a case. */
export async function opfsSubject(
  open: (path: string) => Promise<Store> = opfsStore,
): Promise<StoreSubject> {
  const name = `suite ${made++} ${crypto.randomUUID()}`;
  const path = `tests/${name}`;
  return {
    store: await open(path),
    reopen: () => open(path),
    cleanup: async () => {
      const root = await navigator.storage.getDirectory();
      const tests = await root.getDirectoryHandle("tests");
      await tests.removeEntry(name, { recursive: true });
    },
  };
}

/** Runs some groups of the suite without a test runner; returns how many cases passed. */
export async function runGroups(groups: readonly string[]): Promise<number> {
  const bodies: [name: string, body: () => Promise<void>][] = [];
  await storeSuite("opfs", () => opfsSubject(), {
    test: (name, body) => void bodies.push([name, body]),
    skip: (name) => {
      throw new Error(`${name} was skipped`);
    },
  });
  const wanted = bodies.filter(([name]) => groups.some((group) => name.includes(`, ${group}: `)));
  for (const [name, body] of wanted) {
    await body().catch((cause) => {
      throw new Error(`${name}: ${cause.message}`, { cause });
    });
  }
  return wanted.length;
}
