import { createCache } from "../../lib/function/create_cache.ts";
import { fsStore } from "../../lib/store/fs/mod.ts";
import { serveStore } from "../../lib/store/http/mod.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, runScript, type Runtime, testOn, withTempFolder } from "../harness.ts";
import { startDenoKv, whyNoDenoKv, whyNoDenoKvServer } from "../servers/denokv.ts";
import { startServer } from "../servers/http.ts";
import { startRedis, whyNoRedis } from "../servers/redis.ts";
import { startS3, whyNoS3 } from "../servers/s3.ts";
import { namedStore, WRITE_TOKEN } from "./fixtures/named_store.ts";
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

const PROCESSES = ["deno", "bun"] as const;
const NEEDS_PROCESSES = "needs a file system and processes";

function testFiles(name: string, body: (path: string, fs: Fs) => Promise<void>): void {
  testOn(
    PROCESSES,
    NEEDS_PROCESSES,
    name,
    () => withTempFolder((folder) => body(`${folder}/cache`, process!.getBuiltinModule("node:fs"))),
  );
}

/** A store that many processes share, while a test runs. */
interface SharedStore {
  /** How the processes are told of it. */
  readonly name: string;
  /** Ends what it took. */
  stop(): PromiseLike<unknown> | void;
}

/** The stores that lease among processes: where they are had, and why nowhere else. */
const SHARED: Readonly<
  Record<string, {
    readonly runtimes?: readonly Runtime[];
    readonly because?: string | undefined;
    readonly start: (folder: string) => SharedStore | Promise<SharedStore>;
  }>
> = {
  "the file system": {
    start: (folder) => ({ name: `fs:${folder}/cache`, stop: () => {} }),
  },
  "Deno KV in a file": {
    runtimes: ["deno"],
    because: whyNoDenoKv(),
    start: (folder) => ({ name: `deno-kv:${folder}/database`, stop: () => {} }),
  },
  "a denokv server": {
    runtimes: ["deno"],
    because: await whyNoDenoKvServer(),
    start: async () => {
      const { url, stop } = await startDenoKv();
      return { name: `deno-kv:${url}`, stop };
    },
  },
  "Redis": {
    because: await whyNoRedis(),
    start: async () => {
      const { port, stop } = await startRedis();
      return { name: `redis:${port}`, stop };
    },
  },
  "S3": {
    because: await whyNoS3(),
    start: async () => {
      const { endpoint, stop } = await startS3();
      return { name: `s3:${endpoint}`, stop };
    },
  },
  "HTTP": {
    start: () => {
      const server = startServer(serveStore(memoryStore(), { writeToken: WRITE_TOKEN }));
      return { name: `http:${server.url}`, stop: () => server[Symbol.asyncDispose]() };
    },
  },
};

for (const [place, { runtimes = PROCESSES, because, start }] of Object.entries(SHARED)) {
  testOn(
    because === undefined ? runtimes : [],
    because ?? NEEDS_PROCESSES,
    `8 processes that ask for 100 missing keys at once compute 100 in all, over ${place}`,
    () =>
      withTempFolder(async (folder) => {
        const fs = process!.getBuiltinModule("node:fs");
        const shared = await start(folder);
        try {
          const running = Array.from(
            { length: 8 },
            () => runScript(script("compute_keys"), [shared.name, folder, "100"]),
          );
          const ready = () =>
            fs.existsSync(`${folder}/ready`) && fs.readdirSync(`${folder}/ready`).length === 8;
          const ended = Promise.all(running).then((results) => {
            for (const { code, stderr } of results) assert.equal(code, 0, stderr);
            return results;
          });
          let isOver = false;
          ended.catch(() => {}).finally(() => isOver = true);
          while (!ready() && !isOver) await turn();
          fs.writeFileSync(`${folder}/go`, "");
          const counts: Counts[] = (await ended).map(({ stdout }) => JSON.parse(stdout));
          const sum = (count: keyof Counts) => counts.reduce((all, each) => all + each[count], 0);
          assert.equal(sum("right"), 800);
          assert.equal(sum("problems"), 0);
          const computed = fs.readdirSync(`${folder}/runs`).length;
          assert.equal(computed, 100, `computed ${computed} times`);
          await using store = await namedStore(shared.name);
          assert.lengthOf(await Array.fromAsync(store.list("square/")), 100);
        } finally {
          await shared.stop();
        }
      }),
  );
}

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
