/**
 * What the demo shows: a bar chart and a summary.
 *
 * @module
 */

import type { CacheStats } from "../../mod.ts";
import type { BundleSize } from "./bundle_size.ts";

const BAR_WIDTH = 32;
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** Draws a bar for the gzipped size of each package, the largest first. */
export function chart(sizes: ReadonlyMap<string, BundleSize>): string {
  const rows = [...sizes].sort(([, a], [, b]) => b.gzipped - a.gzipped);
  const labelWidth = Math.max(...rows.map(([spec]) => spec.length));
  const largest = rows[0]?.[1].gzipped ?? 0;
  return rows.map(([spec, { bytes, gzipped }]) => {
    const eighths = Math.max(1, Math.round((gzipped / largest) * BAR_WIDTH * 8));
    const bar = "█".repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
    const columns = [
      spec.padEnd(labelWidth),
      bar.padEnd(BAR_WIDTH),
      kilobytes(gzipped).padStart(9),
    ];
    return `${columns.join("  ")}  (${kilobytes(bytes)} before gzip)`;
  }).join("\n");
}

/** Says what the cache did, in one line. */
export function summary({ hits, misses, timeSaved }: CacheStats, milliseconds: number): string {
  const saved = hits === 0 ? "the next run answers from the cache" : `saved ${seconds(timeSaved)}`;
  return `Hits: ${hits}, misses: ${misses}, time: ${seconds(milliseconds)}; ${saved}`;
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}
