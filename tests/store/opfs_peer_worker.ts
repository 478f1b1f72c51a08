/**
 * Another tab or worker: opens a store where it is told to, and does with it what it is told to.
 *
 * @module
 */

import { opfsStore } from "../../lib/store/opfs/mod.ts";
import type { OpfsStore } from "../../lib/store/opfs/mod.ts";
import { runGroups } from "./_opfs_suite.ts";
import { sample } from "./_opfs.ts";

let store: OpfsStore | undefined;

/** What a peer can be asked for. */
const calls = {
  open: async (path: string) => void (store = await opfsStore(path)),
  get: (key: string) => store!.get(key),
  set: (key: string, bytes: Uint8Array) => store!.set(key, bytes),
  setMany: async (name: string, count: number) => {
    await Promise.all(
      Array.from({ length: count }, (_, i) => store!.set(`${name} ${i}`, sample(i))),
    );
  },
  overwrite: async (key: string, size: number, count: number) => {
    for (let i = 1; i <= count; i++) await store!.set(key, sample(size, i));
  },
  delete: (key: string) => store!.delete(key),
  keys: async () => (await Array.fromAsync(store!.list())).map(({ key }) => key).sort(),
  lease: async (key: string, duration: number) => (await store!.lease(key, duration))?.token,
  close: async () => await store![Symbol.asyncDispose](),
  suite: (groups: readonly string[]) => runGroups(groups),
};

/** The calls as their caller sees them. */
export type PeerCalls = typeof calls;

/** What is sent to a peer. */
export interface PeerCall {
  readonly name: keyof PeerCalls;
  readonly args: readonly unknown[];
}

/** What comes back, with the position of the call. */
export type PeerAnswer = { readonly value: unknown } | { readonly error: string };

addEventListener("message", ({ ports: [port] }: MessageEvent) => {
  port.onmessage = async ({ data: { name, args } }: MessageEvent<PeerCall>) => {
    const call = calls[name] as (...args: readonly unknown[]) => unknown;
    const answer: PeerAnswer = await Promise.resolve(call(...args)).then(
      (value) => ({ value }),
      (error) => ({ error: `${error}\n${error?.stack}` }),
    );
    port.postMessage(answer);
  };
});
