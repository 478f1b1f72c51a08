/**
 * The two files that tell other programs that a folder is a cache.
 *
 * @module
 */

import { type Files, problemOf } from "./files.ts";

/** The signature that backup tools look for, see https://bford.info/cachedir/. */
const CACHEDIR_TAG = `Signature: 8a477f597d28d172789f06886806bc55
# This folder is a cache of @deja/cache: it may be deleted at any time, and need not be backed up.
`;

const MARKERS: readonly (readonly [name: string, text: string])[] = [
  [".gitignore", "*\n"],
  ["CACHEDIR.TAG", CACHEDIR_TAG],
];

/**
 * Makes the root folder and marks it. A folder that holds anything is left as it is: it was marked
 * before, or it is someone's own, which git and backups must not begin to ignore.
 */
export async function markRoot(files: Files, root: string): Promise<void> {
  files.makeFolder(root);
  const found = await files.entries(root);
  if (found.length > 0) return;
  for (const [name, text] of MARKERS) {
    try {
      files.createNow(`${root}/${name}`, new TextEncoder().encode(text));
    } catch (error) {
      if (problemOf(error) !== "exists") throw error;
    }
  }
}
