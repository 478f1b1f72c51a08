/** What a cache in front of a web handler takes, and what it tells. */

import type { StoreOperation } from "../../errors.ts";
import type { Store } from "../../store/store.ts";

/** A web handler: what `Deno.serve` and `Bun.serve` take, or the `fetch` of an edge host. */
export type WebHandler<Rest extends unknown[]> = (
  request: Request,
  ...rest: Rest
) => Response | Promise<Response>;

/**
 * Why a response is passed on and not stored: the request is no `GET` (`method`) or asks for a part
 * (`range`); it or the response says so (`no-store`); the response is for one user, in a cache for
 * many (`private`, `set-cookie`, `authorization`), or no other request can be equal (`vary`); it says
 * neither how long it holds nor what tells whether it still does, with `ETag` or `Last-Modified` (`no
 * lifetime`); or its status is none that may be stored with these headers (`status`).
 */
export type BypassReason =
  | "method"
  | "range"
  | "no-store"
  | "private"
  | "set-cookie"
  | "authorization"
  | "vary"
  | "no lifetime"
  | "status";

/** What {@linkcode WithCacheOptions.onEvent} is told. */
export interface WebCacheEvent {
  /**
   * What happened: a stored response answered (`hit`), also past its time (`stale`), or after the
   * handler said that it still holds (`revalidated`); the handler answered, and its response may
   * be stored (`miss`) or not (`bypass`); a response was stored whole (`store`), could not be
   * (`not-stored`), or was found damaged (`corrupt`); the store failed (`store-error`).
   */
  readonly type:
    | "hit"
    | "stale"
    | "revalidated"
    | "miss"
    | "bypass"
    | "store"
    | "not-stored"
    | "corrupt"
    | "store-error";
  /**
   * Of `bypass` and `not-stored`, why: see {@linkcode BypassReason}; or the response was not read to
   * its end or broke off (`incomplete`), what is stored of its address was removed meanwhile
   * (`removed`), or the store did not take it (`store failed`).
   */
  readonly reason?: BypassReason | "incomplete" | "removed" | "store failed" | undefined;
  /** Address of the request. */
  readonly url: string;
  /** What was asked of the store, where it failed. */
  readonly operation?: StoreOperation;
  /** What went wrong, where something did. */
  readonly error?: unknown;
}

/** Options of {@linkcode withCache}. */
export interface WithCacheOptions {
  /** Where responses are stored. */
  readonly store: Store;
  /** What the keys in the store start with; `"web"` unless given. */
  readonly name?: string;
  /**
   * Whether the responses serve many users, so that those marked `private`, or given to a request
   * with `Authorization` or with `Set-Cookie`, are not stored. Yes unless given.
   */
  readonly shared?: boolean;
  /** Hears of what happens to every request. */
  readonly onEvent?: (event: WebCacheEvent) => void;
}
