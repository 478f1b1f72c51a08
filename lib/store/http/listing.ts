/**
 * A listing as text: a line of JSON for each entry, `["key",size,expires]`, and `{"end":true}` as the
 * last, so that a listing that was cut is not taken for a short one. `expires` is milliseconds since
 * the epoch, `null` for never, and left out where the store does not tell.
 *
 * @module
 */

import { DecodeError } from "../../errors.ts";
import type { Store, StoreListEntry } from "../store.ts";

/** Media type of a listing. */
export const LISTING_TYPE = "application/x-ndjson";

const END = '{"end":true}\n';
/** How much text goes out at a time. */
const BLOCK_LENGTH = 16_384;
/** The longest line: a key whose every code unit is escaped, and a size. */
const MAX_LINE_LENGTH = 8192;

/** Writes what `store` lists, in blocks. */
export async function* writeListing(
  store: Store,
  prefix: string,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const encoder = new TextEncoder();
  let block = "";
  for await (const { key, size, expires } of store.list(prefix)) {
    // JSON makes null of Infinity.
    block += `${JSON.stringify(expires === undefined ? [key, size] : [key, size, expires])}\n`;
    if (block.length < BLOCK_LENGTH) continue;
    yield encoder.encode(block);
    block = "";
  }
  yield encoder.encode(block + END);
}

/**
 * Reads a listing as it comes.
 *
 * @throws {DecodeError} It is no listing, or it was cut.
 */
export async function* readListing(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<StoreListEntry, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let rest = "";
  let count = 0;
  let ended = false;
  for await (const chunk of chunks) {
    const lines = (rest + decodeText(decoder, chunk, count)).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      if (ended) throw new DecodeError("The listing goes on after its end", { offset: count });
      const entry = readLine(line, count++);
      if (entry === undefined) ended = true;
      else yield entry;
    }
    if (rest.length > MAX_LINE_LENGTH) throw noListing(count);
  }
  if (!ended || rest !== "") {
    throw new DecodeError(`The listing was cut after ${count} lines`, { offset: count });
  }
}

function decodeText(
  decoder: TextDecoder,
  chunk: Uint8Array<ArrayBuffer>,
  line: number,
): string {
  try {
    return decoder.decode(chunk, { stream: true });
  } catch (cause) {
    throw noListing(line, cause);
  }
}

/** Reads one line: an entry, or the end. */
function readLine(line: string, number: number): StoreListEntry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw noListing(number, cause);
  }
  if (Array.isArray(value)) {
    const [key, size, moment] = value;
    const expires = moment === null ? Infinity : moment;
    const fits = typeof key === "string" && Number.isSafeInteger(size) && size >= 0 &&
      (expires === undefined || typeof expires === "number");
    if (fits) return expires === undefined ? { key, size } : { key, size, expires };
  } else if (value !== null && typeof value === "object" && "end" in value) {
    return undefined;
  }
  throw noListing(number);
}

function noListing(line: number, cause?: unknown): DecodeError {
  return new DecodeError(`Line ${line + 1} is none of a listing`, { offset: line, cause });
}
