/**
 * Signed requests for the objects of one bucket.
 *
 * @module
 */

import { AwsClient } from "aws4fetch";
import type { StoreError, StoreOperation } from "../../errors.ts";
import { toHex } from "../../hash/mod.ts";
import { folderUrl, Remote, type Reply } from "../_fetch.ts";
import { listingIn, type ListingPage, refusalIn, refused } from "./answers.ts";
import type { S3Credentials, S3StoreOptions } from "./options.ts";

const DEFAULT_REGION = "us-east-1";
const DEFAULT_RETRIES = 3;
const FIRST_PAUSE_MS = 50;
/**
 * What a server answers that may do better the next moment: 409 where a request without a condition
 * met another one.
 */
const PASSING_STATUSES: readonly number[] = [409, 500, 502, 503, 504];

/** One request. */
export interface BucketRequest {
  /** What the store is doing, for errors. */
  readonly operation: StoreOperation;
  /** `GET` by default. */
  readonly method?: string;
  /** Name of the object; the bucket itself where it is left out. */
  readonly name?: string;
  /** Parameters of the URL. */
  readonly query?: Readonly<Record<string, string>>;
  /** Headers besides those of the signature. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What is sent. */
  readonly body?: Uint8Array<ArrayBuffer>;
  /** The signal of the store's caller. */
  readonly signal?: AbortSignal | undefined;
}

/** A bucket as the store asks it. */
export class Bucket {
  /** The server. */
  readonly remote: Remote;
  readonly #url: URL;
  readonly #options: S3StoreOptions;
  /** Signing keys that were derived, by aws4fetch. */
  readonly #derived = new Map<string, ArrayBuffer>();

  /**
   * @throws {TypeError} `endpoint` is no URL of a server, `bucket` is no name, or there are no
   *   `credentials`.
   * @throws {RangeError} `timeout` is not more than zero, or `retries` is no integer from 0 on.
   */
  constructor(options: S3StoreOptions) {
    const { bucket, virtualHost = false, retries = 0, credentials } = options;
    if (typeof bucket !== "string" || !/^[a-z0-9][a-z0-9._-]{1,253}[a-z0-9]$/i.test(bucket)) {
      throw new TypeError(`bucket must be the name of a bucket, received ${String(bucket)}`);
    }
    if (!(Number.isSafeInteger(retries) && retries >= 0)) {
      throw new RangeError(`retries must be an integer from 0 on, received ${String(retries)}`);
    }
    if (typeof credentials !== "function" && typeof credentials?.accessKeyId !== "string") {
      throw new TypeError("s3Store() needs credentials: the keys, or a function that gives them");
    }
    const url = folderUrl("s3Store()", options.endpoint);
    if (virtualHost) url.hostname = `${bucket}.${url.hostname}`;
    else url.pathname += `${bucket}/`;
    this.#url = url;
    this.#options = options;
    this.remote = new Remote({ ...options, store: "s3", place: url.href });
  }

  /**
   * Asks, and again where the server says that it was not up to it, as services for millions do now
   * and then. The body of the reply has to be read or discarded.
   */
  async ask(request: BucketRequest): Promise<Reply> {
    const { retries = DEFAULT_RETRIES } = this.#options;
    for (let retry = 0;; retry++) {
      const reply = await this.#askOnce(request);
      if (retry >= retries || !PASSING_STATUSES.includes(reply.status) || !isRepeatable(request)) {
        return reply;
      }
      await reply.discard();
      await pause(FIRST_PAUSE_MS * 2 ** retry * (0.5 + Math.random()), request.signal);
    }
  }

  async #askOnce(
    { operation, method = "GET", name = "", query = {}, headers, body, signal }: BucketRequest,
  ): Promise<Reply> {
    const url = new URL(this.#url);
    if (name === "") url.pathname = url.pathname.replace(/(?<=.)\/$/, "");
    else url.pathname += name.split("/").map(encodeURIComponent).join("/");
    url.search = String(new URLSearchParams(query));
    return await this.remote.ask({
      operation,
      signal,
      asks: typeof this.#options.credentials === "function" ? "credentials" : undefined,
      sends: body?.length ?? 0,
      request: async (signal) => {
        const client = await this.#client();
        const digest = await crypto.subtle.digest("SHA-256", body ?? new Uint8Array(0));
        return await client.sign(url.href, {
          method,
          headers: { ...headers, "x-amz-content-sha256": toHex(new Uint8Array(digest)) },
          signal,
          ...body === undefined ? {} : { body },
        });
      },
    });
  }

  /** As {@linkcode ask}, and fails on any status that is not among `statuses`. */
  async expect(request: BucketRequest, ...statuses: readonly number[]): Promise<Reply> {
    const reply = await this.ask(request);
    if (statuses.includes(reply.status)) return reply;
    throw refused(this.remote, request.operation, reply, await refusalIn(reply));
  }

  /** As {@linkcode expect}, for an object that may not be there: `undefined` then. */
  async find(request: BucketRequest, ...statuses: readonly number[]): Promise<Reply | undefined> {
    const reply = await this.ask(request);
    if (statuses.includes(reply.status)) return reply;
    const refusal = await refusalIn(reply);
    if (reply.status === 404 && refusal.code === "NoSuchKey") return undefined;
    throw refused(this.remote, request.operation, reply, refusal);
  }

  /** Yields the pages of a listing of objects whose names start with `prefix`. */
  async *pages(
    prefix: string,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<ListingPage, void> {
    const operation = "list";
    let query: Record<string, string> = { "list-type": "2", prefix };
    while (true) {
      const reply = await this.expect({ operation, query, signal }, 200);
      const page = await listingIn(reply);
      if (page === undefined) throw this.rubbish(operation);
      yield page;
      if (page.next === undefined) return;
      query = { ...query, "continuation-token": page.next };
    }
  }

  /** Makes the error for an answer that no S3 server gives. */
  rubbish(operation: StoreOperation, cause?: unknown): StoreError {
    const what = cause instanceof Error ? ` (${cause.message})` : "";
    return this.remote.failure(
      operation,
      `the answer is none of an S3 server${what}; check endpoint, and what stands in between`,
      cause,
    );
  }

  /** Makes the error for an answer without a header that a page may be kept from seeing. */
  hidden(operation: StoreOperation, header: string): StoreError {
    return this.remote.failure(
      operation,
      `the answer has no header ${header}; in a page, let the CORS rules of the bucket expose ETag ` +
        "and Content-Range",
    );
  }

  async #client(): Promise<AwsClient> {
    const { credentials, region = DEFAULT_REGION } = this.#options;
    const keys: S3Credentials = typeof credentials === "function"
      ? await credentials()
      : credentials;
    const { accessKeyId, secretAccessKey, sessionToken } = keys;
    return new AwsClient({
      accessKeyId,
      secretAccessKey,
      ...sessionToken === undefined ? {} : { sessionToken },
      region,
      service: "s3",
      cache: this.#derived,
    });
  }
}

/** Whether a request does no harm when it is made twice: one with a condition may meet itself. */
function isRepeatable({ method, headers = {} }: BucketRequest): boolean {
  return method !== "POST" && !("if-match" in headers) && !("if-none-match" in headers);
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  const over = Promise.withResolvers<void>();
  const end = () => over.resolve();
  const timer = setTimeout(end, ms);
  signal?.addEventListener("abort", end);
  await over.promise;
  clearTimeout(timer);
  // The signal may be that of many calls.
  signal?.removeEventListener("abort", end);
}
