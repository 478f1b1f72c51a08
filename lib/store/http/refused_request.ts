/**
 * Requests that a server refuses, with what their senders are told.
 *
 * @module
 */

import type { Refusal } from "./protocol.ts";

/** A request that is refused, with what its sender is told. */
export class Refused extends Error {
  readonly refusal: Refusal;
  readonly headers: Readonly<Record<string, string>>;

  constructor(refusal: Refusal, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.refusal = refusal;
    this.headers = headers;
  }
}

/** The look-up of a key without an entry. */
export function noEntry(): Refused {
  return new Refused("no-entry", "There is no entry under this key");
}

/** A change under a lease that is over. */
export function leaseLost(): Refused {
  return new Refused("lease-lost", "The lease is no longer held");
}

/** A value over the limit of the server. */
export function tooLarge(maxBytes: number): Refused {
  return new Refused("too-large", `This server takes values of at most ${maxBytes} bytes`);
}
