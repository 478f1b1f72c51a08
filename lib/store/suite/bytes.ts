/**
 * Cases about bytes: they come back exactly, belong to the caller, and are replaced and removed.
 *
 * @module
 */

import { StoreError } from "../../errors.ts";
import { check, checkEntry, checkMissing, checkRejects, sample, type StoreCase } from "./_case.ts";

/** Block and buffer sizes lie at powers of two, so the neighbours of one are where stores slip. */
const SIZES: readonly (readonly [label: string, length: number])[] = [
  ["0 bytes", 0],
  ["1 byte", 1],
  ["64 KiB less one byte", 0xffff],
  ["64 KiB", 0x10000],
  ["64 KiB and one byte", 0x10001],
  ["1 MiB", 0x100000],
];

const MIB = 0x100000;
const LARGE = 100 * MIB;

/** Many bytes that repeat nowhere: one mebibyte over and over, each with a number of its own. */
function largeSample(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  const part = sample(MIB);
  for (let at = 0; at < length; at += MIB) {
    bytes.set(part.subarray(0, length - at), at);
    bytes[at] = at / MIB;
  }
  return bytes;
}

/** A `Uint8Array` whose `slice` shares memory, as that of Node's `Buffer` does. */
class SharingBytes extends Uint8Array<ArrayBuffer> {
  override slice(start?: number, end?: number): Uint8Array<ArrayBuffer> {
    return this.subarray(start, end);
  }
}

/** The cases. */
export const cases: readonly StoreCase[] = [
  ...SIZES.map(([label, length]): StoreCase => ({
    name: `keeps ${label} exactly`,
    body: async ({ store }) => {
      const bytes = sample(length);
      await store.set("name/key", bytes);
      await checkEntry(store, "name/key", bytes);
    },
  })),
  {
    name: "keeps 100 MiB exactly",
    bytes: LARGE,
    body: async ({ store }) => {
      const bytes = largeSample(LARGE);
      await store.set("name/key", bytes);
      await checkEntry(store, "name/key", bytes);
    },
  },
  {
    name: "keeps every byte value",
    body: async ({ store }) => {
      const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
      await store.set("key", bytes);
      await checkEntry(store, "key", bytes);
    },
  },
  {
    name: "keeps what a view shows of its buffer, and no more",
    body: async ({ store }) => {
      const whole = sample(300);
      await store.set("key", whole.subarray(100, 200));
      await checkEntry(store, "key", whole.slice(100, 200));
    },
  },
  {
    name: "hands out plain Uint8Arrays",
    body: async ({ store }) => {
      await store.set("key", sample(10));
      const bytes = await store.get("key");
      check(bytes instanceof Uint8Array, "get() resolved to something else than a Uint8Array");
      check(
        Object.getPrototypeOf(bytes) === Uint8Array.prototype,
        "get() resolved to a subclass of Uint8Array",
      );
    },
  },
  {
    name: "is not changed by a caller who changes what it handed in",
    body: async ({ store }) => {
      for (const length of [100, 0x100000]) {
        const bytes = sample(length);
        const done = store.set("key", bytes);
        bytes.fill(0);
        await done;
        await checkEntry(store, "key", sample(length));
      }
    },
  },
  {
    name: "copies also a subclass whose slice() shares memory",
    body: async ({ store }) => {
      const bytes = new SharingBytes(sample(100).buffer);
      await store.set("key", bytes);
      bytes.fill(0);
      await checkEntry(store, "key", sample(100));
    },
  },
  {
    name: "is not changed by a caller who changes what it got out",
    body: async ({ store }) => {
      await store.set("key", sample(100));
      const [first, second] = [await store.get("key"), await store.get("key")];
      first?.fill(0);
      check(second?.[0] === sample(100)[0], "Two reads of a key share memory");
      await checkEntry(store, "key", sample(100));
    },
  },
  {
    name: "overwrites with longer, shorter and no bytes",
    body: async ({ store }) => {
      for (const length of [100, 0x20000, 50, 0, 7]) {
        await store.set("key", sample(length, length));
        await checkEntry(store, "key", sample(length, length));
      }
    },
  },
  {
    name: "resolves to undefined for a key that was never set",
    body: async ({ store }) => {
      await checkMissing(store, "key");
      await store.set("key", sample(1));
      await checkMissing(store, "key2");
      await checkMissing(store, "ke");
    },
  },
  {
    name: "deletes one entry and says so",
    body: async ({ store }) => {
      await store.set("key", sample(10));
      await store.set("other", sample(20));
      check(await store.delete("key") === true, "delete() of an entry did not resolve to true");
      await checkMissing(store, "key");
      await checkEntry(store, "other", sample(20));
    },
  },
  {
    name: "deletes nothing for a missing key and says so",
    body: async ({ store }) => {
      check(await store.delete("key") === false, "delete() of nothing did not resolve to false");
      await store.set("key", sample(1));
      await store.delete("key");
      check(await store.delete("key") === false, "A second delete() did not resolve to false");
    },
  },
  {
    name: "deletes an entry of 0 bytes and says so",
    body: async ({ store }) => {
      await store.set("key", sample(0));
      check(await store.delete("key") === true, "delete() of 0 bytes did not resolve to true");
    },
  },
  {
    name: "sets a key anew after a delete",
    body: async ({ store }) => {
      await store.set("key", sample(10));
      await store.delete("key");
      await store.set("key", sample(20));
      await checkEntry(store, "key", sample(20));
    },
  },
  {
    name: "takes as much as it says, and of more all or nothing",
    forLimited: true,
    body: async ({ store }) => {
      const { maxBytes = Infinity } = store.supports;
      for (const [key, more] of [["key", 0], ["key", 1], ["x".repeat(1024), 0]] as const) {
        await store.set("key", sample(10));
        const bytes = largeSample(maxBytes + more);
        const set = store.set(key, bytes).then(() => "took it", (error: unknown) => error);
        const outcome = await set;
        if (outcome === "took it") await checkEntry(store, key, bytes);
        else {
          check(more > 0, `set() of ${maxBytes} bytes, as many as there is room for, failed`);
          check(
            outcome instanceof StoreError,
            `set() of too much rejected with ${String(outcome)}`,
          );
          await checkEntry(store, "key", sample(10));
        }
        await store.delete(key);
      }
    },
  },
  {
    name: "rejects what is no Uint8Array with a TypeError, and keeps the entry",
    body: async ({ store }) => {
      await store.set("key", sample(10));
      for (
        const wrong of ["text", [1, 2], new ArrayBuffer(4), new Uint16Array(4), null, undefined]
      ) {
        const bytes = wrong as unknown as Uint8Array;
        await checkRejects(() => store.set("key", bytes), TypeError, `set() of ${String(wrong)}`);
      }
      await checkEntry(store, "key", sample(10));
    },
  },
];
