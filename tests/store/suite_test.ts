import { StoreError } from "../../lib/errors.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import type { Store, StoreListEntry, StoreSubject } from "../../lib/store/mod.ts";
import { storeSuite } from "../../lib/store/mod.ts";
import { assert, rejects, test } from "../harness.ts";

type Place = Map<string, { bytes: Uint8Array<ArrayBuffer>; expires: number }>;

/**
 * A store as a third party might write it; each bug overrides one of its methods. The place is a
 * `Map` of its own, so that several handles can share it.
 */
class ToyStore implements Store {
  readonly name: string = "toy";
  readonly supports = { persistent: true };
  protected closed = false;

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

  // deno-lint-ignore require-await
  async get(key: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    this.check(key);
    const entry = this.place.get(this.placeOf(key));
    return entry && this.isLive(entry.expires) ? this.copy(entry.bytes) : undefined;
  }

  // deno-lint-ignore require-await
  async set(key: string, bytes: Uint8Array, options?: { expires?: number }): Promise<void> {
    this.check(key);
    if (!(bytes instanceof Uint8Array)) throw new TypeError("No bytes");
    const expires = options?.expires;
    if (expires !== undefined && typeof expires !== "number") throw new TypeError("No moment");
    if (expires !== undefined && !Number.isFinite(expires)) throw new RangeError("No moment");
    this.place.set(this.placeOf(key), { bytes: this.copy(bytes), expires: expires ?? Infinity });
  }

  // deno-lint-ignore require-await
  async delete(key: string): Promise<boolean> {
    this.check(key);
    const entry = this.place.get(this.placeOf(key));
    this.place.delete(this.placeOf(key));
    return entry !== undefined && this.isLive(entry.expires);
  }

  async *list(prefix = ""): AsyncIterableIterator<StoreListEntry> {
    this.check();
    if (typeof prefix !== "string") throw new TypeError("No prefix");
    for (const [key, { bytes, expires }] of [...this.place]) {
      if (key.startsWith(prefix) && this.isLive(expires)) yield { key, size: bytes.length };
    }
  }

  // deno-lint-ignore require-await
  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
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
      override async set(key: string, bytes: Uint8Array, options?: { expires?: number }) {
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
      override async set(key: string, bytes: Uint8Array, options?: { expires?: number }) {
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
      override async set(key: string, bytes: Uint8Array, options?: { expires?: number }) {
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
      override async set(key: string, bytes: Uint8Array, options?: { expires?: number }) {
        await super.set(key, bytes, Number.isNaN(options?.expires) ? {} : options);
      }
    },
  ],
  [
    "concurrency",
    "writes in two steps",
    class extends ToyStore {
      override async set(key: string, bytes: Uint8Array, options?: { expires?: number }) {
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
      override async set(key: string, bytes: Uint8Array, options?: { expires?: number }) {
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
      override async set(key: string, bytes: Uint8Array, options?: { expires?: number }) {
        this.#read.delete(key);
        await super.set(key, bytes, options);
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
    const place: Place = new Map();
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
    await storeSuite("toy", subject, { test: (...entry) => tests.push(entry) }).catch(() => {
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
  const found = await outcomes(() => ({ store: new ToyStore(new Map()) }));
  const failed = [...found].filter(([, error]) => error !== undefined);
  assert.isNotEmpty(failed);
  for (const [name, error] of failed) {
    assert.match(name, /persistence/);
    assert.match(String(error), /needs reopen/);
  }
});

test("storeSuite() cleans up after every test, also one that fails", async () => {
  let open = 0;
  await outcomes(() => {
    open++;
    return { store: new ToyStore(new Map()), cleanup: () => void open-- };
  });
  assert.equal(open, 0);
});

test("storeSuite() passes on why no store could be made", async () => {
  const factory = () => Promise.reject(new Error("No server"));
  await rejects(storeSuite("toy", factory, { test: () => {} }), Error, /No server/);
});
