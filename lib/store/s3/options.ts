/**
 * The options of `s3Store`.
 *
 * @module
 */

import type { Fetch } from "../_fetch.ts";

/** What signs requests. */
export interface S3Credentials {
  /** Id of the access key. */
  readonly accessKeyId: string;
  /** Secret of the access key. */
  readonly secretAccessKey: string;
  /** Token of a session, with keys that hold only for a while. */
  readonly sessionToken?: string | undefined;
}

/** Options of {@linkcode s3Store}. */
export interface S3StoreOptions {
  /** Address of the service, such as `https://s3.eu-central-1.amazonaws.com`. */
  readonly endpoint: string | URL;
  /** Name of the bucket, which has to exist. */
  readonly bucket: string;
  /** How the names of the objects start; `deja/` by default. */
  readonly prefix?: string;
  /** Region that the signature names; `us-east-1` by default. */
  readonly region?: string;
  /**
   * The keys, or a function that gives those of the moment, within `timeout`, for keys that expire.
   */
  readonly credentials: S3Credentials | (() => S3Credentials | Promise<S3Credentials>);
  /** Puts the bucket into the host name instead of the path. No by default. */
  readonly virtualHost?: boolean;
  /**
   * Whether there are leases. They need a server that heeds `If-None-Match` and `If-Match` when an
   * object is put, as AWS, Cloudflare R2, MinIO and others do; the first lease finds out, and
   * then `supports.lease` says so. Yes by default.
   */
  readonly lease?: boolean;
  /** Nothing is to be written, as with keys that may only read. No by default. */
  readonly readOnly?: boolean;
  /**
   * Longest wait for the server to answer or to go on, in milliseconds; 30,000 by default. A large
   * value that is sent has a second more for each 100 kB.
   */
  readonly timeout?: number;
  /**
   * How often a request is made again that the server answers with a status of 500 or more; 3 by
   * default, after pauses of 0.05 to 0.5 s.
   */
  readonly retries?: number;
  /** Makes the requests; the runtime's own `fetch` by default. */
  readonly fetch?: Fetch;
}
