import { eachCall, mapCalls, type MapProgress } from "../../lib/function/map.ts";
import { assert, rejects, test } from "../harness.ts";

/** Numbers, one after the other, and whether they were let go before the end. */
class Numbers {
  taken = 0;
  returned = false;

  constructor(readonly count: number) {}

  *[Symbol.iterator](): Generator<number> {
    try {
      while (this.taken < this.count) yield this.taken++;
    } finally {
      this.returned = this.taken < this.count;
    }
  }
}

const turn = () => new Promise<void>((resolve) => setTimeout(resolve));

test("map() gives the results in the order of the inputs", async () => {
  const results = await mapCalls(async (n: number) => {
    for (let i = 0; i < 5 - n; i++) await turn();
    return n * 2;
  }, [0, 1, 2, 3, 4]);
  assert.deepEqual(results, [0, 2, 4, 6, 8]);
});

test("map() takes any iterable, and functions that are not asynchronous", async () => {
  async function* letters() {
    yield "a";
    await turn();
    yield "b";
  }
  assert.deepEqual(await mapCalls((x: string) => x.toUpperCase(), letters()), ["A", "B"]);
  assert.deepEqual(await mapCalls((x: number) => -x, new Set([1, 2])), [-1, -2]);
  assert.deepEqual(await mapCalls((x: number) => x, []), []);
});

for (const concurrency of [1, 3, 100]) {
  test(`map() has at most ${concurrency} calls under way, and takes inputs as needed`, async () => {
    let most = 0;
    let running = 0;
    const numbers = new Numbers(20);
    await mapCalls(
      async () => {
        most = Math.max(most, ++running);
        assert.isAtMost(numbers.taken, 20);
        await turn();
        running--;
      },
      numbers,
      { concurrency },
    );
    assert.equal(most, Math.min(concurrency, 20));
  });
}

test("map() tells of progress", async () => {
  const told: MapProgress[] = [];
  await mapCalls((x: number) => x, [5, 6], {
    concurrency: 1,
    onProgress: (progress) => told.push(progress),
  });
  assert.deepEqual(told, [{ done: 1, total: 2, index: 0 }, { done: 2, total: 2, index: 1 }]);
  await mapCalls((x: number) => x, new Numbers(1), { onProgress: (each) => told.push(each) });
  assert.deepEqual(told.at(-1), { done: 1, total: undefined, index: 0 });
});

test("map() rejects with the first failure once no call is under way, and takes no more", async () => {
  let running = 0;
  const numbers = new Numbers(100);
  await rejects(
    mapCalls(
      async (n: number) => {
        running++;
        try {
          for (let i = 0; i < 3; i++) await turn();
          if (n === 1) throw new RangeError("one");
        } finally {
          running--;
        }
      },
      numbers,
      { concurrency: 4 },
    ),
    RangeError,
    /^one$/,
  );
  assert.equal(running, 0);
  assert.isTrue(numbers.returned);
  assert.isAtMost(numbers.taken, 8);
});

test("map() stops at an abort, with its reason", async () => {
  const controller = new AbortController();
  const numbers = new Numbers(100);
  const reason = new SyntaxError("enough");
  await rejects(
    mapCalls(
      (n: number) => {
        if (n === 5) controller.abort(reason);
      },
      numbers,
      { concurrency: 2, signal: controller.signal },
    ),
    SyntaxError,
    /enough/,
  );
  assert.isAtMost(numbers.taken, 8);
  assert.isTrue(numbers.returned);
});

test("map() rejects at an abort whatever is under way, and keeps what that gives", async () => {
  const controller = new AbortController();
  const go = Promise.withResolvers<number>();
  const kept: number[] = [];
  const slow = async (n: number) => {
    await go.promise;
    kept.push(n);
  };
  const mapped = mapCalls(slow, [1, 2], { signal: controller.signal });
  controller.abort(new SyntaxError("enough"));
  await rejects(mapped, SyntaxError, /enough/);
  await rejects(mapCalls(slow, [3], { signal: controller.signal }), SyntaxError, /enough/);
  assert.isEmpty(kept);
});

test("map() waits for no further input once it is aborted, and closes the inputs", async () => {
  const controller = new AbortController();
  let isClosed = false;
  const inputs = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise<never>(() => {}),
      return: () => {
        isClosed = true;
        return Promise.reject(new RangeError("of no interest"));
      },
    }),
  };
  const mapped = mapCalls((n: number) => n, inputs, { signal: controller.signal });
  controller.abort(new SyntaxError("enough"));
  await rejects(mapped, SyntaxError, /enough/);
  assert.isTrue(isClosed);
});

test("map() takes any concurrency, and makes no more calls at a time than it has inputs", async () => {
  for (const concurrency of [2 ** 40, Infinity]) {
    const numbers = [1, 2, 3];
    let most = 0;
    let now = 0;
    const call = async (n: number) => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve));
      now--;
      return n;
    };
    assert.deepEqual(await mapCalls(call, new Set(numbers), { concurrency }), numbers);
    assert.equal(most, 3);
  }
});

test("map() tries again as often as it may", async () => {
  const tries = new Map<number, number>();
  const shaky = (n: number) => {
    tries.set(n, (tries.get(n) ?? 0) + 1);
    if (tries.get(n)! <= n) throw new Error(`try ${tries.get(n)}`);
    return n;
  };
  const retry = { times: 2, delay: 1 };
  assert.deepEqual(await mapCalls(shaky, [0, 1, 2], { retry }), [0, 1, 2]);
  await rejects(mapCalls(shaky, [9], { retry }), Error, /try 3/);
});

test("map() tries again only what retry.when accepts, and no abort", async () => {
  let runs = 0;
  const failing = (error: Error) => () => {
    runs++;
    throw error;
  };
  const when = (error: unknown) => error instanceof RangeError;
  const retry = { times: 1, delay: 1, when };
  await rejects(mapCalls(failing(new TypeError("no")), [1], { retry }), TypeError);
  assert.equal(runs, 1);
  await rejects(mapCalls(failing(new RangeError("yes")), [1], { retry }), RangeError);
  assert.equal(runs, 3);
  const abort = new DOMException("stop", "AbortError");
  await mapCalls(failing(abort), [1], { retry: 5 }).catch((error) => assert.equal(error, abort));
  assert.equal(runs, 4);
});

test("map() gives up a pause between retries at an abort", async () => {
  const controller = new AbortController();
  const mapped = mapCalls(
    () => {
      queueMicrotask(() => controller.abort(new SyntaxError("enough")));
      throw new Error("again");
    },
    [1],
    { retry: { times: 1, delay: "1h" }, signal: controller.signal },
  );
  await rejects(mapped, SyntaxError, /enough/);
});

test("eachCall() tells how each call comes out, and a failure stops nothing", async () => {
  const outcomes: unknown[] = [];
  const call = (n: number) => n === 1 ? Promise.reject(new RangeError("one")) : n * 2;
  await eachCall(call, [0, 1, 2], { concurrency: 1 }, (outcome, index) => {
    outcomes[index] = outcome.status === "fulfilled" ? outcome.value : outcome.reason.message;
  });
  assert.deepEqual(outcomes, [0, "one", 4]);
});

test("eachCall() tells of calls that end after an abort, and of none that were given up", async () => {
  const controller = new AbortController();
  const go = Promise.withResolvers<void>();
  const ended: number[] = [];
  const call = async (n: number) => {
    if (n === 0) throw new Error("again");
    await go.promise;
  };
  const options = { signal: controller.signal, retry: { times: 1, delay: "1h" } } as const;
  const calls = eachCall(call, [0, 1], options, (_, index) => void ended.push(index));
  await turn();
  controller.abort(new SyntaxError("enough"));
  await rejects(calls, SyntaxError, /enough/);
  assert.isEmpty(ended);
  go.resolve();
  await turn();
  assert.deepEqual(ended, [1]);
});

test("map() refuses wrong options, and what cannot be iterated over", async () => {
  const call = (x: number) => x;
  const wrong = (value: unknown) => value as never;
  await rejects(mapCalls(call, [1], { concurrency: 0 }), RangeError, /concurrency .* received 0/);
  await rejects(mapCalls(call, [1], { retry: -1 }), RangeError, /retry .* received -1/);
  await rejects(mapCalls(call, [1], { retry: { times: 1, delay: 0 } }), RangeError, /retry.delay/);
  await rejects(mapCalls(call, [1], { retry: { times: 1, when: wrong(1) } }), TypeError, /when/);
  await rejects(mapCalls(call, wrong(5)), TypeError, /an iterable of inputs, received number/);
});
