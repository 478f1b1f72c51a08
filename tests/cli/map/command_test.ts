import { assert } from "../../harness.ts";
import { fixture, linesTo, testDeja } from "../_deja.ts";

const functions = fixture("functions");

testDeja(
  "map writes the results in the order of the lines, and computes none twice",
  async (place) => {
    place.write("inputs.jsonl", linesTo(100));
    const squares = Array.from({ length: 100 }, (_, index) => `${(index + 1) ** 2}\n`).join("");
    const first = await place.deja(["map", functions, "square", "inputs.jsonl"]);
    assert.deepEqual([first.code, first.stdout], [0, squares]);
    assert.match(first.stderr, /^100 done: 0 from the cache, 100 computed, 0 failed, [\d.]+ s\n$/);
    place.write("inputs.jsonl", linesTo(150));
    const second = await place.deja(["map", functions, "square", "inputs.jsonl"]);
    assert.isTrue(second.stdout.startsWith(squares));
    assert.match(second.stderr, /^150 done: 100 from the cache, 50 computed, 0 failed, /);
  },
);

testDeja("map goes on after lines that fail, tells of each, and exits with 1", async (place) => {
  const input = '3\n-1\n\n{"half\n  \r\n4\r\n5';
  const { code, stdout, stderr } = await place.deja(["map", functions, "square"], { input });
  assert.deepEqual([code, stdout], [1, "9\n16\n25\n"]);
  assert.match(stderr, /^Line 2 failed: RangeError: -1 is below zero$/m);
  assert.match(stderr, /^Line 4 failed: it is not JSON: \S.*$/m);
  assert.match(stderr, /^5 done: 0 from the cache, 3 computed, 2 failed, /m);
});

testDeja("map --with-input tells which result is that of which input", async (place) => {
  const given = { input: 'nonsense\n {"a": 1}\r\n' };
  const { stdout } = await place.deja(["map", functions, "loud", "--with-input"], given);
  const [failed, well] = stdout.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(well, { input: { a: 1 }, result: { a: 1 } });
  assert.equal(failed.input, "nonsense");
  assert.match(failed.error, /^it is not JSON: .*; --text takes lines as they stand$/);
});

testDeja("map --spread takes each line as a list of arguments", async (place) => {
  const given = { input: "[1, 2]\n[3]\n4\n" };
  const { code, stdout, stderr } = await place.deja(["map", functions, "add", "--spread"], given);
  assert.deepEqual([code, stdout], [1, "3\n13\n"]);
  assert.match(stderr, /^Line 3 failed: with --spread, a line is a list of arguments/);
});

testDeja(
  "map --text takes each line as it stands, and finds the only cached function",
  async (place) => {
    place.write("words", "one\r\n two\n");
    const { code, stdout } = await place.deja(["map", fixture("only"), "words", "--text"]);
    assert.deepEqual([code, stdout], [0, '"oneone"\n" two two"\n']);
  },
);

testDeja("map --retry tries a line again, but none that is not JSON", async (place) => {
  const given = { input: "2\n3\nx\n" };
  const { code, stdout, stderr } = await place.deja(
    ["map", functions, "shaky", "--retry", "2", "--no-progress"],
    given,
  );
  assert.deepEqual([code, stdout], [1, '"well"\n']);
  assert.match(stderr, /^Line 2 failed: Error: failure 3$/m);
  assert.match(stderr, /^3 done: 0 from the cache, 1 computed, 2 failed, /m);
});

testDeja("map --fail-fast stops at the first line that fails", async (place) => {
  const given = { input: `-1\n${linesTo(5000)}` };
  const { code, stdout, stderr } = await place.deja(
    ["map", functions, "square", "--fail-fast", "--concurrency=1"],
    given,
  );
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(
    stderr,
    /^Line 1 failed: .*\nStopped: 1 done: .*; run it again to go on from there\n$/,
  );
});

testDeja(
  "map that is stopped says so of a function that keeps results in memory",
  async (place) => {
    const { stderr } = await place.deja(["map", functions, "shaky", "--fail-fast"], {
      input: "9\n",
    });
    assert.match(stderr, /; shaky keeps results in memory alone, so that nothing of this is left /);
  },
);

testDeja("map --quiet writes nothing but results and failures", async (place) => {
  const { stdout, stderr } = await place.deja(["map", functions, "square", "-q"], {
    input: "2\n-2\n",
  });
  assert.equal(stdout, "4\n");
  assert.equal(stderr, "Line 2 failed: RangeError: -2 is below zero\n");
});

testDeja("map keeps what the function logs out of the results", async (place) => {
  const { stdout, stderr } = await place.deja(["map", functions, "loud"], { input: '"a"\n' });
  assert.equal(stdout, '"a"\n');
  assert.match(stderr, /^called with a\n1 done: /);
});

testDeja("map tells of a result that has no JSON form", async (place) => {
  const { code, stdout, stderr } = await place.deja(["map", functions, "page"], { input: "1\n" });
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(
    stderr,
    /^Line 1 failed: TypeError: The result is a Response, which has no JSON form/m,
  );
});

testDeja(
  "map does not guess how many were computed of a function that calls itself",
  async (place) => {
    const { stdout, stderr } = await place.deja(["map", functions, "fib"], { input: "10\n" });
    assert.equal(stdout, "55\n");
    assert.match(stderr, /^1 done: 1 well, 0 failed, /);
  },
);

testDeja("map stops where the inputs are no text, and says where", async (place) => {
  place.write("inputs.jsonl", new Uint8Array([0x31, 0x0a, 0x32, 0x0a, 0xff, 0x0a]));
  const { code, stderr } = await place.deja(["map", functions, "square", "inputs.jsonl"]);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^The inputs are not UTF-8 text, at line 1 or soon after it\nStopped: 0 done/,
  );
});

testDeja("map of no lines at all is done", async (place) => {
  const { code, stdout, stderr } = await place.deja(["map", functions, "square", "-"]);
  assert.deepEqual([code, stdout], [0, ""]);
  assert.match(stderr, /^0 done: /);
});

const WRONG: Readonly<Record<string, readonly [words: readonly string[], message: RegExp]>> = {
  "no module": [[], /^Missing required argument 'module'\n/],
  "a module that is not there": [["gone.ts"], /^There is no module "gone\.ts": name a file that /],
  "a folder in place of a module": [["."], /^There is no module "\."/],
  "a module that fails": [[fixture("broken")], /^Cannot load .*broken\.ts: .*no key for the model/],
  "no choice among functions": [
    [functions],
    /^Say which function of .* to map: it has add, fib, gated, loud, page, shaky, square\n/,
  ],
  "an export that is not there": [
    [functions, "sqare"],
    /^\S+functions\.ts does not export "sqare": it has add, .*square\n/,
  ],
  "a function that is not cached": [
    [functions, "plain"],
    /^plain of .* is not a cached function: wrap it, such as persistentCache\("plain", plain\)\n/,
  ],
  "an export that is no function": [
    [fixture("only"), "limit"],
    /^limit of .* is not a cached function: it has twice\n/,
  ],
  "inputs that are not there": [
    [functions, "square", "gone.jsonl"],
    /^There is no file "gone\.jsonl" to read inputs from: /,
  ],
  "an unknown flag": [
    [functions, "--concurency=2"],
    /^Unknown option '--concurency=2'\n\(Did you /,
  ],
  "a number that is none": [
    [functions, "--concurrency=many"],
    /^Option .* argument 'many' is invalid. Give a whole number from 1 on\n/,
  ],
  "a concurrency of nothing": [
    [functions, "-c", "0"],
    /'0' is invalid. Give a whole number from 1/,
  ],
  "more words than it takes": [["a", "b", "c", "d"], /^Too many arguments for 'map'/],
};

testDeja("map refuses wrong usage before it computes anything", async (place) => {
  for (const [what, [words, message]] of Object.entries(WRONG)) {
    const { code, stdout, stderr } = await place.deja(["map", ...words], { input: "1\n" });
    assert.deepEqual([code, stdout], [2, ""], what);
    assert.match(stderr, message, what);
  }
});
