/**
 * Files that are open for writing in place, which the browser allows in dedicated workers only.
 *
 * In such a worker the file is opened right there: Firefox may hang for good when a worker starts
 * another. A page has a worker of its own open them.
 *
 * @module
 */

import {
  FILE_WORKER_SOURCE,
  type FileAnswer,
  type FileTask,
  type FileWork,
} from "./file_worker_source.ts";

/** A file that is open for writing in place. What is asked of it happens in the order it was asked. */
export interface OpenFile {
  /** How long it was when it was opened, in bytes. */
  readonly size: number;
  /** Makes it shorter. */
  truncate(size: number): Promise<void>;
  /**
   * Writes bytes, which are gone afterwards.
   *
   * @returns How many of them were written.
   */
  write(bytes: Uint8Array<ArrayBuffer>, at: number): Promise<number>;
  /** Lets go of it. */
  close(): Promise<void>;
}

/** Opens files for writing in place. */
export interface Opener {
  /** Opens a file; a `NoModificationAllowedError` says that somebody else has it open. */
  open(file: FileSystemFileHandle): Promise<OpenFile>;
  /** Stops for good. */
  close(): void;
}

/** Finds the way to open files here; rejects where there is none. */
export async function makeOpener(): Promise<Opener> {
  return "createSyncAccessHandle" in FileSystemFileHandle.prototype
    ? new OwnOpener()
    : await WorkerOpener.start();
}

/** The part of the standard's `FileSystemSyncAccessHandle` that is used. */
interface SyncAccessHandle {
  getSize(): number;
  truncate(size: number): void;
  write(bytes: Uint8Array<ArrayBuffer>, options: { readonly at: number }): number;
  close(): void;
}

/** A file as dedicated workers see it. */
interface WritableFileHandle extends FileSystemFileHandle {
  createSyncAccessHandle(): Promise<SyncAccessHandle>;
}

/** Opens files in this worker. */
class OwnOpener implements Opener {
  readonly #open = new Set<SyncAccessHandle>();

  async open(file: FileSystemFileHandle): Promise<OpenFile> {
    const handle = await (file as WritableFileHandle).createSyncAccessHandle();
    this.#open.add(handle);
    return {
      size: handle.getSize(),
      truncate: (size) => promised(() => handle.truncate(size)),
      write: (bytes, at) => promised(() => handle.write(bytes, { at })),
      close: () => {
        this.#open.delete(handle);
        return promised(() => handle.close());
      },
    };
  }

  close(): void {
    for (const handle of this.#open) handle.close();
    this.#open.clear();
  }
}

/** Does something at once, and rejects where it throws. */
function promised<T>(act: () => T): Promise<T> {
  return new Promise((resolve) => resolve(act()));
}

const STOPPED = { name: "InvalidStateError", message: "The worker that writes has stopped" };

/** Opens files in a dedicated worker. */
class WorkerOpener implements Opener {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, PromiseWithResolvers<number>>();
  #asked = 0;
  #stopped = false;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** Rejects where no worker is allowed. */
  static async start(): Promise<WorkerOpener> {
    const url = URL.createObjectURL(new Blob([FILE_WORKER_SOURCE], { type: "text/javascript" }));
    try {
      const worker = new Worker(url);
      const opener = new WorkerOpener(worker);
      const ready = Promise.withResolvers<number>();
      opener.#waiting.set(0, ready);
      worker.onmessage = ({ data }: MessageEvent<FileAnswer>) => opener.#settle(data);
      worker.onerror = (event) => {
        event.preventDefault();
        opener.#stop();
      };
      await ready.promise;
      return opener;
    } finally {
      URL.revokeObjectURL(url);
    }
  }

  async open(handle: FileSystemFileHandle): Promise<OpenFile> {
    const file = ++this.#asked;
    const size = await this.#ask({ work: "open", file, handle });
    return {
      size,
      truncate: async (size) => void await this.#ask({ work: "truncate", file, size }),
      write: (bytes, at) => this.#ask({ work: "write", file, bytes, at }, [bytes.buffer]),
      close: async () => void await this.#ask({ work: "close", file }),
    };
  }

  close(): void {
    this.#worker.terminate();
    this.#stop();
  }

  #stop(): void {
    this.#stopped = true;
    for (const id of this.#waiting.keys()) this.#settle({ id, error: STOPPED });
  }

  #ask(work: FileWork, transfer: Transferable[] = []): Promise<number> {
    const answer = Promise.withResolvers<number>();
    const id = ++this.#asked;
    this.#waiting.set(id, answer);
    if (this.#stopped) this.#settle({ id, error: STOPPED });
    else this.#worker.postMessage({ ...work, id } satisfies FileTask, transfer);
    return answer.promise;
  }

  #settle({ id, value, error }: FileAnswer): void {
    const answer = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) answer?.resolve(value ?? 0);
    else answer?.reject(new DOMException(error.message, error.name));
  }
}
