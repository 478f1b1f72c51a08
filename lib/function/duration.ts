/** Durations as users write them. */

/** Milliseconds, or a number with a unit: `"90s"`, `"15m"`, `"7d"`. */
export type Duration = number | `${number}${DurationUnit}`;

/** Unit of a {@linkcode Duration}. */
export type DurationUnit = "ms" | "s" | "m" | "h" | "d" | "w";

const UNIT_MS: Readonly<Record<DurationUnit, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/**
 * The milliseconds of a duration.
 *
 * @param duration The duration.
 * @param option Name of the option it came from, for messages.
 * @throws {TypeError} It is neither a number nor a string of a number and a unit.
 * @throws {RangeError} It is not more than zero.
 */
export function milliseconds(duration: Duration, option: string): number {
  const value = typeof duration === "string" ? parse(duration) : duration;
  if (typeof value !== "number" || Number.isNaN(value)) {
    throw new TypeError(
      `${option} must be milliseconds or a string such as "90s", "15m" or "7d", received ` +
        (typeof duration === "string" ? JSON.stringify(duration) : String(duration)),
    );
  }
  if (value <= 0) {
    throw new RangeError(`${option} must be more than 0, received ${duration}`);
  }
  return value;
}

function parse(text: string): number | undefined {
  const [, count, unit] = /^(-?\d+(?:\.\d+)?) ?(ms|s|m|h|d|w)$/.exec(text) ?? [];
  return unit === undefined ? undefined : Number(count) * UNIT_MS[unit as DurationUnit];
}
