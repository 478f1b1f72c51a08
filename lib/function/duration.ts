/** Durations as users write them. */

export { type Duration, type DurationUnit, milliseconds } from "../units.ts";
