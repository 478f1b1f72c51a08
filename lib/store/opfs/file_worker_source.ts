/**
 * The program of the worker that opens files for a page. It is text, which becomes a worker by way
 * of a blob: so it needs no file beside the library, and no bundler has to know about it.
 *
 * @module
 */

/** What the worker is asked for. */
export type FileTask = { readonly id: number } & FileWork;

/** See `Opener` and `OpenFile`; `file` names an open file. */
export type FileWork =
  | { readonly work: "open"; readonly file: number; readonly handle: FileSystemFileHandle }
  | { readonly work: "truncate"; readonly file: number; readonly size: number }
  | {
    readonly work: "write";
    readonly file: number;
    readonly bytes: Uint8Array<ArrayBuffer>;
    readonly at: number;
  }
  | { readonly work: "close"; readonly file: number };

/** What the worker answers; the first answer, without a task, says that it runs. */
export interface FileAnswer {
  readonly id: number;
  /** Size of the file that was opened, or how many bytes were written. */
  readonly value?: number | undefined;
  /** What went wrong. */
  readonly error?: { readonly name: string; readonly message: string };
}

/** The program. */
export const FILE_WORKER_SOURCE = `
const open = new Map();
const works = {
  open: async ({ file, handle }) => {
    const opened = await handle.createSyncAccessHandle();
    open.set(file, opened);
    return opened.getSize();
  },
  truncate: ({ file, size }) => open.get(file).truncate(size),
  write: ({ file, bytes, at }) => open.get(file).write(bytes, { at }),
  close: ({ file }) => {
    open.get(file).close();
    open.delete(file);
  },
};
onmessage = async ({ data }) => {
  const { id } = data;
  try {
    postMessage({ id, value: await works[data.work](data) });
  } catch ({ name, message }) {
    postMessage({ id, error: { name, message } });
  }
};
postMessage({ id: 0 });`;
