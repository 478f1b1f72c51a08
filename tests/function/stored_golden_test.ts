/**
 * Stored results that are frozen: they must be hits on every runtime and for ever. Where the key or the
 * bytes of a record are changed on purpose, the version in either is raised, and these rows stay.
 *
 * @module
 */

import { createCache } from "../../lib/function/create_cache.ts";
import type { PersistentOptions } from "../../lib/function/options.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, rejects, test } from "../harness.ts";
import { fromText, Recorder } from "./_recorder.ts";

const PRODUCT = "(x, options = { of: 2 }) => ({ product: x * options.of, when: new Date(0), " +
  "set: new Set([x]), text: 'é'.repeat(40) })";
const FAILURE = "(x) => { throw new RangeError('no ' + x) }";

interface Row {
  readonly source: string;
  readonly options: PersistentOptions;
  readonly key: string;
  readonly record: string;
}

/** By the name of the function. All were computed for the argument 21 in January 2027. */
const STORED: Readonly<Record<string, Row>> = {
  plain: {
    source: PRODUCT,
    options: {},
    key: "88923981ec798964b29cbe1c9146c63389300d97ac71751755654631778cc703",
    record:
      "64656a6101000000000000c585317a42000000000000f07f80770fd07db9144088923981ec798964b29cbe1c91" +
      "46c63389300d97ac71751755654631778cc7036c0000000000000084a46e616d65a5706c61696ea4636f6465d9" +
      "403562633133393438336334313862643363633635623763636338636138656331306637393537626466646566" +
      "6137333437313938356434396438383633616466a7636c6f73757265d40000a461726773c407921581a26f6602" +
      "84a770726f647563742aa47768656ed6ff00000000a373657492d4010215a474657874d950c3a9c3a9c3a9c3a9" +
      "c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3" +
      "a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a92872f0116972ddfba3478d9208a08bb9bdbb" +
      "34fcd4cae11e7c7ee28ce7f4a64d",
  },
  tagged: {
    source: PRODUCT,
    options: { version: "v1", tags: ["t"], compress: true, closure: () => ({ rate: 2 }) },
    key: "c75473ba3c8cb1e8cde2e12661974c19c9606213ab44490bfc872183a46c27b5",
    record:
      "64656a6101040000000000c585317a42000000000000f07f00e0d6c05609a63fc75473ba3c8cb1e8cde2e12661" +
      "974c19c9606213ab44490bfc872183a46c27b5c50000000000000086a46e616d65a6746167676564a4636f6465" +
      "d94035626331333934383363343138626433636336356237636363386361386563313066373935376264666465" +
      "666137333437313938356434396438383633616466a7636c6f7375726581a472617465d9406162313362656466" +
      "343265383462616530663763363263376464366138616461353731653838323962656436656135353832313766" +
      "3033363162356532356430a776657273696f6ea27631a47461677391a174a461726773c407921581a26f66021f" +
      "8b08000000000000ff6a595e50949f529a5ca2b5a43c2335efda7f06060686c5c5a92593ae3032892e2949ad28" +
      "b9197078257521000000ffff030009e44f4e75000000c78db016362da43fc9c3abd7af7e0132dea4c7de2c9af7" +
      "df87a2299f9a2236f9",
  },
  failed: {
    source: FAILURE,
    options: { errors: true },
    key: "48b97111f9eb54fc1fda62e75195dd4bbf9442584d9e8ccc851e96ae9415b9e1",
    record:
      "64656a6101010000000000c585317a42000000000000f07f80efa7c64b37034048b97111f9eb54fc1fda62e751" +
      "95dd4bbf9442584d9e8ccc851e96ae9415b9e1680000000000000084a46e616d65a66661696c6564a4636f6465" +
      "d94065353538626431313665333334633965346163353832643966633765656237616238383031383461633236" +
      "373833353736343034393130383936303332383239a7636c6f73757265d40000a461726773c402911592d50103" +
      "02a56e6f203231cd83d4f717bb8b8c02ba66125fa089bec02a94e913c18d8fa019e60d4e9a1245",
  },
};

/** A function of a row, on a store that has nothing but its record. */
async function stored(name: string) {
  const { source, options, key, record } = STORED[name];
  const store = memoryStore();
  const bytes = record.match(/../g)!.map((digits) => Number.parseInt(digits, 16));
  await store.set(`${name}/${key}`, Uint8Array.from(bytes));
  const recorder = new Recorder();
  const deja = createCache({ store, onEvent: recorder.onEvent, freeVariables: "ignore" });
  return { f: deja.persistent(name, fromText(source), options), recorder };
}

for (const name of ["plain", "tagged"]) {
  test(`a result that the first version stored is a hit: ${name}`, async () => {
    const { f, recorder } = await stored(name);
    const value = { product: 42, when: new Date(0), set: new Set([21]), text: "é".repeat(40) };
    assert.deepEqual(await f(21), value);
    assert.deepEqual(recorder.take(), ["hit"]);
    const [entry] = await Array.fromAsync(f.entries());
    const { key, args, created, expires, version, tags } = entry;
    assert.deepEqual({ key, args, created, expires }, {
      key: STORED[name].key,
      args: [21, { of: 2 }],
      created: 1_800_000_000_000,
      expires: Infinity,
    });
    assert.deepEqual([version, tags], name === "plain" ? [undefined, []] : ["v1", ["t"]]);
  });
}

test("an error that the first version stored is thrown again", async () => {
  const { f, recorder } = await stored("failed");
  await rejects(f(21) as Promise<unknown>, RangeError, /^no 21$/);
  assert.deepEqual(recorder.take(), ["hit"]);
});
