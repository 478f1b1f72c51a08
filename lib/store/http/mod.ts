/**
 * A store over HTTP: files beside a web page, or a server that a team shares.
 *
 * @module
 */

import { folderUrl } from "../_fetch.ts";
import { checkOptionNames, checkOptionTypes } from "../_options.ts";
import { streamFrom } from "../_streams.ts";
import type { Store } from "../store.ts";
import { FilesStore } from "./files.ts";
import { writeListing } from "./listing.ts";
import type { HttpStoreOptions } from "./options.ts";
import { ServedStore } from "./served.ts";

export type { Fetch } from "../_fetch.ts";
export type { HttpStoreOptions } from "./options.ts";
export { serveStore, type ServeStoreOptions } from "./serve.ts";

/**
 * Makes a store over HTTP; nothing is asked of the server yet.
 *
 * By default it reads and writes through a server that {@linkcode serveStore} makes. With `files`,
 * it reads a folder that `fsStore` or `copyStore` filled and that any server for files serves, such
 * as a warm cache beside a web page. Such files are listable where {@linkcode storeIndex} was
 * written beside them.
 *
 * @param url Address of the cache; in a browser it may be relative to the page.
 * @param options The kind of server, who asks, and limits.
 * @returns The store.
 * @throws {TypeError} `url` is no `http:` or `https:` URL, or it contains a password, or an option is
 *   unknown or of the wrong type.
 * @throws {RangeError} `timeout` is not more than zero.
 *
 * @example
 * ```ts
 * import { httpStore } from "@deja/cache/http";
 * import { assert } from "chai";
 *
 * // Any server for files does; this one has none.
 * const fetch = () => Promise.resolve(new Response(null, { status: 404 }));
 * await using store = httpStore("https://example.org/cache/", { files: true, fetch });
 * assert.isTrue(store.supports.readOnly);
 * assert.isUndefined(await store.get("greeting"));
 * ```
 */
export function httpStore(url: string | URL, options: HttpStoreOptions = {}): Store {
  checkOptionNames("httpStore()", options, {
    files: true,
    token: true,
    headers: true,
    timeout: true,
    readOnly: true,
    lease: true,
    expiry: true,
    streamBodies: true,
    fetch: true,
  });
  checkOptionTypes("httpStore()", options, {
    files: "boolean",
    readOnly: "boolean",
    lease: "boolean",
    expiry: "boolean",
    streamBodies: "boolean",
    fetch: "function",
  });
  const { location } = globalThis as { location?: { readonly href: string } };
  const folder = folderUrl("httpStore()", url, location?.href);
  return options.files ? new FilesStore(folder, options) : new ServedStore(folder, options);
}

/**
 * Writes the index that makes files listable: put it as `index.ndjson` into the folder that
 * `fsStore` made, beside `v1`, before you publish that.
 *
 * @param store The store over that folder, or another with the same entries.
 * @returns The content of the index, a line of JSON for each entry.
 *
 * @example
 * ```ts
 * import { memoryStore } from "@deja/cache";
 * import { storeIndex } from "@deja/cache/http";
 * import { assert } from "chai";
 *
 * const store = memoryStore();
 * await store.set("greeting", new TextEncoder().encode("hello"));
 * const index = await new Response(storeIndex(store)).text();
 * assert.equal(index, '["greeting",5,null]\n{"end":true}\n');
 * ```
 */
export function storeIndex(store: Store): ReadableStream<Uint8Array<ArrayBuffer>> {
  return streamFrom(writeListing(store, ""));
}
