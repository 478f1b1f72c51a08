/**
 * Putting an object whose size is not known before its end: in parts, the first of them last, since
 * it has the header that says the size.
 *
 * @module
 */

import { writeHeader } from "../_entry_file.ts";
import { refused, uploadFailureIn, uploadIdIn } from "./answers.ts";
import type { Bucket } from "./bucket.ts";

/** Servers take parts of at least 5 MiB, and at most 10,000 of them: about 80 GB in all. */
const PART_BYTES = 8 * 1024 * 1024;

/** The object that is put. */
export interface Upload {
  /** The bucket. */
  readonly bucket: Bucket;
  /** Name of the object. */
  readonly name: string;
  /** Key of the entry. */
  readonly key: string;
  /** Moment of expiry of the entry, `Infinity` for never. */
  readonly expires: number;
  /** Called before the object is there: rejects to keep it from being so. */
  readonly confirm: () => Promise<void>;
  /** The signal of the caller. */
  readonly signal: AbortSignal | undefined;
}

/** Puts what `pieces` bring; leaves the old object where they, or the server, fail. */
export async function upload(
  upload: Upload,
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { key, expires } = upload;
  // Some servers want parts of one size, so the header counts in the first.
  const parts = partsOf(pieces, PART_BYTES - writeHeader(key, 0, expires).length);
  try {
    await uploadParts(upload, parts);
  } finally {
    await parts.return();
  }
}

async function uploadParts(
  { bucket, name, key, expires, confirm, signal }: Upload,
  parts: AsyncGenerator<Uint8Array<ArrayBuffer>, void>,
): Promise<void> {
  const { value: first = new Uint8Array(0) } = await parts.next();
  let { done, value: part } = await parts.next();
  const ask = { operation: "set", name, signal } as const;
  if (done) {
    await confirm();
    const body = joined([writeHeader(key, first.length, expires), first]);
    return await (await bucket.expect({ ...ask, method: "PUT", body }, 200)).discard();
  }
  const begun = await bucket.expect({ ...ask, method: "POST", query: { uploads: "" } }, 200);
  const uploadId = await uploadIdIn(begun);
  if (uploadId === undefined) throw bucket.rubbish("set");
  const tags: string[] = [];
  const put = async (number: number, body: Uint8Array<ArrayBuffer>): Promise<void> => {
    const query = { partNumber: String(number), uploadId };
    const reply = await bucket.expect({ ...ask, method: "PUT", query, body }, 200);
    await reply.discard();
    const etag = reply.headers.get("etag");
    if (etag === null) throw bucket.hidden("set", "ETag");
    tags[number - 1] = etag;
  };
  try {
    let size = first.length;
    for (let number = 2; !done && part !== undefined; number++) {
      size += part.length;
      await put(number, part);
      ({ done, value: part } = await parts.next());
    }
    await put(1, joined([writeHeader(key, size, expires), first]));
    await confirm();
    const body = new TextEncoder().encode(completion(tags));
    const reply = await bucket.expect({ ...ask, method: "POST", query: { uploadId }, body }, 200);
    const failure = await uploadFailureIn(reply);
    if (failure !== undefined) throw refused(bucket.remote, "set", reply, failure);
  } catch (error) {
    // Parts that stay behind cost money, but nobody sees them; a failure here tells nothing new.
    await bucket.ask({ operation: "set", name, method: "DELETE", query: { uploadId } })
      .then((reply) => reply.discard())
      .catch(() => {});
    throw error;
  }
}

/** Yields parts of the full size, but for the first and the last; none for no bytes. */
async function* partsOf(
  pieces: AsyncIterable<Uint8Array>,
  firstBytes: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  let part = new Uint8Array(firstBytes);
  let filled = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length;) {
      const taken = piece.subarray(at, at + part.length - filled);
      part.set(taken, filled);
      filled += taken.length;
      at += taken.length;
      if (filled < part.length) continue;
      yield part;
      part = new Uint8Array(PART_BYTES);
      filled = 0;
    }
  }
  if (filled > 0) yield part.slice(0, filled);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function completion(tags: readonly string[]): string {
  const parts = tags.map((tag, i) =>
    `<Part><PartNumber>${i + 1}</PartNumber><ETag>${tag.replaceAll('"', "&quot;")}</ETag></Part>`
  );
  return `<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`;
}
