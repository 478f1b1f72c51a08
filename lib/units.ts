/** Durations, moments and sizes as users write them. */

/** Milliseconds, or a number with a unit: `"90s"`, `"15m"`, `"7d"`. */
export type Duration = number | `${number}${DurationUnit}`;

/** Unit of a {@linkcode Duration}. */
export type DurationUnit = "ms" | "s" | "m" | "h" | "d" | "w";

/** A point in time: a `Date`, or anything that counts its milliseconds as `Temporal.Instant` does. */
export type Moment = Date | { readonly epochMilliseconds: number };

/** Bytes, or a number with a unit: `"64MiB"`, `"500kB"`. */
export type ByteSize = number | `${number}${ByteUnit}`;

/** Unit of a {@linkcode ByteSize}. */
export type ByteUnit = "B" | "kB" | "MB" | "GB" | "KiB" | "MiB" | "GiB";

const UNIT_MS: Readonly<Record<DurationUnit, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

const UNIT_BYTES: Readonly<Record<ByteUnit, number>> = {
  B: 1,
  kB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
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
  return amountOf(
    duration,
    option,
    UNIT_MS,
    'milliseconds or a string such as "90s", "15m" or "7d"',
  );
}

/**
 * The bytes of a size.
 *
 * @param size The size.
 * @param option Name of the option it came from, for messages.
 * @throws {TypeError} It is neither a number nor a string of a number and a unit.
 * @throws {RangeError} It is not more than zero.
 */
export function byteCount(size: ByteSize, option: string): number {
  return amountOf(size, option, UNIT_BYTES, 'bytes or a string such as "64MiB" or "500kB"');
}

/** The milliseconds since the epoch of a moment; `undefined` where it is something else. */
export function momentOf(value: unknown): number | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const at = value instanceof Date ? value.getTime() : Reflect.get(value, "epochMilliseconds");
  return typeof at === "number" && !Number.isNaN(at) ? at : undefined;
}

function amountOf(
  given: number | string,
  option: string,
  units: Readonly<Record<string, number>>,
  expected: string,
): number {
  const value = typeof given === "string" ? parse(given, units) : given;
  if (typeof value !== "number" || Number.isNaN(value)) {
    throw new TypeError(
      `${option} must be ${expected}, received ` +
        (typeof given === "string" ? JSON.stringify(given) : String(given)),
    );
  }
  if (value <= 0) throw new RangeError(`${option} must be more than 0, received ${given}`);
  return value;
}

function parse(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, count, unit] = /^(-?\d+(?:\.\d+)?) ?([A-Za-z]+)$/.exec(text) ?? [];
  return unit !== undefined && Object.hasOwn(units, unit) ? Number(count) * units[unit] : undefined;
}
