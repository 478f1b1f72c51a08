import { StoreError } from "../../lib/errors.ts";
import { type DenoKv, denoKvStore } from "../../lib/store/deno_kv/mod.ts";
import { assert, rejects, testOn, withFakeTime } from "../harness.ts";

/** Where the entry `key` stands, and where the size in its head does. */
const HEAD = ["deja", 1, "entry", "key"];
const SIZE_OFFSET = 16;
const HOUR_MS = 3_600_000;
const [OLD, NEW] = [1, 2].map((byte) => new Uint8Array(200_000).fill(byte));
/** Long enough for a database in memory. */
const LIMIT_MS = 500;

function test(name: string, body: () => Promise<void>): void {
  testOn(["deno"], "needs Deno KV", name, body);
}

/** How the transactions that set the head of an entry go. */
interface Heads {
  /** Runs one; it may answer late. */
  commit: (run: () => Promise<Deno.KvCommitResult | Deno.KvCommitError>) => Promise<unknown>;
}

/** The same database, but for the transactions that set the head of an entry. */
function withHeads(kv: Deno.Kv, heads: Heads): DenoKv {
  return {
    get: (key) => kv.get(key as Deno.KvKey),
    getMany: (keys) => kv.getMany(keys),
    list: (selector) => kv.list(selector),
    close: () => {},
    atomic: () => {
      const inner = kv.atomic();
      let setsHead = false;
      const atomic: ReturnType<DenoKv["atomic"]> = {
        check: (check) => (inner.check(check as Deno.AtomicCheck), atomic),
        set: (key, value, options) => {
          setsHead ||= key[2] === "entry";
          inner.set(key as Deno.KvKey, value, options);
          return atomic;
        },
        delete: (key) => (inner.delete(key as Deno.KvKey), atomic),
        commit: async () => {
          const run = () => inner.commit();
          return (setsHead ? await heads.commit(run) : await run()) as Deno.KvCommitResult;
        },
      };
      return atomic;
    },
  };
}

async function countIn(kv: Deno.Kv, room: string): Promise<number> {
  return (await Array.fromAsync(kv.list({ prefix: ["deja", 1, room] }))).length;
}

test("denoKvStore() keeps what it has set where only the answer to it is lost", async () => {
  using kv = await Deno.openKv(":memory:");
  const heads: Heads = { commit: (run) => run() };
  await using store = await denoKvStore(withHeads(kv, heads), { timeout: LIMIT_MS });
  await store.set("key", OLD);
  heads.commit = async (run) => {
    await run();
    return await new Promise(() => {});
  };
  await rejects(store.set("key", NEW), StoreError, /no answer within/);
  assert.equal((await store.get("key"))?.[0], 2);
  await withFakeTime(Date.now() + HOUR_MS, async () => {
    await using late = await denoKvStore(kv);
    await Array.fromAsync(late.list());
    assert.equal((await late.get("key"))?.[0], 2);
  });
  assert.equal(await countIn(kv, "chunk"), 4);
});

test("denoKvStore() keeps the old value where the new one comes after it was given up", async () => {
  using kv = await Deno.openKv(":memory:");
  const heads: Heads = { commit: (run) => run() };
  await using store = await denoKvStore(withHeads(kv, heads), { timeout: LIMIT_MS });
  await store.set("key", OLD);
  const [gate, over] = [Promise.withResolvers<void>(), Promise.withResolvers<unknown>()];
  heads.commit = async (run) => {
    await gate.promise;
    const outcome = await run();
    over.resolve(outcome);
    return outcome;
  };
  await rejects(store.set("key", NEW), StoreError, /no answer within/);
  gate.resolve();
  assert.deepEqual(await over.promise, { ok: false });
  assert.equal((await store.get("key"))?.[0], 1);
  assert.equal(await countIn(kv, "chunk"), 4);
  assert.equal(await countIn(kv, "loose"), 0);
});

for (const change of ["set", "delete"] as const) {
  test(`denoKvStore() leaves no chunk on ${change}, whatever size a damaged head claims`, async () => {
    using kv = await Deno.openKv(":memory:");
    await using store = await denoKvStore(kv);
    await store.set("key", OLD);
    const { value } = await kv.get<Uint8Array>(HEAD);
    value![SIZE_OFFSET + 6] = 1;
    await kv.set(HEAD, value);
    await rejects(store.get("key"), StoreError, /the size in the value is 281474976910656 bytes/);
    assert.deepEqual(await Array.fromAsync(store.list()), []);
    if (change === "set") await store.set("key", Uint8Array.of(1));
    else assert.isTrue(await store.delete("key"));
    assert.equal(await countIn(kv, "chunk"), 0);
    assert.equal(await countIn(kv, "loose"), 0);
  });
}

test("denoKvStore() sweeps what is there, whatever number of chunks a note claims", async () => {
  using kv = await Deno.openKv(":memory:");
  for (const [index, chunks] of [2 ** 48, Infinity, NaN, -1].entries()) {
    const generation = `left ${index}`;
    if (chunks !== -1) await kv.set(["deja", 1, "chunk", generation, 7], new Uint8Array(10));
    await kv.set(["deja", 1, "loose", generation], { time: Date.now() - HOUR_MS, chunks });
  }
  await using store = await denoKvStore(kv);
  assert.deepEqual(await Array.fromAsync(store.list()), []);
  assert.equal(await countIn(kv, "chunk"), 0);
  assert.equal(await countIn(kv, "loose"), 0);
});
