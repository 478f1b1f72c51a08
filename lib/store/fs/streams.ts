/**
 * Entries as streams.
 *
 * @module
 */

import type { StoreError } from "../../errors.ts";
import { type EntryHeader, MAX_HEADER_BYTES, readHeaderOf } from "../_entry_file.ts";
import { piecesOf, pulledStream, streamOf } from "../_streams.ts";
import type { StoreCallOptions } from "../store.ts";
import type { FileReader, FileWriter } from "./files.ts";

/** Bytes that are read or written at a time. */
const PIECE_BYTES = 256 * 1024;

/**
 * Makes a stream of the next `size` bytes of an open file, and closes that in the end.
 *
 * @param file The file, read so far as the value starts there.
 * @param first Bytes of the value that were read before.
 * @param size Length of the value in bytes.
 * @param options The signal of the call.
 * @param failed Words the error of a file that cannot be read on.
 */
export async function fileStream(
  file: FileReader,
  first: Uint8Array<ArrayBuffer>,
  size: number,
  options: StoreCallOptions,
  failed: (cause: unknown) => StoreError,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  // All is here: nobody has to read to the end for the file to be closed.
  if (first.length >= size) {
    await file.close();
    return streamOf(first, options);
  }
  let read = 0;
  let open = true;
  const close = async () => {
    if (open) {
      open = false;
      await file.close();
    }
  };
  const nextOfFile = async () => {
    const piece = new Uint8Array(Math.min(PIECE_BYTES, size - read));
    const length = await file.read(piece);
    if (length === 0) throw new Error(`The file ends ${size - read} bytes too early`);
    return piece.subarray(0, length);
  };
  const next = async () => {
    if (read === size) return undefined;
    try {
      const piece = read === 0 && first.length > 0 ? first : await nextOfFile();
      read += piece.length;
      // Nor does anybody have to ask for more than all.
      if (read === size) await close();
      return piece;
    } catch (error) {
      await close();
      throw failed(error);
    }
  };
  return pulledStream({ next, letGo: close, ahead: 0 }, options);
}

/** Reads the header of an open file, and what of the value came with it. */
export async function readOpenHeader(
  key: string,
  file: FileReader,
): Promise<{ header: EntryHeader; rest: Uint8Array<ArrayBuffer> }> {
  const start = new Uint8Array(Math.min(MAX_HEADER_BYTES, file.size));
  let length = 0;
  while (length < start.length) {
    const count = await file.read(start.subarray(length));
    if (count === 0) break;
    length += count;
  }
  const header = readHeaderOf(key, start.subarray(0, length), file.size);
  return { header, rest: start.subarray(header.offset, length) };
}

/** A stream that is being written failed by itself, which is its owner's matter. */
export class SourceFailure extends Error {
  /** @param cause What it failed with. */
  constructor(cause: unknown) {
    super("The stream failed", { cause });
  }
}

/**
 * Writes all of a stream into a file, in pieces of a good size.
 *
 * @returns Length of the stream in bytes.
 * @throws {SourceFailure} The stream failed, gave something else than bytes, or was given up.
 */
export async function drain(
  stream: ReadableStream<Uint8Array>,
  file: FileWriter,
  options: StoreCallOptions,
): Promise<number> {
  const pieces = piecesOf(stream, options);
  const gathered = new Uint8Array(PIECE_BYTES);
  let waiting = 0;
  let size = 0;
  try {
    for (let piece = await nextOf(pieces); piece !== undefined; piece = await nextOf(pieces)) {
      size += piece.length;
      if (waiting + piece.length > PIECE_BYTES) {
        await file.write(gathered.subarray(0, waiting));
        waiting = 0;
      }
      if (piece.length >= PIECE_BYTES) await file.write(piece);
      else {
        gathered.set(piece, waiting);
        waiting += piece.length;
      }
    }
    await file.write(gathered.subarray(0, waiting));
    return size;
  } finally {
    await pieces.return();
  }
}

async function nextOf(pieces: AsyncGenerator<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    const { done, value } = await pieces.next();
    return done ? undefined : value;
  } catch (cause) {
    throw new SourceFailure(cause);
  }
}
