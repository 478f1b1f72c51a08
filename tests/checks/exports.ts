/**
 * The exports check: `deno.json` and `jsr.json` say the same, and every entry point exists.
 *
 * @module
 */

import type { Manifest } from "../run/project.ts";

const MEMBERS = ["name", "version", "license", "exports"];

/**
 * Every disagreement of the two manifests; empty when they agree.
 *
 * @param deno What `deno.json` holds.
 * @param jsr What `jsr.json` holds.
 * @param exists Whether the project has a file at a path.
 */
export async function exportsProblems(
  deno: Manifest,
  jsr: Manifest,
  exists: (path: string) => Promise<boolean>,
): Promise<string[]> {
  const different = MEMBERS.filter((member) =>
    deno[member] === undefined || JSON.stringify(deno[member]) !== JSON.stringify(jsr[member])
  ).map((member) => `${member} is missing, or differs between deno.json and jsr.json`);
  const missing: string[] = [];
  for (const [entry, path] of Object.entries(deno.exports ?? {})) {
    if (!await exists(path)) missing.push(`${entry} points at ${path}, which does not exist`);
  }
  return [...different, ...missing];
}
