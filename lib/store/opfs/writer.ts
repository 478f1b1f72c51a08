/**
 * Writes the files: by a worker of its own, or by streams where the page's policy forbids one.
 *
 * @module
 */

import {
  WRITER_SOURCE,
  type WriterAnswer,
  type WriterTask,
  type WriterWork,
} from "./writer_source.ts";

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

/** Makes the fastest writer that this page or worker may have. */
export async function openWriter(): Promise<Writer> {
  try {
    return await WorkerWriter.start();
  } catch {
    return new StreamWriter();
  }
}

const STOPPED = { name: "InvalidStateError", message: "The worker that writes has stopped" };

/** Writes by a dedicated worker. */
class WorkerWriter implements Writer {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, PromiseWithResolvers<void>>();
  #asked = 0;
  #stopped = false;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** Rejects where no worker is allowed. */
  static async start(): Promise<WorkerWriter> {
    const url = URL.createObjectURL(new Blob([WRITER_SOURCE], { type: "text/javascript" }));
    try {
      const worker = new Worker(url);
      const writer = new WorkerWriter(worker);
      const ready = Promise.withResolvers<void>();
      writer.#waiting.set(0, ready);
      worker.onmessage = ({ data }: MessageEvent<WriterAnswer>) => writer.#settle(data);
      worker.onerror = (event) => {
        event.preventDefault();
        writer.#stop();
      };
      await ready.promise;
      return writer;
    } finally {
      URL.revokeObjectURL(url);
    }
  }

  append({ folder, name, at, bytes }: Piece): Promise<void> {
    return this.#ask({ work: "append", folder, name, at, bytes }, [bytes.buffer]);
  }

  part({ folder, name, at, bytes, last }: Piece & { readonly last: boolean }): Promise<void> {
    return this.#ask({ work: "part", folder, name, at, bytes, last }, [bytes.buffer]);
  }

  replace({ folder, name, at, bytes }: Piece): Promise<void> {
    return this.#ask({ work: "replace", folder, name, at, bytes }, [bytes.buffer]);
  }

  finish(name: string): Promise<void> {
    return this.#ask({ work: "finish", name });
  }

  release(): Promise<void> {
    return this.#ask({ work: "release" });
  }

  close(): void {
    this.#worker.terminate();
    this.#stop();
  }

  #stop(): void {
    this.#stopped = true;
    for (const id of this.#waiting.keys()) this.#settle({ id, error: STOPPED });
  }

  #ask(work: WriterWork, transfer: Transferable[] = []): Promise<void> {
    const answer = Promise.withResolvers<void>();
    const id = ++this.#asked;
    this.#waiting.set(id, answer);
    if (this.#stopped) this.#settle({ id, error: STOPPED });
    else this.#worker.postMessage({ ...work, id } satisfies WriterTask, transfer);
    return answer.promise;
  }

  #settle({ id, error }: WriterAnswer): void {
    const answer = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) answer?.resolve();
    else answer?.reject(new DOMException(error.message, error.name));
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
