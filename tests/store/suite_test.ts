import { StoreError } from "../../lib/errors.ts";
import { isLostLease } from "../../lib/store/_lost_lease.ts";
import { MemoryLeases } from "../../lib/store/_memory_leases.ts";
import { join, piecesOf, pulledStream, readStream, streamOf } from "../../lib/store/_streams.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import type {
  Store,
  StoreCallOptions,
  StoreGetOptions,
  StoreLease,
  StoreListEntry,
  StoreSetOptions,
  StoreSubject,
  StoreSupports,
} from "../../lib/store/mod.ts";
import { namespacedStore, sealedStore, storeSuite } from "../../lib/store/mod.ts";
import { assert, rejects, test, testOn } from "../harness.ts";

class Place extends Map<string, { bytes: Uint8Array<ArrayBuffer>; expires: number }> {
  readonly leases = new MemoryLeases();
}

/**
 * A store as a third party might write it; each bug overrides one of its methods. The place is a
 * `Map` of its own, so that several handles can share it.
 */
class ToyStore implements Store {
  readonly name: string = "toy";
  readonly supports: StoreSupports = {
    persistent: true,
    lease: true,
    streams: true,
    expiry: true,
  };
  protected closed = false;
  protected readonly closing = new AbortController();

  constructor(readonly place: Place) {}

  protected check(key?: unknown): void {
    if (this.closed) throw new StoreError("Closed", { store: "toy", operation: "get" });
    if (key === undefined && arguments.length === 0) return;
    if (typeof key !== "string" || !key.isWellFormed()) throw new TypeError("No key");
    if (key === "" || key.length > 1024) throw new RangeError("No length for a key");
  }

  protected placeOf(key: string): string {
    return key;
  }

  protected copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    return new Uint8Array(bytes);
  }

  protected isLive(expires: number): boolean {
    return expires > Date.now();
  }

  protected giveUp(options?: StoreCallOptions): void {
    options?.signal?.throwIfAborted();
  }

  // deno-lint-ignore require-await
  async get(
    key: string,
    options?: StoreGetOptions,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    this.check(key);
    this.giveUp(options);
    const entry = this.place.get(this.placeOf(key));
    if (entry === undefined || !this.isLive(entry.expires)) return undefined;
    options?.onEntry?.({ expires: entry.expires });
    return this.copy(entry.bytes);
  }

  // deno-lint-ignore require-await
  async set(key: string, bytes: Uint8Array, options?: StoreSetOptions): Promise<void> {
    this.check(key);
    this.giveUp(options);
    if (!(bytes instanceof Uint8Array)) throw new TypeError("No bytes");
    const expires = options?.expires;
    if (expires !== undefined && typeof expires !== "number") throw new TypeError("No moment");
    if (expires !== undefined && !Number.isFinite(expires)) throw new RangeError("No moment");
    if (options?.lease !== undefined) this.place.leases.check(key, options.lease);
    this.place.set(this.placeOf(key), { bytes: this.copy(bytes), expires: expires ?? Infinity });
  }

  // deno-lint-ignore require-await
  async delete(key: string, options?: StoreCallOptions): Promise<boolean> {
    this.check(key);
    this.giveUp(options);
    const entry = this.place.get(this.placeOf(key));
    this.place.delete(this.placeOf(key));
    return entry !== undefined && this.isLive(entry.expires);
  }

  async *list(prefix = "", options?: StoreCallOptions): AsyncIterableIterator<StoreListEntry> {
    this.check();
    if (typeof prefix !== "string") throw new TypeError("No prefix");
    this.giveUp(options);
    for (const [key, { bytes, expires }] of [...this.place]) {
      if (!key.startsWith(prefix) || !this.isLive(expires)) continue;
      yield { key, size: bytes.length, expires };
      this.giveUp(options);
    }
  }

  // deno-lint-ignore require-await
  async lease(
    key: string,
    duration: number,
    options?: StoreCallOptions,
  ): Promise<StoreLease | undefined> {
    this.check(key);
    this.giveUp(options);
    if (typeof duration !== "number") throw new TypeError("No duration");
    if (!(duration > 0 && duration < Infinity)) throw new RangeError("No duration");
    return this.place.leases.take(key, duration);
  }

  async getStream(
    key: string,
    options?: StoreGetOptions,
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | undefined> {
    const bytes = await this.get(key, options);
    return bytes && streamOf(bytes, options);
  }

  async setStream(
    key: string,
    stream: ReadableStream<Uint8Array>,
    options: StoreSetOptions = {},
  ): Promise<void> {
    this.check(key);
    this.giveUp(options);
    const { signal } = options;
    const signals = signal === undefined ? [] : [signal];
    const ends = AbortSignal.any([this.closing.signal, ...signals]);
    await this.set(key, await readStream(stream, { signal: ends }), options);
  }

  // deno-lint-ignore require-await
  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
    this.closing.abort(new StoreError("Closed", { store: "toy", operation: "close" }));
  }
}

type Toy = new (place: Place) => Store;

/** Bugs that stores have had, by the group that has to find them. */
const BUGS: readonly (readonly [group: string, bug: string, toy: Toy])[] = [
  [
    "bytes",
    "keeps the caller's bytes",
    class extends ToyStore {
      protected override copy(bytes: Uint8Array) {
        return bytes as Uint8Array<ArrayBuffer>;
      }
    },
  ],
  [
    "bytes",
    "copies the whole buffer of a view",
    class extends ToyStore {
      override async set(key: string, bytes: Uint8Array, options?: StoreSetOptions) {
        const whole = bytes instanceof Uint8Array ? new Uint8Array(bytes.buffer) : bytes;
        await super.set(key, whole, options);
      }
    },
  ],
  [
    "bytes",
    "takes 0 bytes for nothing",
    class extends ToyStore {
      override async get(key: string) {
        const bytes = await super.get(key);
        return bytes?.length ? bytes : undefined;
      }
    },
  ],
  [
    "bytes",
    "overwrites in place, so that the end of longer bytes stays",
    class extends ToyStore {
      override async set(key: string, bytes: Uint8Array, options?: StoreSetOptions) {
        const old = this.place.get(key)?.bytes;
        await super.set(key, bytes, options);
        const entry = this.place.get(key)!;
        if (old !== undefined && old.length > bytes.length) {
          entry.bytes = new Uint8Array([...bytes, ...old.subarray(bytes.length)]);
        }
      }
    },
  ],
  [
    "bytes",
    "says of every delete that there was an entry",
    class extends ToyStore {
      override async delete(key: string) {
        await super.delete(key);
        return true;
      }
    },
  ],
  [
    "keys",
    "folds case",
    class extends ToyStore {
      protected override placeOf(key: string) {
        return key.toLowerCase();
      }
    },
  ],
  [
    "keys",
    "folds Unicode normal forms",
    class extends ToyStore {
      protected override placeOf(key: string) {
        return key.normalize("NFC");
      }
    },
  ],
  [
    "keys",
    "resolves dots and slashes",
    class extends ToyStore {
      protected override placeOf(key: string) {
        return new URL(encodeURI(key), "file:///root/").pathname;
      }
    },
  ],
  [
    "keys",
    "cuts long names",
    class extends ToyStore {
      protected override placeOf(key: string) {
        return key.slice(0, 255);
      }
    },
  ],
  [
    "keys",
    "checks no key",
    class extends ToyStore {
      protected override check() {
        super.check("key");
      }
    },
  ],
  [
    "list",
    "takes a prefix for a folder",
    class extends ToyStore {
      override async *list(prefix = "") {
        for await (const entry of super.list()) {
          if (prefix === "" || entry.key.startsWith(`${prefix}/`)) yield entry;
        }
      }
    },
  ],
  [
    "list",
    "lists one page of 100",
    class extends ToyStore {
      override async *list(prefix = "") {
        let count = 0;
        for await (const entry of super.list(prefix)) if (count++ < 100) yield entry;
      }
    },
  ],
  [
    "expiry",
    "ignores expiry",
    class extends ToyStore {
      protected override isLive() {
        return true;
      }
    },
  ],
  [
    "expiry",
    "keeps an entry a moment too long",
    class extends ToyStore {
      protected override isLive(expires: number) {
        return expires >= Date.now();
      }
    },
  ],
  [
    "expiry",
    "keeps the old expiry of an entry that is overwritten",
    class extends ToyStore {
      override async set(key: string, bytes: Uint8Array, options?: StoreSetOptions) {
        const old = this.place.get(key);
        await super.set(key, bytes, options);
        if (old !== undefined && options?.expires === undefined) {
          this.place.get(key)!.expires = old.expires;
        }
      }
    },
  ],
  [
    "expiry",
    "takes NaN for never",
    class extends ToyStore {
      override async set(key: string, bytes: Uint8Array, options?: StoreSetOptions) {
        await super.set(key, bytes, Number.isNaN(options?.expires) ? {} : options);
      }
    },
  ],
  [
    "expiry",
    "takes an entry from before the clock was set back for expired",
    class extends ToyStore {
      #last = 0;
      protected override isLive(expires: number) {
        const now = Date.now();
        const jumped = now < this.#last;
        this.#last = Math.max(this.#last, now);
        return !jumped && super.isLive(expires);
      }
    },
  ],
  [
    "expiry",
    "does not tell when an entry expires",
    class extends ToyStore {
      override get(key: string, options?: StoreGetOptions) {
        return super.get(key, { signal: options?.signal });
      }
    },
  ],
  [
    "expiry",
    "lists without expiry",
    class extends ToyStore {
      override async *list(prefix = "", options?: StoreCallOptions) {
        for await (const { key, size } of super.list(prefix, options)) yield { key, size };
      }
    },
  ],
  [
    "concurrency",
    "writes in two steps",
    class extends ToyStore {
      override async set(key: string, bytes: Uint8Array, options?: StoreSetOptions) {
        const half = bytes.length >> 1;
        await super.set(key, bytes.slice(0, half), options);
        await new Promise((resolve) => setTimeout(resolve));
        const entry = this.place.get(key)!;
        entry.bytes = new Uint8Array([...entry.bytes, ...bytes.subarray(half)]);
      }
    },
  ],
  [
    "concurrency",
    "deletes before it sets",
    class extends ToyStore {
      override async set(key: string, bytes: Uint8Array, options?: StoreSetOptions) {
        const copy = new Uint8Array(bytes);
        this.place.delete(key);
        await new Promise((resolve) => setTimeout(resolve));
        await super.set(key, copy, options);
      }
    },
  ],
  [
    "lifecycle",
    "goes on after closing",
    class extends ToyStore {
      override async [Symbol.asyncDispose]() {}
    },
  ],
  [
    "lifecycle",
    "cannot be closed twice",
    class extends ToyStore {
      override async [Symbol.asyncDispose]() {
        this.check();
        await super[Symbol.asyncDispose]();
      }
    },
  ],
  [
    "persistence",
    "empties the place when it is closed",
    class extends ToyStore {
      override async [Symbol.asyncDispose]() {
        this.place.clear();
        await super[Symbol.asyncDispose]();
      }
    },
  ],
  [
    "persistence",
    "remembers what it has read",
    class extends ToyStore {
      readonly #read = new Map<string, Uint8Array<ArrayBuffer> | undefined>();
      override async get(key: string) {
        if (!this.#read.has(key)) this.#read.set(key, await super.get(key));
        return this.#read.get(key)?.slice();
      }
      override async set(key: string, bytes: Uint8Array, options?: StoreSetOptions) {
        this.#read.delete(key);
        await super.set(key, bytes, options);
      }
    },
  ],
  [
    "bytes",
    "keeps 64 MiB at most",
    class extends ToyStore {
      protected override copy(bytes: Uint8Array) {
        return super.copy(bytes.subarray(0, 0x4000000));
      }
    },
  ],
  [
    "list",
    "lists at most 10,000 entries",
    class extends ToyStore {
      override async *list(prefix = "") {
        let count = 0;
        for await (const entry of super.list(prefix)) if (count++ < 10_000) yield entry;
      }
    },
  ],
  [
    "abort",
    "takes no notice of signals",
    class extends ToyStore {
      protected override giveUp() {}
    },
  ],
  [
    "abort",
    "rejects with an error of its own",
    class extends ToyStore {
      protected override giveUp(options?: StoreCallOptions) {
        if (options?.signal?.aborted) throw new Error("Aborted");
      }
    },
  ],
  [
    "abort",
    "acts before it looks at the signal",
    class extends ToyStore {
      override async delete(key: string, options?: StoreCallOptions) {
        const done = await super.delete(key);
        this.giveUp(options);
        return done;
      }
    },
  ],
  [
    "abort",
    "lists on after an abort",
    class extends ToyStore {
      override async *list(prefix = "", options?: StoreCallOptions) {
        this.giveUp(options);
        yield* super.list(prefix);
      }
    },
  ],
  [
    "lease",
    "leases a key to everybody",
    class extends ToyStore {
      #count = 0;
      override lease(key: string, duration: number) {
        return super.lease(`${key}${this.#count++}`, duration);
      }
    },
  ],
  [
    "lease",
    "leases to one of each handle",
    class extends ToyStore {
      readonly #own = new MemoryLeases();
      override async lease(key: string, duration: number, options?: StoreCallOptions) {
        const lease = await super.lease(key, duration, options);
        return this.#own.take(key, duration) ?? lease;
      }
    },
  ],
  [
    "lease",
    "numbers its leases downwards",
    class extends ToyStore {
      override async lease(key: string, duration: number, options?: StoreCallOptions) {
        const lease = await super.lease(key, duration, options);
        return lease && { ...lease, token: -lease.token };
      }
    },
  ],
  [
    "lease",
    "does not tell a lost lease from a failure",
    class extends ToyStore {
      override async set(key: string, bytes: Uint8Array, options?: StoreSetOptions) {
        await super.set(key, bytes, options).catch((error) => {
          if (!isLostLease(error)) throw error;
          throw new StoreError("Failed", { store: "toy", operation: "set" });
        });
      }
    },
  ],
  [
    "lease",
    "heeds no lease but that it is held",
    class extends ToyStore {
      override async set(key: string, bytes: Uint8Array, options?: StoreSetOptions) {
        const { lease } = options ?? {};
        if (lease !== undefined) this.place.leases.check(lease.key, lease);
        await super.set(key, bytes, { ...options, lease: undefined });
      }
    },
  ],
  [
    "lease",
    "never ends a lease by itself",
    class extends ToyStore {
      override lease(key: string, duration: number, options?: StoreCallOptions) {
        const given = Number.isFinite(duration) && duration > 0 ? 3_600_000 : duration;
        return super.lease(key, given, options);
      }
    },
  ],
  [
    "lease",
    "writes under a lost lease",
    class extends ToyStore {
      override set(key: string, bytes: Uint8Array, options: StoreSetOptions = {}) {
        return super.set(key, bytes, { ...options, lease: undefined });
      }
    },
  ],
  [
    "lease",
    "keeps its leases as entries",
    class extends ToyStore {
      override async lease(key: string, duration: number, options?: StoreCallOptions) {
        const lease = await super.lease(key, duration, options);
        await this.set(`${key} lease`, new Uint8Array(1));
        return lease;
      }
    },
  ],
  [
    "streams",
    "keeps the first half of a stream that fails",
    class extends ToyStore {
      override async setStream(
        key: string,
        stream: ReadableStream<Uint8Array>,
        options: StoreSetOptions = {},
      ) {
        const kept: number[] = [];
        try {
          for await (const piece of piecesOf(stream, options)) kept.push(...piece);
        } finally {
          await this.set(key, new Uint8Array(kept), options);
        }
      }
    },
  ],
  [
    "streams",
    "writes a stream under a lost lease",
    class extends ToyStore {
      override setStream(
        key: string,
        stream: ReadableStream<Uint8Array>,
        options: StoreSetOptions = {},
      ) {
        return super.setStream(key, stream, { ...options, lease: undefined });
      }
    },
  ],
  [
    "streams",
    "streams one piece",
    class extends ToyStore {
      override async getStream(key: string, options?: StoreCallOptions) {
        const bytes = await this.get(key, options);
        return bytes && streamOf(bytes.subarray(0, 0x10000), options);
      }
    },
  ],
  [
    "bytes",
    "hands out its own bytes",
    class extends ToyStore {
      override async get(key: string, options?: StoreGetOptions) {
        const bytes = await super.get(key, options);
        return bytes && this.place.get(key)!.bytes;
      }
    },
  ],
  [
    "list",
    "takes a prefix for a pattern of SQL",
    class extends ToyStore {
      override async *list(prefix = "", options?: StoreCallOptions) {
        for await (const entry of super.list("", options)) {
          const start = [...entry.key.slice(0, prefix.length)];
          if (start.length !== prefix.length) continue;
          if (start.every((unit, i) => prefix[i] === "_" || prefix[i] === unit)) yield entry;
        }
      }
    },
  ],
  [
    "expiry",
    "lists what has expired",
    class extends ToyStore {
      override async *list(prefix = "") {
        for (const [key, { bytes, expires }] of [...this.place]) {
          if (key.startsWith(prefix)) yield { key, size: bytes.length, expires };
        }
      }
    },
  ],
  [
    "expiry",
    "keeps expiries in seconds",
    class extends ToyStore {
      override set(key: string, bytes: Uint8Array, options: StoreSetOptions = {}) {
        const { expires } = options;
        const whole = typeof expires !== "number" ? expires : Math.ceil(expires / 1000) * 1000;
        return super.set(key, bytes, { ...options, expires: whole });
      }
    },
  ],
  [
    "expiry",
    "takes an expiry that no Date has for one that is over",
    class extends ToyStore {
      protected override isLive(expires: number) {
        return expires === Infinity || new Date(expires).getTime() > Date.now();
      }
    },
  ],
  [
    "expiry",
    "tells the moment when an entry is read for that of its expiry",
    class extends ToyStore {
      override get(key: string, { signal, onEntry }: StoreGetOptions = {}) {
        return super.get(key, { signal, onEntry: () => onEntry?.({ expires: Date.now() }) });
      }
    },
  ],
  [
    "expiry",
    "tells of an entry that has expired",
    class extends ToyStore {
      override get(key: string, options?: StoreGetOptions) {
        const entry = this.place.get(key);
        if (entry !== undefined) options?.onEntry?.({ expires: entry.expires });
        return super.get(key, { signal: options?.signal });
      }
    },
  ],
  [
    "lease",
    "takes the milliseconds of a lease for seconds of a thousandth",
    class extends ToyStore {
      override lease(key: string, duration: number, options?: StoreCallOptions) {
        const given = typeof duration === "number" ? duration / 1e6 : duration;
        return super.lease(key, given, options);
      }
    },
  ],
  [
    "lease",
    "renews a lease in words only",
    class extends ToyStore {
      override async lease(key: string, duration: number, options?: StoreCallOptions) {
        const lease = await super.lease(key, duration, options);
        if (lease === undefined) return undefined;
        let held = true;
        const end = performance.now() + duration;
        return Object.assign(Object.create(lease), {
          key,
          token: lease.token,
          renew: () => Promise.resolve(held && performance.now() < end),
          [Symbol.asyncDispose]: () => {
            held = false;
            return lease[Symbol.asyncDispose]();
          },
        });
      }
    },
  ],
  [
    "lease",
    "ends a lease where its entry is deleted",
    class extends ToyStore {
      readonly #held = new Map<string, StoreLease>();
      override async lease(key: string, duration: number, options?: StoreCallOptions) {
        const lease = await super.lease(key, duration, options);
        if (lease !== undefined) this.#held.set(key, lease);
        return lease;
      }
      override async delete(key: string, options?: StoreCallOptions) {
        await this.#held.get(key)?.[Symbol.asyncDispose]();
        return await super.delete(key, options);
      }
    },
  ],
  [
    "streams",
    "shows a stream while it comes",
    class extends ToyStore {
      override async setStream(
        key: string,
        stream: ReadableStream<Uint8Array>,
        options: StoreSetOptions = {},
      ) {
        this.check(key);
        this.giveUp(options);
        const old = this.place.get(key);
        const kept: Uint8Array<ArrayBuffer>[] = [];
        try {
          for await (const piece of piecesOf(stream, options)) {
            kept.push(new Uint8Array(piece));
            await this.set(key, join(kept), options);
          }
          await this.set(key, join(kept), options);
        } catch (error) {
          if (old === undefined) this.place.delete(key);
          else this.place.set(key, old);
          throw error;
        }
      }
    },
  ],
  [
    "streams",
    "waits on closing for a stream that never ends",
    class extends ToyStore {
      #written: Promise<unknown> = Promise.resolve();
      override setStream(
        key: string,
        stream: ReadableStream<Uint8Array>,
        options: StoreSetOptions = {},
      ) {
        const written = super.setStream(key, stream, options);
        this.#written = written.catch(() => {});
        return written;
      }
      override async [Symbol.asyncDispose]() {
        await this.#written;
        await super[Symbol.asyncDispose]();
      }
    },
  ],
  [
    "streams",
    "streams parts of its own bytes",
    class extends ToyStore {
      override async getStream(key: string, options?: StoreGetOptions) {
        await this.get(key, options);
        const bytes = this.place.get(key)?.bytes;
        let at = 0;
        const next = () => at < bytes!.length ? bytes!.subarray(at, at += 0x10000) : undefined;
        return bytes && pulledStream({ next }, options);
      }
    },
  ],
  [
    "streams",
    "forgets the expiry of a stream",
    class extends ToyStore {
      override setStream(
        key: string,
        stream: ReadableStream<Uint8Array>,
        options: StoreSetOptions = {},
      ) {
        return super.setStream(key, stream, { ...options, expires: undefined });
      }
    },
  ],
  [
    "streams",
    "streams on after an abort",
    class extends ToyStore {
      override async getStream(key: string, options?: StoreGetOptions) {
        const bytes = await this.get(key, options);
        return bytes && streamOf(bytes);
      }
    },
  ],
  [
    "streams",
    "ends a stream that was aborted as if it were whole",
    class extends ToyStore {
      override async getStream(key: string, options?: StoreGetOptions) {
        const bytes = await this.get(key, options);
        let at = 0;
        return bytes && new ReadableStream<Uint8Array<ArrayBuffer>>({
          pull(controller) {
            if (options?.signal?.aborted || at >= bytes.length) controller.close();
            else controller.enqueue(bytes.slice(at, at += 0x10000));
          },
        });
      }
    },
  ],
  [
    "streams",
    "reads on in the entry that replaced the one it streams",
    class extends ToyStore {
      override async getStream(key: string, options?: StoreCallOptions) {
        if (await this.get(key, options) === undefined) return undefined;
        let at = 0;
        return new ReadableStream<Uint8Array<ArrayBuffer>>({
          pull: async (controller) => {
            const bytes = await this.get(key);
            if (bytes === undefined || at >= bytes.length) controller.close();
            else controller.enqueue(bytes.slice(at, at += 0x10000));
          },
        });
      }
    },
  ],
];

/** Runs the whole suite, and gives the titles of its tests with what each threw. */
async function outcomes(factory: () => StoreSubject): Promise<Map<string, unknown>> {
  const tests: [string, () => Promise<void>][] = [];
  await storeSuite("toy", factory, { test: (name, body) => tests.push([name, body]) });
  const found = new Map<string, unknown>();
  for (const [name, body] of tests) {
    found.set(name, await body().then(() => undefined, (error: unknown) => error));
  }
  return found;
}

function subjectOf(toy: Toy): () => StoreSubject {
  return () => {
    const place = new Place();
    return { store: new toy(place), reopen: () => new toy(place) };
  };
}

test("storeSuite() has nothing against a store without a bug", async () => {
  for (const [name, error] of await outcomes(subjectOf(ToyStore))) {
    assert.isUndefined(error, name);
  }
});

for (const [group, bug, toy] of BUGS) {
  test(`storeSuite() finds in its ${group} a store that ${bug}`, async () => {
    const found: string[] = [];
    const tests: [string, () => Promise<void>][] = [];
    const subject = subjectOf(toy);
    const title = `toy store, ${group}: `;
    await storeSuite("toy", subject, {
      test: (name, body) => tests.push([name, body]),
    }).catch(() => {
      found.push("the first closing"); // A store that cannot be closed twice.
    });
    for (const [name, body] of tests) {
      if (name.startsWith(title)) await body().catch(() => found.push(name));
    }
    assert.isNotEmpty(found);
  });
}

test("storeSuite() skips by the manifest and says why", async () => {
  const skipped: [string, string][] = [];
  await storeSuite("memory", () => ({ store: memoryStore() }), {
    test: () => {},
    skip: (...entry) => skipped.push(entry),
  });
  assert.isNotEmpty(skipped);
  for (const [name, because] of skipped) {
    assert.match(name, /^memory store, persistence: /);
    assert.equal(because, "supports.persistent is false");
  }
});

test("storeSuite() without a skip reports what it skips as a test of that name", async () => {
  const names: string[] = [];
  await storeSuite("memory", () => ({ store: memoryStore() }), {
    test: (name) => names.push(name),
  });
  assert.isNotEmpty(
    names.filter((name) => name.endsWith("(skipped: supports.persistent is false)")),
  );
});

test("storeSuite() fails a store that claims to be persistent and cannot be reopened", async () => {
  const found = await outcomes(() => ({ store: new ToyStore(new Place()) }));
  const failed = [...found].filter(([, error]) => error !== undefined);
  assert.isNotEmpty(failed);
  for (const [name, error] of failed) {
    assert.match(name, /persistence|lease|when it is closed/);
    assert.match(String(error), /needs reopen/);
  }
});

test("storeSuite() cleans up after every test, also one that fails", async () => {
  let open = 0;
  await outcomes(() => {
    open++;
    return { store: new ToyStore(new Place()), cleanup: () => void open-- };
  });
  assert.equal(open, 0);
});

test("storeSuite() passes on why no store could be made", async () => {
  const factory = () => Promise.reject(new Error("No server"));
  await rejects(storeSuite("toy", factory, { test: () => {} }), Error, /No server/);
});

/** A store that is filled by other means than itself. */
class ReadOnlyToy extends ToyStore {
  override readonly supports: StoreSupports = { persistent: true, readOnly: true };

  override set(): Promise<void> {
    return Promise.reject(new StoreError("Read-only", { store: "toy", operation: "set" }));
  }

  override delete(): Promise<boolean> {
    return Promise.reject(new StoreError("Read-only", { store: "toy", operation: "delete" }));
  }
}

function readOnlySubject(toy: Toy): () => StoreSubject {
  return () => {
    const place = new Place();
    return {
      store: new toy(place),
      reopen: () => new toy(place),
      fill: (key, bytes) => new ToyStore(place).set(key, bytes),
    };
  };
}

test("storeSuite() asks of a read-only store that it reads and refuses to write", async () => {
  const skipped = new Set<string>();
  const tests: [string, () => Promise<void>][] = [];
  await storeSuite("toy", readOnlySubject(ReadOnlyToy), {
    test: (name, body) => tests.push([name, body]),
    skip: (_, because) => skipped.add(because),
  });
  for (const [, body] of tests) await body();
  assert.isTrue(tests.every(([name]) => name.startsWith("toy store, read-only: ")));
  assert.deepEqual([...skipped], ["supports.readOnly is true"]);
});

test("storeSuite() finds a read-only store that writes", async () => {
  class Writing extends ToyStore {
    override readonly supports: StoreSupports = { persistent: true, readOnly: true };
  }
  const found = await outcomes(readOnlySubject(Writing));
  assert.isNotEmpty([...found.values()].filter((error) => error !== undefined));
});

test("storeSuite() skips entries that are larger than the manifest allows", async () => {
  class Small extends ToyStore {
    override readonly supports: StoreSupports = { persistent: true, maxBytes: 0x200000 };
  }
  const skipped: string[] = [];
  await storeSuite("toy", subjectOf(Small), {
    test: () => {},
    skip: (_, because) => skipped.push(because),
  });
  assert.include(skipped, "supports.maxBytes is 2097152");
});

test("storeSuite() finds a store that keeps the start of what is larger than it allows", async () => {
  class Cutting extends ToyStore {
    override readonly supports: StoreSupports = { persistent: true, maxBytes: 0x100000 };

    protected override copy(bytes: Uint8Array) {
      return super.copy(bytes.subarray(0, 0x100000));
    }
  }
  const failed = [...await outcomes(subjectOf(Cutting))].filter(([, error]) => error !== undefined);
  assert.deepEqual(failed.map(([name]) => name), [
    "toy store, bytes: takes as much as it says, and of more all or nothing",
  ]);
});

test("storeSuite() has nothing against wrappers round a store with little room", async () => {
  const inner = () => memoryStore({ maxBytes: 0x100000 });
  const stores: readonly (() => Store)[] = [
    inner,
    () => namespacedStore(inner(), "part"),
    () => sealedStore(inner(), { secret: "a secret of this test" }),
  ];
  for (const make of stores) {
    const tests: (() => Promise<void>)[] = [];
    await storeSuite("little", () => ({ store: make() }), {
      test: (name, body) => name.includes("as much as it says") && tests.push(body),
      skip: () => {},
    });
    assert.equal(tests.length, 1);
    await tests[0]();
  }
});

test("storeSuite() gives every test of another runner a limit of minutes", async () => {
  const limits = new Set<number | undefined>();
  await storeSuite("memory", () => ({ store: memoryStore() }), {
    test: (_name, _body, timeout) => limits.add(timeout),
    skip: () => {},
  });
  assert.deepEqual([...limits], [300_000]);
});

testOn(
  ["bun"],
  "it is about bun test",
  "storeSuite() finds the runner of a test file of Bun, and its limits stop no case",
  () => {
    const { Bun, process } = globalThis as unknown as {
      Bun: {
        fileURLToPath(url: string): string;
        spawnSync(command: string[], options: object): { exitCode: number; stderr: Uint8Array };
      };
      process: { execPath: string };
    };
    const file = Bun.fileURLToPath(import.meta.resolve("./fixtures/user_suite.ts"));
    // One millisecond for each test that has no limit of its own.
    const command = [process.execPath, "test", "--timeout", "1", file];
    const { exitCode, stderr } = Bun.spawnSync(command, { stdout: "ignore", stderr: "pipe" });
    const report = new TextDecoder().decode(stderr);
    assert.equal(exitCode, 0, report);
    assert.match(report, /\n\s*\d{2,3} pass\n\s*\d+ skip\n\s*0 fail\n/);
  },
);

test("storeSuite() without any runner says how to pass one", async () => {
  const test = "none" as unknown as () => void;
  const suite = storeSuite("memory", () => ({ store: memoryStore() }), { test });
  await rejects(suite, TypeError, /no test runner; pass the one of yours/);
});
