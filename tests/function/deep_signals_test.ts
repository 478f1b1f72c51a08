/** Signals deep among the arguments: no part of the key, and heeded as any other. */

import { EncodeError } from "../../lib/errors.ts";
import { createCache } from "../../lib/function/create_cache.ts";
import { cache } from "../../lib/function/memory_cache.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, test } from "../harness.ts";
import { KINDS, reasonOf, until } from "./_kinds.ts";

interface Request {
  readonly url: string;
  readonly init?: { readonly signal?: AbortSignal; readonly tries?: number };
  readonly list?: readonly unknown[];
}

for (const [kind, make] of Object.entries(KINDS)) {
  test(`${kind}: a signal at any depth of plain objects and arrays is no part of the key`, async () => {
    let runs = 0;
    const f = make((..._args: unknown[]) => ++runs);
    const { signal } = new AbortController();
    const again = AbortSignal.timeout(1_000_000);
    const cyclic = (signal?: AbortSignal) => {
      const value: Record<string, unknown> = { inner: signal === undefined ? {} : { signal } };
      value.self = value;
      return value;
    };
    const pairs: [unknown[], unknown[]][] = [
      [[{ init: { signal } }], [{ init: {} }]],
      [[{ init: { stop: signal, tries: 2 } }], [{ init: { tries: 2 } }]],
      [["a", { a: { b: { c: [{ signal }] } } }], ["a", { a: { b: { c: [{}] } } }]],
      [[{ list: [1, signal, 2] }], [{ list: [1, undefined, 2] }]],
      [[cyclic(signal)], [cyclic()]],
      [[Object.assign(Object.create(null), { own: { signal } })], [{ own: {} }]],
    ];
    for (const [given, without] of pairs) {
      assert.equal(await f.key(...given), await f.key(...without));
      const before = runs;
      assert.equal(await f.call(...given), before + 1);
      assert.equal(await f.call(...without), before + 1);
    }
    assert.equal(await f.key({ init: { signal: again } }), await f.key({ init: { signal } }));
    assert.notEqual(await f.key({ list: [signal, 1] }), await f.key({ list: [1] }));
    assert.notEqual(await f.key({ init: { signal } }), await f.key({ init: { signal: null } }));
  });

  test(`${kind}: what is no signal among them is refused as ever, and named`, async () => {
    const f = make((_request: unknown) => 1);
    const { signal } = new AbortController();
    for (let turn = 0; turn < 2; turn++) {
      const error = await reasonOf(f.call({ init: { signal, controller: new AbortController() } }));
      assert.instanceOf(error, EncodeError);
      assert.match((error as Error).message, /init\.controller/);
    }
    const inMap = await reasonOf(f.call({ map: new Map([["signal", signal]]) }));
    assert.instanceOf(inMap, EncodeError);
    const getter = {
      init: { signal },
      get broken(): never {
        throw new RangeError("no");
      },
    };
    assert.match((await reasonOf(f.call(getter)) as Error).message, /broken|no/);
  });

  test(`${kind}: the abort of a signal deep inside is its caller's alone, and the last one's the run's`, async () => {
    const runs: { signal: AbortSignal; finish: (value: string) => void }[] = [];
    const f = make(async ({ url, init, list }: Request) => {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const signal = init!.signal!;
      assert.strictEqual(list![0], signal, "each place has the same one");
      signal.addEventListener("abort", () => reject(signal.reason));
      runs.push({ signal, finish: resolve });
      return `${await promise} ${url}`;
    });
    const call = (url: string, { signal }: AbortController) =>
      f.call({ url, init: { signal, tries: 2 }, list: [signal] });
    const joins = () => f.recorder.events.filter(({ type }) => type === "join").length;
    for (const url of ["a", "b"]) {
      const [one, two] = [new AbortController(), new AbortController()];
      const before = joins();
      const calls = [call(url, one), call(url, two)];
      await until(() => runs.length === 1 && joins() > before);
      assert.notStrictEqual(runs[0].signal, one.signal);
      one.abort(new Error("one"));
      assert.equal((await reasonOf(calls[0]) as Error).message, "one");
      assert.isFalse(runs[0].signal.aborted);
      if (url === "a") {
        runs[0].finish("done");
        assert.equal(await calls[1], "done a");
      } else {
        two.abort(new Error("two"));
        assert.equal((await reasonOf(calls[1]) as Error).message, "two");
        assert.isTrue(runs[0].signal.aborted);
      }
      runs.length = 0;
    }
    assert.equal(await f.call({ url: "a", init: { tries: 2 }, list: [undefined] }), "done a");
  });

  test(`${kind}: a call whose signal deep inside is aborted already does not run`, async () => {
    let runs = 0;
    const f = make((_request: Request) => ++runs);
    const reason = new Error("too late");
    const signal = AbortSignal.abort(reason);
    assert.strictEqual(await reasonOf(f.call({ url: "a", init: { signal } })), reason);
    assert.strictEqual(await reasonOf(f.call({ url: "a", init: { signal } })), reason);
    assert.equal(runs, 0);
    assert.equal(await f.call({ url: "a", init: {} }), 1);
  });
}

test("only what leads to a signal is copied for the function, which else gets what it was given", () => {
  const kept = { deep: [1, 2] };
  const f = cache((options: { init: { signal: AbortSignal }; kept: object }) => options, {
    freeVariables: "ignore",
  });
  const { signal } = new AbortController();
  const given = { init: { signal }, kept };
  const got = f(given);
  assert.strictEqual(got.kept, kept);
  assert.notStrictEqual(got.init, given.init);
  assert.strictEqual(given.init.signal, signal, "the caller's is as it was");
});

test("a signal deep among the inputs of a block is no part of its key", async () => {
  const deja = createCache({ store: memoryStore(), freeVariables: "ignore" });
  let runs = 0;
  const run = (signal?: AbortSignal) =>
    deja.block("deep", { init: signal === undefined ? {} : { signal } }, () => ++runs);
  assert.deepEqual([await run(new AbortController().signal), await run()], [1, 1]);
});
