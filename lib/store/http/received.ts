/**
 * What a request carries: its parameters and its body, with refusals where they are not as they
 * should be.
 *
 * @module
 */

import { checkKey } from "../_keys.ts";
import { piecesOf } from "../_streams.ts";
import { Refused, tooLarge } from "./refused_request.ts";

/** The key that a request is about. */
export function keyIn(query: URLSearchParams): string {
  const key = textIn(query, "key");
  badRequestOn(() => checkKey(key));
  return key;
}

/** A parameter that must be there. */
export function textIn(query: URLSearchParams, name: string): string {
  const text = query.get(name);
  if (text === null) throw new Refused("bad-request", `The parameter ${name} is missing`);
  return text;
}

/** A parameter that must be a number of milliseconds. */
export function numberIn(query: URLSearchParams, name: string): number {
  const number = Number(textIn(query, name) || NaN);
  if (Number.isFinite(number)) return number;
  throw new Refused("bad-request", `The parameter ${name} must be milliseconds`);
}

/** Makes of a caller's mistake, which a check throws, one of the client. */
export function badRequestOn(check: () => void): void {
  try {
    check();
  } catch (error) {
    throw new Refused("bad-request", (error as Error).message);
  }
}

/** Yields what a client sends, and tells a line that breaks from a store that fails. */
export async function* received(request: Request): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const chunks = bodyOf(request);
  try {
    while (true) {
      const { done, value } = await chunks.next().catch(() => {
        throw new Refused("bad-request", "The body broke off");
      });
      if (done) return;
      yield value;
    }
  } finally {
    await chunks.return();
  }
}

async function* bodyOf(request: Request): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  // Firefox has no streams of what a request carries.
  if (request.body === undefined) yield new Uint8Array(await request.arrayBuffer());
  else if (request.body !== null) {
    yield* piecesOf(request.body, {}) as AsyncGenerator<Uint8Array<ArrayBuffer>>;
  }
}

/** Passes chunks on, up to a limit of bytes. */
export async function* limited(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
  maxBytes: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    yield chunk;
  }
}
