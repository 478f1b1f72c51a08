/**
 * The choice of the core, made once, at the first hash.
 *
 * @module
 */
import type { Core } from "./core.ts";
import { createReferenceCore } from "./reference.ts";

let chosen: Core | undefined;

/** The core that hashes in this program. */
export function currentCore(): Core {
  return chosen ??= createReferenceCore();
}
