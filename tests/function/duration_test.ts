import { type Duration, milliseconds } from "../../lib/units.ts";
import { assert, test } from "../harness.ts";

const DURATIONS: readonly (readonly [Duration | `${number} ${string}`, number])[] = [
  [1, 1],
  [0.25, 0.25],
  [Infinity, Infinity],
  ["20ms", 20],
  ["90s", 90_000],
  ["15m", 900_000],
  ["15 m", 900_000],
  ["1.5h", 5_400_000],
  ["7d", 604_800_000],
  ["2w", 1_209_600_000],
];

for (const [duration, expected] of DURATIONS) {
  test(`a duration of ${JSON.stringify(duration)} (${duration}) is ${expected} ms`, () => {
    assert.equal(milliseconds(duration as Duration, "ttl"), expected);
  });
}

for (const text of ["1e3s", "s", "1 month", "1M", "1d2h", "0x10s", ".5s", "5  s", " 5s", "5s\n"]) {
  test(`a duration of ${JSON.stringify(text)} is refused with the option's name`, () => {
    assert.throws(
      () => milliseconds(text as Duration, "staleness"),
      TypeError,
      /^staleness must be milliseconds or a string such as "90s", "15m" or "7d", received "/,
    );
  });
}
