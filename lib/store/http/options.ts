/**
 * The options of `httpStore`.
 *
 * @module
 */

import type { Fetch } from "../_fetch.ts";

/** Options of {@linkcode httpStore}. */
export interface HttpStoreOptions {
  /**
   * The URL is that of a folder of files as `fsStore` makes it, which any server for files may
   * serve: the store can only be read. By default the URL is that of a `serveStore`.
   */
  readonly files?: boolean;
  /** Bearer token, or a function that gives the one of the moment, within `timeout`. */
  readonly token?: string | (() => string | Promise<string>);
  /** More headers for every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Longest wait for the server to answer or to go on, in milliseconds; 30,000 by default. A large
   * value that is sent has a second more for each 100 kB.
   */
  readonly timeout?: number;
  /** Nothing is to be written, as with a token that may only read. No by default. */
  readonly readOnly?: boolean;
  /**
   * Whether the store behind the server has leases; yes by default, until the server says that it
   * has none.
   */
  readonly lease?: boolean;
  /** Whether the store behind the server tells when entries expire; yes by default. */
  readonly expiry?: boolean;
  /**
   * Whether `setStream` sends while it reads. By default on Deno and Bun; browsers can do so only
   * over HTTP/2, if at all, and without it the value is held in memory.
   */
  readonly streamBodies?: boolean;
  /** Makes the requests; the runtime's own `fetch` by default. */
  readonly fetch?: Fetch;
}

/** The headers that go with every request. */
export async function headersOf({ token, headers }: HttpStoreOptions): Promise<Headers> {
  const all = new Headers(headers);
  const bearer = typeof token === "function" ? await token() : token;
  if (bearer !== undefined) all.set("authorization", `Bearer ${bearer}`);
  return all;
}

/** The option whose function is asked for each request, if there is one. */
export function askedFor({ token }: HttpStoreOptions): string | undefined {
  return typeof token === "function" ? "token" : undefined;
}
