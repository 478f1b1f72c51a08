/**
 * The store in a folder against a raw read of the same files, and with very many entries.
 *
 * @module
 */
import { blake3, createHasher } from "../../lib/hash/mod.ts";
import { type FsStore, fsStore } from "../../lib/store/fs/mod.ts";
import { race, time, timeAwaited, type Timer } from "../shared/race.ts";

interface Process {
  getBuiltinModule(name: string): unknown;
  memoryUsage(): { readonly rss: number };
  cpuUsage(): { readonly user: number; readonly system: number };
}

const { process, Deno: deno } = globalThis as unknown as {
  process: Process;
  Deno?: { readFileSync(path: string): Uint8Array; readFile(path: string): Promise<Uint8Array> };
};
const fs = process.getBuiltinModule("node:fs") as typeof import("node:fs");
const { tmpdir } = process.getBuiltinModule("node:os") as typeof import("node:os");

/** The quickest ways of the runtime to read a whole file. */
const readSync: (path: string) => Uint8Array = deno?.readFileSync ?? fs.readFileSync;
const read: (path: string) => Promise<Uint8Array> = deno?.readFile ?? fs.promises.readFile;

const SMALL_BYTES = 1024;
const SMALL_COUNT = 1000;
const LARGE_BYTES = 64 * 1024 ** 2;
/** Keys that are asked for in a large store, spread over all of it. */
const ASKED = 1000;
const SAMPLE_MS = 20;

/** Times in nanoseconds. */
export interface Figures {
  /** The folder for temporary files, which all stand in: `TMPDIR` names another. */
  readonly folder: string;
  /** A read of 1 KiB and its hash. */
  readonly small: Readonly<Record<"raw" | "get", number>>;
  /** A read of 64 MiB and its hash. */
  readonly large: Readonly<Record<"raw" | "get" | "getStream", number>>;
  /** What many entries cost, where that was asked for. */
  readonly many?: ManyFigures;
}

/** The figures of a store with many entries. */
export interface ManyFigures {
  /** Entries. */
  readonly entries: number;
  /** Nanoseconds of a hit among a thousand entries, and among all. */
  readonly hits: { readonly few: number; readonly many: number };
  /** Milliseconds. */
  readonly fill: number;
  /** The listing, with the milliseconds to the first entry. */
  readonly list: Watched & { readonly first: number };
  /** The upkeep to half, with the entries that were left. */
  readonly prune: Watched & { readonly left: number };
}

/** What something took. */
export interface Watched {
  /** Milliseconds. */
  readonly all: number;
  /** Milliseconds of a processor, which tells more than the clock where others use it as well. */
  readonly processor: number;
  /** By how many bytes memory grew at most. */
  readonly bytes: number;
}

/**
 * Runs everything.
 *
 * @param entries How many entries a large store has; 0 for none.
 */
export async function contest(entries: number): Promise<Figures> {
  const folder = fs.mkdtempSync(`${tmpdir()}/deja-fs-`);
  try {
    const few = `${folder}/few`;
    await fill(few, SMALL_COUNT);
    const small = await smallReads(few);
    const large = await largeReads(`${folder}/large`);
    if (entries === 0) return { folder: tmpdir(), small, large };
    return { folder: tmpdir(), small, large, many: await many(few, `${folder}/many`, entries) };
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** A key as those of cached functions: a name, and 64 digits that have no order. */
function keyOf(i: number): string {
  const digits = (Math.imul(i + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0");
  return `embed/${digits.repeat(8)}`;
}

function pathOf(root: string, key: string): string {
  const digest = key.slice(key.indexOf("/") + 1);
  return `${root}/v1/embed/${digest.slice(0, 2)}/${digest}`;
}

async function fill(root: string, count: number): Promise<void> {
  await using store = await fsStore(root);
  for (let i = 0; i < count; i++) {
    await store.set(keyOf(i), new Uint8Array(SMALL_BYTES).fill(i));
  }
}

async function smallReads(root: string): Promise<Figures["small"]> {
  const keys = Array.from({ length: SMALL_COUNT }, (_, i) => keyOf(i));
  const paths = keys.map((key) => pathOf(root, key));
  const times = await race(
    new Map<string, Timer>([
      ["raw", (count: number) => {
        let i = 0;
        return time(() => blake3(readSync(paths[i++ % SMALL_COUNT])), count);
      }],
      ["get", async (count: number) => {
        // A fresh handle, which knows of nothing.
        await using store = await fsStore(root);
        let i = 0;
        const hit = async () => void blake3((await store.get(keys[i++ % SMALL_COUNT]))!);
        return await timeAwaited(hit, count);
      }],
    ]),
  );
  return { raw: times.get("raw")!, get: times.get("get")! };
}

async function largeReads(root: string): Promise<Figures["large"]> {
  const key = keyOf(0);
  await using store = await fsStore(root);
  await store.set(key, new Uint8Array(LARGE_BYTES).map((_, i) => i >> 3));
  const path = pathOf(root, key);
  const times = await race(
    new Map([
      ["raw", (count: number) => timeAwaited(async () => void blake3(await read(path)), count)],
      [
        "get",
        (count: number) => timeAwaited(async () => void blake3((await store.get(key))!), count),
      ],
      ["getStream", (count: number) => timeAwaited(() => hashStream(store, key), count)],
    ]),
  );
  return { raw: times.get("raw")!, get: times.get("get")!, getStream: times.get("getStream")! };
}

async function hashStream(store: FsStore, key: string): Promise<void> {
  const hasher = createHasher();
  const reader = (await store.getStream(key))!.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    hasher.update(next.value);
  }
  hasher.digest();
}

async function many(few: string, root: string, entries: number): Promise<ManyFigures> {
  const start = performance.now();
  await fill(root, entries);
  const filled = performance.now() - start;
  const step = Math.floor(entries / ASKED);
  const hits = await race(
    new Map([
      ["few", await hitTimer(few, (i) => keyOf(i % SMALL_COUNT))],
      ["many", await hitTimer(root, (i) => keyOf((i % ASKED) * step))],
    ]),
  );
  await using store = await fsStore(root);
  let first = 0;
  const list = await watched(async () => {
    const begun = performance.now();
    for await (const _ of store.list()) first ||= performance.now() - begun;
  });
  let left = 0;
  const prune = await watched(async () => {
    ({ entries: left } = await store.prune({ maxEntries: entries / 2 }));
  });
  return {
    entries,
    hits: { few: hits.get("few")!, many: hits.get("many")! },
    fill: filled,
    list: { first, ...list },
    prune: { left, ...prune },
  };
}

async function hitTimer(
  root: string,
  key: (i: number) => string,
): Promise<(count: number) => Promise<number>> {
  const store = await fsStore(root);
  const keys = Array.from({ length: ASKED }, (_, i) => key(i));
  let i = 0;
  const hit = async () => {
    if (await store.get(keys[i++ % ASKED]) === undefined) throw new Error("Expected a hit");
  };
  await timeAwaited(hit, ASKED); // Every entry was asked for once.
  return (count) => timeAwaited(hit, count);
}

/** Runs `act`, and looks now and then how much memory the process has. */
async function watched(act: () => Promise<void>): Promise<Watched> {
  const before = memory();
  let most = before;
  const timer = setInterval(() => most = Math.max(most, memory()), SAMPLE_MS);
  const start = performance.now();
  const used = processorTime();
  try {
    await act();
    const processor = processorTime() - used;
    return { all: performance.now() - start, processor, bytes: most - before };
  } finally {
    clearInterval(timer);
  }
}

/** Bytes of this process: on Linux with what the system has swapped out, and would bring back. */
function memory(): number {
  try {
    const status = fs.readFileSync("/proc/self/status", "utf8");
    const [resident, swapped] = [/^VmRSS:\s*(\d+) kB$/m, /^VmSwap:\s*(\d+) kB$/m]
      .map((line) => Number(line.exec(status)![1]));
    return (resident + swapped) * 1024;
  } catch {
    return process.memoryUsage().rss;
  }
}

function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
