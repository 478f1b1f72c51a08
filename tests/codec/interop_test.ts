import { Decoder as Reader, encode as writeForeign, ExtData } from "@msgpack/msgpack";
import { decode, encode, encodeCanonical } from "../../lib/codec/mod.ts";
import { toHex } from "../../lib/hash/mod.ts";
import { assert, runScript, runtime, test, testOn, withTempFolder } from "../harness.ts";
import { CASES } from "./cases.ts";
import { NEAR_MISSES } from "./near_misses.ts";

const VALUES = [...CASES, ...NEAR_MISSES];

/** What any reader of MessagePack gives back as it is: no extension, and no shape twice. */
const PLAIN: readonly unknown[] = [
  ...[null, true, false, 0, 1, -1, 23, 127, -32, -33, 255, 65_536, -(2 ** 31), 2 ** 32 - 1],
  ...[2 ** 53 - 1, -(2 ** 53), 0.5, -1.25, 1e300],
  ...["", "a", "ж".repeat(40), "🍺".repeat(400), "a".repeat(70_000)],
  [],
  [1, -1, [2, [3, "four"]], null],
  {},
  { id: 1, name: "Ada", tags: ["a", "b"], inner: { deep: { deeper: true } } },
  Array.from({ length: 20 }, (_, i) => i - 40),
  Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`key ${i}`, i])),
];

/** The same shape many times, for which records are written. */
const RECORDS = Array.from({ length: 5 }, (_, id) => ({ id, name: `n${id}`, at: { x: id } }));

/** Readers that guard against this name refuse it. */
const namesPrototype = (name: string): boolean => name.includes("__proto__");

test("@msgpack/msgpack reads every value of the tables, as a value and as a key", () => {
  const reader = new Reader();
  let count = 0;
  for (const [name, make] of VALUES) {
    if (namesPrototype(name)) continue;
    for (const write of [encode, encodeCanonical]) {
      assert.doesNotThrow(() => reader.decode(write(make())), undefined, name);
      count++;
    }
  }
  assert.isAbove(count, 1000);
});

test("@msgpack/msgpack reads plain data as they are", () => {
  const reader = new Reader();
  for (const value of PLAIN) assert.deepEqual(reader.decode(encode(value)), value);
  assert.deepEqual(reader.decode(encode(new Date(1234))), new Date(1234));
  assert.deepEqual([...reader.decode(encode(new Uint8Array([1, 2]))) as Uint8Array], [1, 2]);
  for (const value of PLAIN) assert.deepEqual(reader.decode(encodeCanonical(value)), value);
});

test("@msgpack/msgpack sees records as arrays that open with the negative number of a shape", () => {
  const [first, ...rest] = new Reader().decode(encode(RECORDS)) as unknown[];
  assert.deepEqual(first, RECORDS[0]);
  // The inner object ends first, so its keys are shape 0 and those of the outer one are shape 1.
  rest.forEach((row, i) => assert.deepEqual(row, [-2, i + 1, `n${i + 1}`, [-1, i + 1]]));
  // In a key, where names are in order, and the outermost objects are no records.
  const [[one, ...others]] = new Reader().decode(encodeCanonical([RECORDS])) as unknown[][];
  assert.deepEqual(one, RECORDS[0]);
  others.forEach((row, i) => assert.deepEqual(row, [-2, [-1, i + 1], i + 1, `n${i + 1}`]));
});

test("@msgpack/msgpack sees what plain MessagePack cannot say as extensions", () => {
  const reader = new Reader();
  const types = [undefined, 1n, -0, new Float32Array(1), "\ud800", new Map()].map((value) => {
    const read = reader.decode(encode(value));
    const extension = Array.isArray(read) ? read[0] : read;
    return extension instanceof ExtData ? extension.type : read;
  });
  assert.deepEqual(types, [0, 2, -0, 3, 5, 1]);
});

test("decode() reads what @msgpack/msgpack writes", () => {
  for (const value of [...PLAIN, RECORDS, new Date(1234), new Uint8Array([1, 2])]) {
    assert.deepEqual(decode(writeForeign(value)), value);
  }
});

/** Lets Python read lines of hex, and gives its lines of JSON; throws what stops it. */
async function python(encoded: readonly Uint8Array[]): Promise<string[]> {
  return await withTempFolder(async (folder) => {
    const file = `${folder}/lines`;
    await Deno.writeTextFile(file, encoded.map(toHex).join("\n"));
    // The tests may start nothing but Deno, which starts Python in turn.
    const { code, stdout, stderr } = await runScript(PYTHON_SCRIPT, [file]);
    if (code !== 0) throw new Error(stderr.trim());
    return stdout.trim().split("\n");
  });
}

/** Why Python cannot take part; `undefined` where it can. */
async function pythonIsMissing(): Promise<string | undefined> {
  if (runtime !== "deno") return "only Deno starts Python";
  return await python([]).then(
    () => undefined,
    () => "there is no Python with the package msgpack",
  );
}

const PYTHON_SCRIPT = new URL("interop_python.ts", import.meta.url).href;
const missing = await pythonIsMissing();
const withPython = (name: string, body: () => Promise<void>): void =>
  testOn(missing === undefined ? ["deno"] : [], missing ?? "only Deno starts Python", name, body);

withPython(
  "Python's msgpack reads every value of the tables, as a value and as a key",
  async () => {
    const encoded = VALUES.flatMap(([, make]) => [encode(make()), encodeCanonical(make())]);
    assert.lengthOf(await python(encoded), encoded.length);
  },
);

withPython("Python's msgpack reads plain data as they are", async () => {
  const values = [...PLAIN, RECORDS[0]];
  const lines = await python(values.map((value) => encodeCanonical(value)));
  assert.deepEqual(lines.map((line) => JSON.parse(line)), values);
});
