/**
 * A store in a bucket of AWS S3, or of any service that speaks its protocol.
 *
 * @module
 */

import { checkOptionNames, checkOptionTypes } from "../_options.ts";
import type { Store } from "../store.ts";
import type { S3StoreOptions } from "./options.ts";
import { S3Store } from "./store.ts";

export type { Fetch } from "../_fetch.ts";
export type { S3Credentials, S3StoreOptions } from "./options.ts";

/**
 * Makes a store in a bucket; nothing is asked of the server yet.
 *
 * A value is one object, which `set` puts as a whole, so readers see the old one or the new one.
 * The objects are those files that `fsStore` makes: a folder that is copied into the bucket below
 * `prefix`, or back, is a cache as well. Listing reads the header of each object, 16 at a time, and
 * removes what has expired.
 *
 * Leases run out by the clocks of the machines that ask for them, so let these agree. A lease
 * leaves a small object below `leases-v1/`. A `set` under a lease looks whether it is held and then
 * puts the object, since no condition of S3 spans two objects: a `set` that is held up in between
 * for longer than the lease lasts may still overwrite what the next holder has set.
 *
 * A page needs CORS rules of the bucket that allow its origin, the methods GET, PUT, POST and DELETE
 * and all headers, and that expose `ETag` and `Content-Range`: leases, and `setStream` of much, fail
 * where they cannot see the former.
 *
 * The same code runs on every runtime, also where Bun has a client of its own: only so does one
 * suite prove them all.
 *
 * @param options The bucket, who asks, and limits.
 * @returns The store.
 * @throws {TypeError} `endpoint` is no `http:` or `https:` URL, `bucket` is no name, there are no
 *   `credentials`, or an option is unknown or of the wrong type.
 * @throws {RangeError} `timeout` is not more than zero, or `retries` is no integer from 0 on.
 *
 * @example
 * ```ts
 * import { s3Store } from "@deja/cache/s3";
 * import { assert } from "chai";
 *
 * // Leave out fetch to ask the real service; this one has no objects at all.
 * const none = "<Error><Code>NoSuchKey</Code></Error>";
 * await using store = s3Store({
 *   endpoint: "https://s3.eu-central-1.amazonaws.com",
 *   region: "eu-central-1",
 *   bucket: "my-caches",
 *   credentials: { accessKeyId: "...", secretAccessKey: "..." },
 *   fetch: () => Promise.resolve(new Response(none, { status: 404 })),
 * });
 * assert.isUndefined(await store.get("greeting"));
 * ```
 */
export function s3Store(options: S3StoreOptions): Store {
  checkOptionNames("s3Store()", options, {
    endpoint: true,
    bucket: true,
    prefix: true,
    region: true,
    credentials: true,
    virtualHost: true,
    lease: true,
    readOnly: true,
    timeout: true,
    retries: true,
    fetch: true,
  });
  checkOptionTypes("s3Store()", options, {
    virtualHost: "boolean",
    lease: "boolean",
    readOnly: "boolean",
    fetch: "function",
  });
  return new S3Store(options);
}
