/**
 * The versions check: what a guide tells users to import is what the project is tested with.
 *
 * @module
 */

import type { Manifest } from "../run/project.ts";

/**
 * Every package that a guide names in another version than `deno.json`, or that is not there.
 *
 * @param guide The text of the guide.
 * @param deno What `deno.json` holds.
 */
export function versionProblems(guide: string, { imports = {} }: Manifest): string[] {
  const used = new Set(Object.values(imports));
  const named = guide.match(/npm:(?:@[\w.-]+\/)?[\w.-]+@[\w.-]+/g) ?? [];
  return named.filter((specifier) => !used.has(specifier))
    .map((specifier) => `The README names ${specifier}, which deno.json does not import`);
}
