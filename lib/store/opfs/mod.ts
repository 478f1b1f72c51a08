/**
 * A store in the origin private file system of a browser, for pages and workers.
 *
 * @module
 */

import { StoreError } from "../../errors.ts";
import { failure } from "./failure.ts";
import { Place } from "./place.ts";
import { OpfsHandle, type OpfsStore } from "./store.ts";

export type { OpfsEstimate, OpfsStore } from "./store.ts";

/**
 * Opens a store in the origin private file system, and makes its folder if need be.
 *
 * Tabs and workers of one site may use one folder at the same time, and each sees at once what
 * another wrote. Entries below 64 KiB stand together in a log, and larger ones in files. Opening
 * reads an index of the log; the small entries that were used last stay in memory, up to 16 MiB of
 * them.
 *
 * The browser may drop all data of a site when its disk is full; `persist()` asks it not to, and
 * `estimate()` tells how much there is room for. A listing removes what has expired. A write
 * survives a crash of the tab, and perhaps not one of the machine.
 *
 * @param path Names of nested folders with `/` between them.
 * @returns The store.
 * @throws {TypeError} `path` names no folder.
 * @throws {StoreError} This is no browser, no secure context or a private window, or the browser is
 *   too old to replace files as a whole (Safari before 26) or has no Web Locks.
 *
 * @example
 * ```ts
 * import { opfsStore } from "@deja/cache/opfs";
 * import { assert } from "chai";
 *
 * const inBrowser = "FileSystemFileHandle" in globalThis;
 * if (inBrowser) {
 *   const store = await opfsStore("my-site");
 *   await store.set("greeting", new TextEncoder().encode("hello"));
 *   assert.equal(new TextDecoder().decode(await store.get("greeting")), "hello");
 * }
 * ```
 */
export async function opfsStore(path = "deja"): Promise<OpfsStore> {
  const names = typeof path === "string" ? path.split("/") : [];
  if (names.length === 0 || names.some((name) => ["", ".", ".."].includes(name))) {
    throw new TypeError('opfsStore() needs names of folders with "/" between them');
  }
  checkSupport();
  try {
    return new OpfsHandle(await Place.open(names));
  } catch (error) {
    throw failure("open", error);
  }
}

/** Tests for what is used; a probing write would leave a file behind where it fails. */
function checkSupport(): void {
  const { FileSystemFileHandle, isSecureContext, navigator } = globalThis;
  let reason: string | undefined;
  if (isSecureContext === false) {
    reason = "the page is no secure context; serve it over https: or from localhost";
  } else if (typeof navigator?.storage?.getDirectory !== "function") {
    reason = "there is none here; on Deno and Bun use fsStore(), elsewhere memoryStore()";
  } else if (navigator.locks === undefined) {
    reason = "this browser has no Web Locks; update it or use memoryStore()";
  } else if (typeof FileSystemFileHandle?.prototype?.createWritable !== "function") {
    reason = "this browser cannot replace files as a whole; update it or use memoryStore()";
  }
  if (reason !== undefined) {
    throw new StoreError(`Cannot open the origin private file system: ${reason}`, {
      store: "opfs",
      operation: "open",
    });
  }
}
