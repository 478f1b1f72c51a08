/**
 * Cases about values that come and go in pieces.
 *
 * @module
 */

import { StoreError } from "../../errors.ts";
import {
  check,
  checkEntry,
  checkList,
  checkMissing,
  checkRejects,
  sameBytes,
  sample,
  type StoreCase,
  withClock,
} from "./_case.ts";
import type { Store } from "../store.ts";
import { checkRefusesLease, otherHandle, taken } from "./lease.ts";

/** Large enough that stores give it in several pieces, if they ever do. */
const LARGE = 3_000_001;
const SIZES = [0, 1, 0xffff, 0x10000, 0x10001, LARGE];
/** How long a case waits for a stream to end before it takes it for one that never does. */
const PATIENCE_MS = 10_000;
/** Prime, so that pieces end at no boundary of a store. */
const PIECE = 40_009;

/** The cases; each needs `supports.streams`. */
export const cases: readonly StoreCase[] = ([
  {
    name: "keeps exactly what a stream gives",
    body: async ({ store }) => {
      for (const size of SIZES) {
        await store.setStream!("key", streamOf(sample(size)));
        await checkEntry(store, "key", sample(size));
        await checkList(store, undefined, { key: size });
      }
    },
  },
  {
    name: "streams exactly what was set",
    body: async ({ store }) => {
      check(await store.getStream!("key") === undefined, "getStream() found a missing entry");
      for (const size of SIZES) {
        await store.set("key", sample(size));
        const stream = await store.getStream!("key");
        check(stream !== undefined, `getStream() missed an entry of ${size} bytes`);
        check(sameBytes(await bytesOf(stream), sample(size)), `A stream of ${size} bytes differs`);
      }
    },
  },
  {
    name: "keeps the old entry where a stream fails, and rejects with its error",
    body: async ({ store }) => {
      await store.set("key", sample(100));
      const error = new Error("The source failed");
      for (const key of ["key", "new"]) {
        let found: unknown;
        await store.setStream!(key, failingStream(sample(200_000), error))
          .catch((reason) => found = reason);
        check(found === error, `setStream() of a failing stream rejected with ${String(found)}`);
      }
      await checkEntry(store, "key", sample(100));
      await checkMissing(store, "new");
      await checkList(store, undefined, { key: 100 });
    },
  },
  {
    name: "shows the old entry, or none, until a stream has ended",
    body: async ({ store }) => {
      await store.set("key", sample(100));
      for (const key of ["key", "new"]) {
        const end = Promise.withResolvers<void>();
        const { stream, given } = haltingStream(sample(LARGE), end.promise);
        const written = store.setStream!(key, stream);
        await given;
        if (key === "key") await checkEntry(store, key, sample(100));
        else await checkMissing(store, key);
        await checkList(store, key, key === "key" ? { key: 100 } : {});
        end.resolve();
        await written;
        await checkEntry(store, key, sample(LARGE));
      }
    },
  },
  {
    name: "ends a stream that is being written when it is closed, and keeps the old entry",
    body: async ({ store, reopen }) => {
      const { persistent } = store.supports;
      await store.set("key", sample(100));
      const never = new Promise<void>(() => {});
      for (const key of ["key", "new"]) {
        const handle = persistent ? await reopen() : store;
        if (!persistent && key === "new") break;
        const { stream, given } = haltingStream(sample(LARGE), never);
        const outcome = handle.setStream!(key, stream).then(() => "no error", (error) => error);
        await given;
        const late = Promise.withResolvers<string>();
        const timer = setTimeout(() => late.resolve("nothing in time"), PATIENCE_MS);
        const closed = handle[Symbol.asyncDispose]().then(() => outcome);
        const error = await Promise.race([closed, late.promise]);
        clearTimeout(timer);
        check(error instanceof StoreError, `setStream() ended with ${String(error)} on closing`);
      }
      if (!persistent) return;
      await checkEntry(store, "key", sample(100));
      await checkMissing(store, "new");
      await checkList(store, undefined, { key: 100 });
    },
  },
  {
    name: "gives pieces that are the reader's to change",
    body: async ({ store }) => {
      for (const size of [100, LARGE]) {
        await store.set("key", sample(size));
        const reader = (await store.getStream!("key"))!.getReader();
        for (let next = await reader.read(); !next.done; next = await reader.read()) {
          next.value.fill(0);
        }
        await checkEntry(store, "key", sample(size));
        const again = await store.getStream!("key");
        check(sameBytes(await bytesOf(again!), sample(size)), "A reader changed what is stored");
      }
    },
  },
  {
    name: "refuses pieces that are no bytes",
    body: async ({ store }) => {
      const stream = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue("text" as unknown as Uint8Array);
          controller.close();
        },
      });
      await checkRejects(() => store.setStream!("key", stream), TypeError, "setStream() of text");
      await checkMissing(store, "key");
    },
  },
  {
    name: "streams under an expiry",
    body: ({ store }) =>
      withClock(async (clock) => {
        await store.setStream!("key", streamOf(sample(100)), { expires: clock.now() + 1000 });
        const live = await store.getStream!("key");
        check(live !== undefined, "getStream() missed a live entry");
        await live.cancel();
        clock.advance(1000);
        check(await store.getStream!("key") === undefined, "getStream() found an expired entry");
        await checkMissing(store, "key");
      }),
  },
  {
    name: "streams in under a lease, and not under a lost one",
    needs: ["streams", "lease"],
    body: async (context) => {
      const { store } = context;
      await using other = await otherHandle(context);
      const lost = await taken(store, "key");
      await store.setStream!("key", streamOf(sample(100)), { lease: lost });
      await checkEntry(store, "key", sample(100));
      await lost[Symbol.asyncDispose]();
      await using next = await taken(other, "key");
      for (const size of [50, 200_000]) {
        await checkRefusesLease(
          () => store.setStream!("key", streamOf(sample(size)), { lease: lost }),
          `setStream() of ${size} bytes under a lost lease`,
        );
        await checkEntry(other, "key", sample(100));
      }
      await other.setStream!("key", streamOf(sample(30)), { lease: next });
      await checkEntry(store, "key", sample(30));
    },
  },
  {
    name: "lets a reader stop early",
    body: async ({ store }) => {
      await store.set("key", sample(1_000_000));
      const stream = await store.getStream!("key");
      const reader = stream!.getReader();
      await reader.read();
      await reader.cancel("enough");
      await store.set("key", sample(10));
      await checkEntry(store, "key", sample(10));
      check(await store.delete("key"), "delete() after a stream was cancelled said false");
    },
  },
  {
    name: "ends a stream with the signal's reason, also when some of it was read",
    body: async ({ store }) => {
      for (const [size, reads] of [[10, 0], [LARGE, 0], [LARGE, 1], [LARGE, 2]]) {
        await store.set("key", sample(size));
        const { stream, controller, reason } = await abortableStream(store);
        const reader = stream.getReader();
        let seen = 0;
        for (let i = 0; i < reads; i++) seen += lengthOf(await reader.read());
        controller.abort(reason);
        // A store may give all in one piece, and then there is nothing left to end.
        if (seen < size) await checkEnded(reader, reason);
        await checkEntry(store, "key", sample(size));
      }
      check(await store.delete("key"), "delete() after a stream was aborted said false");
    },
  },
  {
    name: "ends a stream with the signal's reason while a piece of it is waited for",
    body: async ({ store }) => {
      await store.set("key", sample(LARGE));
      for (const reads of [0, 1]) {
        const { stream, controller, reason } = await abortableStream(store);
        const reader = stream.getReader();
        let seen = 0;
        for (let i = 0; i < reads; i++) seen += lengthOf(await reader.read());
        const pending = reader.read().then(lengthOf, (error: unknown) => error);
        controller.abort(reason);
        const outcome = await pending;
        if (typeof outcome === "number") seen += outcome;
        else check(outcome === reason, `A pending read failed with ${String(outcome)}`);
        if (seen < LARGE) await checkEnded(reader, reason);
      }
    },
  },
  {
    name: "takes no harm from an abort after a stream was read, cancelled or aborted",
    body: async ({ store }) => {
      await store.set("key", sample(200_000));
      const whole = await abortableStream(store);
      const bytes = await bytesOf(whole.stream);
      whole.controller.abort(whole.reason);
      check(sameBytes(bytes, sample(200_000)), "A stream with a signal differs");
      const left = await abortableStream(store);
      await left.stream.cancel("enough");
      left.controller.abort(left.reason);
      const given = await abortableStream(store);
      given.controller.abort(given.reason);
      const outcome = await given.stream.cancel().then(() => given.reason, (error) => error);
      check(outcome === given.reason, "cancel() of an aborted stream failed with another error");
      await checkEntry(store, "key", sample(200_000));
    },
  },
  {
    name: "streams one entry whole while it is overwritten and deleted, or fails",
    body: async ({ store }) => {
      const old = sample(2_000_000, 1);
      for (const change of ["overwrite", "delete"]) {
        await store.set("key", old);
        const stream = await store.getStream!("key");
        const reader = stream!.getReader();
        const pieces = [await reader.read()];
        if (change === "delete") await store.delete("key");
        else await store.set("key", sample(2_000_000, 2));
        try {
          while (!pieces.at(-1)!.done) pieces.push(await reader.read());
        } catch (error) {
          check(error instanceof StoreError, `A stream failed with ${String(error)}`);
          continue;
        }
        const whole = joined(pieces.flatMap(({ value }) => value ?? []));
        check(sameBytes(whole, old), `A stream mixed two entries (${change})`);
      }
    },
  },
  {
    name: "refuses streams where it is closed, aborted, or given a wrong key",
    body: async ({ store }) => {
      const signal = AbortSignal.abort(new SyntaxError("The reason"));
      await checkRejects(
        () => store.getStream!("key", { signal }),
        SyntaxError,
        "getStream() with an aborted signal",
      );
      await checkRejects(
        () => store.setStream!("key", streamOf(sample(1)), { signal }),
        SyntaxError,
        "setStream() with an aborted signal",
      );
      await checkRejects(() => store.getStream!(""), RangeError, "getStream() of an empty key");
      await store[Symbol.asyncDispose]();
      await checkRejects(() => store.getStream!("key"), StoreError, "getStream() after closing");
      await checkRejects(
        () => store.setStream!("key", streamOf(sample(1))),
        StoreError,
        "setStream() after closing",
      );
    },
  },
] satisfies StoreCase[]).map((each) => ({ needs: ["streams"], ...each }));

/** A stream of the entry under `key` whose signal the case can abort. */
async function abortableStream(store: Store): Promise<{
  readonly stream: ReadableStream<Uint8Array>;
  readonly controller: AbortController;
  readonly reason: Error;
}> {
  const controller = new AbortController();
  const stream = await store.getStream!("key", { signal: controller.signal });
  check(stream !== undefined, "getStream() missed an entry");
  return { stream, controller, reason: new Error("The reason of the case") };
}

/** Fails unless a stream has ended with `reason`. */
async function checkEnded(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  reason: Error,
): Promise<void> {
  for (const end of [reader.read(), reader.closed]) {
    const outcome = await end.then(() => "no error", (error: unknown) => error);
    check(outcome === reason, `A stream that was aborted ended with ${String(outcome)}`);
  }
}

function lengthOf({ value }: ReadableStreamReadResult<Uint8Array>): number {
  return value?.length ?? 0;
}

function streamOf(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) controller.close();
      else controller.enqueue(bytes.slice(at, at += PIECE));
    },
  });
}

/** Gives all of `bytes` but the end, and then fails. */
function failingStream(bytes: Uint8Array<ArrayBuffer>, error: Error): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at + PIECE >= bytes.length) controller.error(error);
      else controller.enqueue(bytes.slice(at, at += PIECE));
    },
  });
}

/** Gives half of `bytes`, and the rest when `end` resolves. */
function haltingStream(
  bytes: Uint8Array<ArrayBuffer>,
  end: Promise<void>,
): { readonly stream: ReadableStream<Uint8Array>; readonly given: Promise<void> } {
  const given = Promise.withResolvers<void>();
  let at = 0;
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (at >= bytes.length) return controller.close();
      if (at >= bytes.length / 2) {
        given.resolve();
        await end;
      }
      controller.enqueue(bytes.slice(at, at += PIECE));
    },
  });
  return { stream, given: given.promise };
}

async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    pieces.push(next.value);
  }
  return joined(pieces);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
