import { createCache } from "../../lib/function/create_cache.ts";
import { fsStore } from "../../lib/store/fs/mod.ts";
import { assert, runScript, testOn, withTempFolder } from "../harness.ts";
import { slowly } from "./fixtures/slowly.ts";

type Fs = typeof import("node:fs");

const { process } = globalThis as unknown as {
  process?: { getBuiltinModule(name: string): Fs };
};

/** What one process says. */
interface Counts {
  readonly right: number;
  readonly misses: number;
  readonly hits: number;
  readonly joins: number;
  readonly problems: number;
}

const script = (name: string) => new URL(`./fixtures/${name}.ts`, import.meta.url).href;

function testFiles(name: string, body: (path: string, fs: Fs) => Promise<void>): void {
  testOn(
    ["deno", "bun"],
    "needs a file system and processes",
    name,
    () => withTempFolder((folder) => body(`${folder}/cache`, process!.getBuiltinModule("node:fs"))),
  );
}

testFiles(
  "8 processes that ask for 100 missing keys at once compute 100 in all",
  async (path, fs) => {
    const running = Array.from(
      { length: 8 },
      () => runScript(script("compute_keys"), [path, "100"]),
    );
    const ready = () =>
      fs.existsSync(`${path}.ready`) && fs.readdirSync(`${path}.ready`).length === 8;
    while (!ready()) await turn();
    fs.writeFileSync(`${path}.go`, "");
    const counts: Counts[] = (await Promise.all(running)).map(({ code, stdout, stderr }) => {
      assert.equal(code, 0, stderr);
      return JSON.parse(stdout);
    });
    const sum = (count: keyof Counts) => counts.reduce((all, each) => all + each[count], 0);
    assert.equal(sum("right"), 800);
    assert.equal(sum("problems"), 0);
    await using store = await fsStore(path);
    assert.lengthOf(await Array.fromAsync(store.list("square/")), 100);
    const computed = fs.readdirSync(`${path}.runs`).length;
    assert.equal(computed, 100, `computed ${computed} times`);
  },
);

testFiles("a holder that is killed is replaced when its lease has run out", async (path, fs) => {
  const abort = new AbortController();
  const dying = runScript(script("hold_call"), [path], { signal: abort.signal });
  while (!fs.existsSync(`${path}.begun`)) await turn();
  await using store = await fsStore(path);
  const waits: string[] = [];
  const deja = createCache({ store, lease: 1000, onEvent: ({ type }) => void waits.push(type) });
  const f = deja.persistent(slowly, { ignore: ["wait"] });
  const called = f("a", { wait: () => Promise.resolve() });
  while (!waits.includes("join")) await turn();
  abort.abort();
  assert.equal((await dying).code, -1);
  assert.equal(await called, "A");
  assert.isTrue(await f.has("a", { wait: () => Promise.resolve() }));
});

testFiles("a holder that is slow renews its lease, so that nobody else computes", async (path) => {
  await using one = await fsStore(path);
  await using two = await fsStore(path);
  let runs = 0;
  let renewals = 0;
  const { lease } = one;
  one.lease = async (...args) => {
    const taken = await lease.apply(one, args);
    if (taken === undefined) return undefined;
    const { renew } = taken;
    return Object.assign(taken, { renew: () => renew.call(taken).finally(() => renewals++) });
  };
  const make = (store: typeof one) =>
    createCache({ store, lease: 1000 }).persistent(slowly, { ignore: ["wait"] });
  // Long enough that the lease would have run out.
  const wait = async () => {
    runs++;
    while (renewals < 4) await turn();
  };
  const first = make(one)("a", { wait });
  while (runs === 0) await turn();
  assert.deepEqual(await Promise.all([first, make(two)("a", { wait })]), ["A", "A"]);
  assert.equal(runs, 1);
});

testFiles("lease: false lets each compute for itself", async (path) => {
  await using one = await fsStore(path);
  await using two = await fsStore(path);
  let runs = 0;
  const both = Promise.withResolvers<void>();
  const wait = () => {
    if (++runs === 2) both.resolve();
    return both.promise;
  };
  const calls = [one, two].map((store) =>
    createCache({ store, lease: false }).persistent(slowly, { ignore: ["wait"] })("a", { wait })
  );
  assert.deepEqual(await Promise.all(calls), ["A", "A"]);
  assert.equal(runs, 2);
});

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
