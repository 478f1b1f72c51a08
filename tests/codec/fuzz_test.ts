import { assert, test } from "../harness.ts";
import { fuzz } from "./fuzz.ts";

const CASES = 1000;

for (const seed of [1, 2, 3]) {
  test(`decode() copes with ${CASES} hostile inputs from seed ${seed}`, () => {
    const { values, refusals, endings } = fuzz(seed, CASES);
    // A fuzzer whose inputs are all refused at the first byte would prove nothing.
    assert.equal(values + refusals, CASES);
    assert.isAbove(values, CASES / 20);
    assert.isAbove(refusals, CASES / 20);
    assert.isAbove(endings.length, 20);
  });
}

test("the fuzzer makes the same inputs from the same seed", () => {
  const outcome = ({ slowestMs: _, ...rest }: ReturnType<typeof fuzz>) => rest;
  assert.deepEqual(outcome(fuzz(7, 200)), outcome(fuzz(7, 200)));
});
