import { type MapFlags, mapLines, type MapTally } from "../../../lib/cli/map/run.ts";
import { assert, rejects, test } from "../../harness.ts";

const FLAGS: MapFlags = {
  concurrency: 4,
  retry: 0,
  spread: false,
  text: false,
  withInput: false,
  failFast: false,
};

/** A map in memory: what it took, wrote and said. */
class Run {
  readonly tally: MapTally = { done: 0, failed: 0, calls: 0, underWay: 0 };
  readonly said: string[] = [];
  written = "";
  chunksTaken = 0;
  readonly #controller = new AbortController();

  /** @param write Takes what is written. */
  constructor(readonly write: (text: string) => Promise<void> = () => Promise.resolve()) {}

  map(
    fn: (input: never) => unknown,
    inputs: Iterable<unknown>,
    flags: Partial<MapFlags> = {},
  ): Promise<void> {
    const ends = {
      chunks: this.#chunks(inputs),
      write: async (text: string) => {
        await this.write(text);
        this.written += text;
      },
      progress: {
        update: () => {},
        setTotal: () => {},
        say: (line: string) => void this.said.push(line),
        stop: () => {},
      },
      stopping: {
        signal: this.#controller.signal,
        stop: () => this.#controller.abort(),
        again: new Promise<void>(() => {}),
      },
    };
    const call = fn as (...args: unknown[]) => unknown;
    return mapLines(call, { ...FLAGS, ...flags }, ends, this.tally, () => "");
  }

  stop(): void {
    this.#controller.abort();
  }

  async *#chunks(inputs: Iterable<unknown>): AsyncGenerator<Uint8Array> {
    for (const input of inputs) {
      this.chunksTaken++;
      yield await Promise.resolve(new TextEncoder().encode(`${JSON.stringify(input)}\n`));
    }
  }
}

function* numbers(): Generator<number> {
  for (let n = 0;; n++) yield n;
}

const turn = () => new Promise<void>((resolve) => setTimeout(resolve));

/** Resolves when a count has stopped growing for many turns of the event loop. */
async function untilStill(count: () => number): Promise<void> {
  for (let same = 0, last = -1; same < 50; same = count() === last ? same + 1 : 0) {
    last = count();
    await turn();
  }
}

test("mapLines() writes results in the order of the lines, whichever is ready first", async () => {
  const run = new Run();
  await run.map(async (n: number) => {
    for (let i = 0; i < 5 - n; i++) await turn();
    return -n;
  }, [1, 2, 3, 4, 5, 6]);
  assert.equal(run.written, "-1\n-2\n-3\n-4\n-5\n-6\n");
  assert.equal(run.tally.done, 6);
});

test("mapLines() takes few lines while an early one is under way, however many there are", async () => {
  const gate = Promise.withResolvers<void>();
  const run = new Run();
  const mapped = run.map(async (n: number) => {
    if (n === 0) await gate.promise;
    return n;
  }, numbers());
  await untilStill(() => run.chunksTaken);
  assert.isAtMost(run.chunksTaken, 5000);
  assert.equal(run.written, "");
  gate.resolve();
  while (!run.written.includes("\n6000\n")) await turn();
  run.stop();
  await mapped;
  assert.isTrue(run.written.startsWith("0\n1\n2\n"));
});

test("mapLines() takes few lines while nobody takes its results", async () => {
  const gate = Promise.withResolvers<void>();
  const run = new Run(() => gate.promise);
  const large = "x".repeat(100_000);
  const mapped = run.map(() => large, numbers());
  await untilStill(() => run.chunksTaken);
  assert.isAtMost(run.chunksTaken, 200);
  run.stop();
  gate.resolve();
  await mapped;
  assert.equal(run.written, `"${large}"\n`.repeat(run.tally.done));
});

test("mapLines() writes results while the function leaves the event loop no time", async () => {
  const now = performance.now;
  let clock = 0;
  performance.now = () => clock;
  try {
    const run = new Run();
    let writtenAt10 = "";
    await run.map(
      (n: number) => {
        clock += 10;
        if (n === 10) writtenAt10 = run.written;
        return n;
      },
      Array.from({ length: 20 }, (_, n) => n),
      { concurrency: 1 },
    );
    assert.match(writtenAt10, /^0\n1\n/);
  } finally {
    performance.now = now;
  }
});

test("mapLines() keeps no more calls under way than it may", async () => {
  let now = 0;
  let most = 0;
  const run = new Run();
  await run.map(
    async () => {
      most = Math.max(most, ++now);
      await turn();
      now--;
    },
    Array.from({ length: 30 }, (_, n) => n),
    { concurrency: 3 },
  );
  assert.equal(most, 3);
});

test("mapLines() rejects with what writing fails with, and takes no more lines", async () => {
  const run = new Run(() => Promise.reject(new RangeError("the disk is full")));
  await rejects(run.map((n: number) => n, numbers()), RangeError, /the disk is full/);
});

test("mapLines() rejects with what reading fails with, after the lines before it", async () => {
  const run = new Run();
  function* broken() {
    yield 1;
    throw new RangeError("the disk is gone");
  }
  await rejects(run.map((n: number) => n, broken()), RangeError, /the disk is gone/);
  assert.equal(run.written, "1\n");
});

test("mapLines() tells of values that are thrown and are no errors", async () => {
  const run = new Run();
  await run.map((n: number) => Promise.reject(n), [7]);
  assert.deepEqual(run.said, ["Line 1 failed: it threw 7"]);
  assert.deepEqual(run.tally, { done: 1, failed: 1, calls: 1, underWay: 0 });
});
