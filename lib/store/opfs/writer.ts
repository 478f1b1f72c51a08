/**
 * Writes the files: in place, or by streams where that is not allowed.
 *
 * @module
 */

import { isNamed } from "./failure.ts";
import { makeOpener, type Opener, type OpenFile } from "./open_file.ts";
import { sequence } from "./sequence.ts";

/** A file and what is to stand in it from a position on. */
export interface Piece {
  /** Folder of the file. */
  readonly folder: FileSystemDirectoryHandle;
  /** Name of the file. */
  readonly name: string;
  /** Position of the first byte. */
  readonly at: number;
  /** The bytes. They are gone afterwards. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Writes to segments of the log, of which it may keep one open, and to files of large entries. */
export interface Writer {
  /**
   * Makes a segment end with a piece. It fails with a `NotFoundError` where the segment is shorter
   * than it should be, and leaves the segment as it was if it can.
   */
  append(piece: Piece): Promise<void>;
  /** Writes the next piece of a file; `last` completes the file. */
  part(piece: Piece & { readonly last: boolean }): Promise<void>;
  /** Makes a file consist of a piece. */
  replace(piece: Piece): Promise<void>;
  /** Closes a file that will not be completed. */
  finish(name: string): Promise<void>;
  /** Closes the segment. */
  release(): Promise<void>;
  /** Stops for good. */
  close(): void;
}

/** Tries to open a file of somebody else who is about to let go of it. */
const MAX_OPENINGS = 100;
/** Time between them, in milliseconds. */
const REOPEN_MS = 10;

/** Makes the fastest writer that this page or worker may have. */
export async function openWriter(): Promise<Writer> {
  try {
    return new InPlaceWriter(await makeOpener());
  } catch {
    return new StreamWriter();
  }
}

/** Writes in place. A segment that stays open makes a write ten times cheaper than opening it. */
class InPlaceWriter implements Writer {
  readonly #opener: Opener;
  readonly #inTurn = sequence();
  readonly #parts = new Map<string, OpenFile>();
  #segment: { readonly name: string; readonly file: OpenFile; size: number } | undefined;

  constructor(opener: Opener) {
    this.#opener = opener;
  }

  append(piece: Piece): Promise<void> {
    return this.#inTurn(async () => {
      try {
        await this.#append(piece);
      } catch (error) {
        await this.#release().catch(() => {});
        throw error;
      }
    });
  }

  part({ folder, name, at, bytes, last }: Piece & { readonly last: boolean }): Promise<void> {
    return this.#inTurn(async () => {
      let file = this.#parts.get(name);
      if (file === undefined) {
        file = await this.#open(folder, name, true);
        this.#parts.set(name, file);
      }
      if (bytes.length > 0) await put(file, bytes, at);
      if (last) await this.#finish(name);
    });
  }

  replace({ folder, name, at, bytes }: Piece): Promise<void> {
    return this.#inTurn(async () => {
      const file = await this.#open(folder, name, true);
      await Promise.all([file.truncate(at), put(file, bytes, at), file.close()]);
    });
  }

  finish(name: string): Promise<void> {
    return this.#inTurn(() => this.#finish(name));
  }

  release(): Promise<void> {
    return this.#inTurn(() => this.#release());
  }

  close(): void {
    this.#opener.close();
  }

  async #append({ folder, name, at, bytes }: Piece): Promise<void> {
    if (this.#segment?.name !== name) {
      await this.#release();
      const file = await this.#open(folder, name, at === 0);
      this.#segment = { name, file, size: file.size };
    }
    const { file, size } = this.#segment;
    const end = at + bytes.length;
    if (size < at) throw new DOMException("The segment was cut", "NotFoundError");
    if (size > at) await file.truncate(at);
    try {
      await put(file, bytes, at);
    } catch (error) {
      await file.truncate(at);
      throw error;
    }
    this.#segment.size = end;
  }

  async #finish(name: string): Promise<void> {
    const file = this.#parts.get(name);
    this.#parts.delete(name);
    await file?.close();
  }

  async #release(): Promise<void> {
    const segment = this.#segment;
    this.#segment = undefined;
    await segment?.file.close();
  }

  async #open(
    folder: FileSystemDirectoryHandle,
    name: string,
    create: boolean,
  ): Promise<OpenFile> {
    const file = await folder.getFileHandle(name, { create });
    for (let tries = 1;; tries++) {
      try {
        return await this.#opener.open(file);
      } catch (error) {
        // The handle of a tab that is gone is closed a little later than its lock is free.
        if (!isNamed(error, "NoModificationAllowedError") || tries === MAX_OPENINGS) throw error;
        await new Promise((resolve) => setTimeout(resolve, REOPEN_MS));
      }
    }
  }
}

/** Writes all of the bytes. */
async function put(file: OpenFile, bytes: Uint8Array<ArrayBuffer>, at: number): Promise<void> {
  const { length } = bytes;
  if (await file.write(bytes, at) !== length) {
    throw new DOMException("The write is incomplete", "QuotaExceededError");
  }
}

/** Writes by streams, which copy the file for each change and then replace it as a whole. */
export class StreamWriter implements Writer {
  readonly #parts = new Map<string, FileSystemWritableFileStream>();

  async append({ folder, name, at, bytes }: Piece): Promise<void> {
    const file = await folder.getFileHandle(name, { create: at === 0 });
    const { size } = await file.getFile();
    if (size < at) throw new DOMException("The segment was cut", "NotFoundError");
    const stream = await file.createWritable({ keepExistingData: true });
    try {
      if (size > at) await stream.truncate(at);
      await stream.write({ type: "write", position: at, data: bytes });
      await stream.close();
    } catch (error) {
      await abort(stream);
      throw error;
    }
  }

  async part(
    { folder, name, at, bytes, last }: Piece & { readonly last: boolean },
  ): Promise<void> {
    let stream = this.#parts.get(name);
    if (stream === undefined) {
      const file = await folder.getFileHandle(name, { create: true });
      stream = await file.createWritable();
      this.#parts.set(name, stream);
    }
    await stream.write({ type: "write", position: at, data: bytes });
    if (!last) return;
    await stream.close();
    this.#parts.delete(name);
  }

  replace(piece: Piece): Promise<void> {
    return this.part({ ...piece, last: true });
  }

  async finish(name: string): Promise<void> {
    const stream = this.#parts.get(name);
    this.#parts.delete(name);
    if (stream !== undefined) await abort(stream);
  }

  release(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {}
}

/** A stream that failed has let go of the file already, and then refuses to be aborted. */
async function abort(stream: FileSystemWritableFileStream): Promise<void> {
  await stream.abort().catch(() => {});
}
