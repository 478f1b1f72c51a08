import { StoreError } from "../../lib/errors.ts";
import { createCache } from "../../lib/function/create_cache.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import type { Store, StoreLease } from "../../lib/store/store.ts";
import { assert, test } from "../harness.ts";
import { reasonOf, until } from "./_kinds.ts";
import { Recorder } from "./_recorder.ts";

/**
 * Another handle on what a store holds, as another process has: calls through two of them know
 * nothing of each other but what stands in the store.
 */
function handle(store: Store, change: Partial<Store> = {}): Store {
  return {
    name: store.name,
    supports: store.supports,
    get: (...args) => store.get(...args),
    set: (...args) => store.set(...args),
    delete: (...args) => store.delete(...args),
    list: (...args) => store.list(...args),
    lease: (...args) => store.lease!(...args),
    [Symbol.asyncDispose]: () => Promise.resolve(),
    ...change,
  };
}

/** A function on one handle, whose runs end when the test says so. */
function process(store: Store, runs: PromiseWithResolvers<string>[]) {
  const recorder = new Recorder();
  const fn = (_id: string, _options: { signal?: AbortSignal } = {}) => {
    runs.push(Promise.withResolvers());
    return runs.at(-1)!.promise;
  };
  const deja = createCache({ store, onEvent: recorder.onEvent });
  return { f: deja.persistent("f", fn, { code: "ignore" }), recorder };
}

const heard = (recorder: Recorder, type: string) =>
  recorder.events.some((event) => event.type === type);

test("processes that share a store with leases compute a result once", async () => {
  const store = memoryStore();
  const runs: PromiseWithResolvers<string>[] = [];
  const [one, two, three] = [1, 2, 3].map(() => process(handle(store), runs));
  const first = one.f("a");
  await until(() => runs.length === 1);
  const others = [two.f("a"), three.f("a")];
  await until(() => heard(two.recorder, "join") && heard(three.recorder, "join"));
  const join = two.recorder.events.find(({ type }) => type === "join");
  assert.deepInclude(join, { where: "elsewhere" });
  runs[0].resolve("once");
  assert.deepEqual(await Promise.all([first, ...others]), ["once", "once", "once"]);
  assert.lengthOf(runs, 1);
});

test("a result that another stored just before the lease was granted counts as joined", async () => {
  const store = memoryStore();
  const runs: PromiseWithResolvers<string>[] = [];
  const other = process(handle(store), runs);
  const { f, recorder } = process(
    handle(store, {
      lease: async (...args) => {
        const call = other.f("a");
        await until(() => runs.length === 1);
        runs[0].resolve("before");
        await call;
        return await store.lease!(...args);
      },
    }),
    runs,
  );
  assert.equal(await f("a"), "before");
  assert.deepEqual(recorder.take(), ["miss", "join"]);
  assert.lengthOf(runs, 1);
});

test("a process takes over where the one that computes fails", async () => {
  const store = memoryStore();
  const runs: PromiseWithResolvers<string>[] = [];
  const [one, two] = [1, 2].map(() => process(handle(store), runs));
  const first = one.f("a");
  await until(() => runs.length === 1);
  const second = two.f("a");
  await until(() => heard(two.recorder, "join"));
  const failure = new Error("failed");
  runs[0].reject(failure);
  assert.strictEqual(await reasonOf(first), failure);
  await until(() => runs.length === 2);
  runs[1].resolve("second");
  assert.equal(await second, "second");
});

test("a process takes over when the lease of one that died runs out", async () => {
  const store = memoryStore();
  const runs: PromiseWithResolvers<string>[] = [];
  const { f, recorder } = process(handle(store), runs);
  const key = `f/${await f.key("a")}`;
  const dead = await store.lease!(key, 40);
  assert.isDefined(dead);
  const call = f("a");
  await until(() => heard(recorder, "join"));
  await until(() => runs.length === 1);
  runs[0].resolve("taken over");
  assert.equal(await call, "taken over");
});

test("a caller that waits for another process may give up", async () => {
  const store = memoryStore();
  const runs: PromiseWithResolvers<string>[] = [];
  const { f, recorder } = process(handle(store), runs);
  await using _lease = await store.lease!(`f/${await f.key("a")}`, 60_000);
  const controller = new AbortController();
  const call = f("a", { signal: controller.signal });
  await until(() => heard(recorder, "join"));
  const reason = new Error("gave up");
  controller.abort(reason);
  assert.strictEqual(await reasonOf(call), reason);
  assert.isEmpty(runs);
});

test("a result whose lease was lost is handed out, and stored where nobody else did", async () => {
  const store = memoryStore();
  const runs: PromiseWithResolvers<string>[] = [];
  let lease: StoreLease | undefined;
  const { f, recorder } = process(
    handle(store, { lease: async (...args) => lease = await store.lease!(...args) }),
    runs,
  );
  const call = f("a");
  await until(() => runs.length === 1);
  await lease![Symbol.asyncDispose]();
  runs[0].resolve("late");
  assert.equal(await call, "late");
  assert.deepEqual(recorder.take(), ["miss", "store"]);
  assert.isTrue(await f.has("a"));
});

test("a stream that nobody reads is not waited for, and one whose source is slow is", async () => {
  const store = memoryStore();
  const make = (own: Store, isSlow: boolean) => {
    let runs = 0;
    const go = Promise.withResolvers<void>();
    const fn = () => {
      runs++;
      const pull = async (controller: ReadableStreamDefaultController) => {
        if (isSlow) await go.promise;
        controller.enqueue(new TextEncoder().encode("a"));
        controller.close();
      };
      return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }));
    };
    const options = { code: "ignore", lease: 90 } as const;
    const deja = createCache({ store: own, freeVariables: "ignore", onEvent: () => {} });
    return { f: deja.persistent(isSlow ? "slow" : "f", fn, options), go, runs: () => runs };
  };
  let [renewals, givenBack] = [0, 0];
  const counting = handle(store, {
    lease: async (...args) => {
      const lease = await store.lease!(...args);
      return lease && {
        key: lease.key,
        token: lease.token,
        renew: () => (renewals++, lease.renew()),
        [Symbol.asyncDispose]: () => (givenBack++, lease[Symbol.asyncDispose]()),
      };
    },
  });
  const unread = await make(counting, false).f();
  await until(() => givenBack === 1);
  assert.equal(await (await make(handle(store), false).f()).text(), "a");
  assert.equal(await unread.text(), "a");
  const [slow, other] = [make(counting, true), make(handle(store), true)];
  const reading = (await slow.f()).text();
  const waiting = other.f();
  renewals = 0;
  await until(() => renewals >= 6);
  assert.equal(other.runs(), 0);
  slow.go.resolve();
  assert.equal(await reading, "a");
  assert.equal(await (await waiting).text(), "a");
  assert.equal(other.runs(), 0);
});

test("a store whose leases fail costs an event, and the function still works", async () => {
  const store = memoryStore();
  const runs: PromiseWithResolvers<string>[] = [];
  const failure = new StoreError("No leases today", { store: "fake", operation: "lease" });
  const { f, recorder } = process(
    handle(store, { lease: () => Promise.reject(failure) }),
    runs,
  );
  const call = f("a");
  await until(() => runs.length === 1);
  runs[0].resolve("alone");
  assert.equal(await call, "alone");
  const event = recorder.takeEvents().find(({ type }) => type === "store-error");
  assert.deepInclude(event, { operation: "lease", error: failure });
  assert.isTrue(await f.has("a"));
});

/** What a store may give in place of a lease that it has not thought of. */
const NO_LEASES: Readonly<Record<string, unknown>> = {
  "a number": 5,
  "an object without methods": {},
  "a lease that cannot be given back": { renew: () => Promise.resolve(true) },
  "a lease that cannot be renewed": { [Symbol.asyncDispose]: () => Promise.resolve() },
};

for (const [what, given] of Object.entries(NO_LEASES)) {
  test(`a store that gives ${what} for a lease costs an event, not the call`, async () => {
    const store = handle(memoryStore(), { lease: () => Promise.resolve(given as StoreLease) });
    const recorder = new Recorder();
    const f = createCache({ store, onEvent: recorder.onEvent }).persistent("f", (x: number) => x);
    assert.equal(await f(1), 1);
    const [error] = recorder.events.filter((event) => event.type === "store-error");
    assert.deepInclude(error, { operation: "lease" });
    assert.instanceOf(error.error, StoreError);
    assert.match((error.error as Error).message, /that is no lease: one has renew\(\) and/);
    assert.equal(await f(1), 1);
    assert.equal(f.stats().hits, 1);
  });
}

test("a store that gives null for a lease says that another holds it", async () => {
  const store = memoryStore();
  let asked = 0;
  const held = handle(store, {
    lease: () => Promise.resolve(++asked === 1 ? null as never : lease),
  });
  const lease: StoreLease = {
    key: "",
    token: 1,
    // What throws at once must not reach the caller either.
    renew: () => {
      throw new RangeError("no");
    },
    [Symbol.asyncDispose]: () => {
      throw new RangeError("no");
    },
  };
  const recorder = new Recorder();
  const f = createCache({ store: held, onEvent: recorder.onEvent }).persistent(
    "f",
    (x: number) => x,
  );
  assert.equal(await f(1), 1);
  assert.equal(asked, 2);
  assert.include(recorder.take(), "join");
});

test("createCache() refuses a store that does not say what it supports", () => {
  const store = handle(memoryStore(), { supports: undefined as never });
  assert.throws(
    () => createCache({ store }),
    TypeError,
    /^Option "store" of createCache must be an/,
  );
});
