/**
 * Paths as the caller gives them, and as the store keeps them.
 *
 * @module
 */

import type { Files } from "./files.ts";

/**
 * Turns what the caller named into a path that stays the same when the working directory changes,
 * where the runtime tells it.
 *
 * @throws {TypeError} `path` is neither a path nor a `file:` URL.
 */
export function resolvePath(files: Files, path: string | URL): string {
  const named = path instanceof URL || (typeof path === "string" && path.startsWith("file:"))
    ? fromUrl(files, new URL(path))
    : path;
  if (typeof named !== "string" || named === "" || named.includes("\0")) {
    throw new TypeError("fsStore() needs the path or the file: URL of a folder");
  }
  // One letter before a colon is a drive of Windows.
  const [, scheme] = /^([a-z][a-z\d+.-]+):\/\//i.exec(named) ?? [];
  if (scheme !== undefined) {
    throw new TypeError(
      `fsStore() needs the path or the file: URL of a folder, received one of ${scheme}:`,
    );
  }
  if (isAbsolute(files, named)) return named;
  const base = files.workingDirectory();
  return base === undefined ? named : `${base}/${named}`;
}

function isAbsolute(files: Files, path: string): boolean {
  return files.windows ? /^(?:[a-z]:)?[\\/]/i.test(path) : path.startsWith("/");
}

function fromUrl(files: Files, url: URL): string {
  if (url.protocol !== "file:") {
    throw new TypeError(
      `fsStore() needs the path or the file: URL of a folder, received ${url.protocol}`,
    );
  }
  const path = decodeURIComponent(url.pathname);
  if (!files.windows) return path;
  // A host names a share on the network; a drive stands behind a slash.
  return url.host === "" ? path.replace(/^\/(?=[a-z]:)/i, "") : `//${url.host}${path}`;
}
