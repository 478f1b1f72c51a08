import { engine } from "../../lib/engine.ts";
import { currentCore } from "../../lib/hash/backend.ts";
import {
  type Core,
  INITIAL_ADDRESS,
  LINE,
  LOOP,
  ROOT,
  ROWS,
  WINDOW_ADDRESS,
} from "../../lib/hash/core.ts";
import { blake3Hex, configureHash, toHex } from "../../lib/hash/mod.ts";
import { choosePath, look } from "../../lib/hash/path.ts";
import { assert, test } from "../harness.ts";
import { noise } from "./suite.ts";

/** Hands a SIMD core of its own to `body`, while the clock reads what `now` says. */
function withClock(now: (core: Core) => number, body: (core: Core) => void): void {
  configureHash({ backend: "simd" });
  const core = currentCore();
  const { performance } = globalThis;
  const clock = { now: () => now(core) };
  Object.defineProperty(globalThis, "performance", { value: clock, configurable: true });
  try {
    body(core);
  } finally {
    Object.defineProperty(globalThis, "performance", { value: performance, configurable: true });
    configureHash();
  }
}

for (const [name, fast, slow] of [["rows", ROWS, LINE], ["words", LINE, ROWS]] as const) {
  test(`where ${name} take less time, a core goes on with them`, () => {
    let time = 0;
    const now = ({ path }: Core) => time += path!.value === slow ? 0.02 : 0.01;
    withClock(now, (core) => {
      const times = [Infinity, Infinity];
      assert.equal(look(core, times, 1024), 2048);
      assert.equal(core.path!.value, fast);
      assert.closeTo(times[0] / times[1], fast === ROWS ? 0.5 : 2, 0.01);
    });
  });
}

test("a kernel that was slow before it was compiled is taken once it is fast", () => {
  let time = 0;
  let slowness = 10;
  const now = ({ path }: Core) => time += path!.value === LINE ? 0.01 * slowness : 0.02;
  withClock(now, (core) => {
    const times = [Infinity, Infinity];
    look(core, times, 1024);
    assert.equal(core.path!.value, ROWS);
    slowness = 1;
    look(core, times, 2048);
    assert.equal(core.path!.value, LINE);
  });
});

test("the times of the kernels are looked at seven times, each after twice as many hashes", () => {
  let time = 0;
  withClock(() => time += 0.01, (core) => {
    const waits = [1024];
    const times = [Infinity, Infinity];
    for (let wait = 1024; wait > 0; waits.push(wait)) wait = look(core, times, wait);
    assert.deepEqual(waits, [1024, 2048, 4096, 8192, 16384, 32768, 65536, 0]);
  });
});

test("a clock that stands still is given up, and leaves a core that hashes", () => {
  withClock(() => 1, (core) => {
    assert.equal(look(core, [Infinity, Infinity], 1024), 0);
    assert.equal(core.path!.value, ROWS);
    assert.equal(blake3Hex(new TextEncoder().encode("abc"), { length: 4 }), "6437b3ac");
  });
});

test("a look leaves the digest that a core gives out in pieces", () => {
  let time = 0;
  withClock(() => time += 0.01, (core) => {
    const input = noise(1000);
    const expected = blake3Hex(input, { length: 128 });
    for (const path of [ROWS, LOOP, LINE]) {
      core.path!.value = path;
      core.bytes.set(input, WINDOW_ADDRESS);
      core.hash(INITIAL_ADDRESS, WINDOW_ADDRESS, input.length, 0, 0, ROOT);
      look(core, [Infinity, Infinity], 1024);
      assert.equal(toHex(core.digest), expected.slice(0, 64));
      core.expand(1, 0);
      assert.equal(toHex(core.digest), expected.slice(128, 192));
    }
  });
});

test("only a core of several kernels is timed, after some hashes or never", () => {
  for (const backend of ["wasm", "js"] as const) {
    configureHash({ backend });
    assert.isUndefined(currentCore().path);
    assert.equal(choosePath(currentCore()), 0);
  }
  configureHash({ backend: "simd" });
  const core = currentCore();
  assert.equal(choosePath(core), engine() === "v8" ? 1024 : 0);
  assert.equal(core.path!.value, engine() === "javascriptcore" ? LOOP : ROWS);
  const { performance } = globalThis;
  Object.defineProperty(globalThis, "performance", { value: undefined, configurable: true });
  const without = choosePath(core);
  Object.defineProperty(globalThis, "performance", { value: performance, configurable: true });
  assert.equal(without, 0, "without a clock");
  configureHash();
});

test("digests stay the same while the kernels are timed", () => {
  configureHash({ backend: "simd" });
  const input = noise(100);
  const expected = blake3Hex(input);
  for (let i = 0; i < 5000; i++) assert.equal(blake3Hex(input), expected);
  configureHash();
});
