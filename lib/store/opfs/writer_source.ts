/**
 * The program of the worker that writes. It is text, which becomes a worker by way of a blob: so it
 * needs no file beside the library, and no bundler has to know about it.
 *
 * A file can be written in place only in a dedicated worker, and a handle that stays open makes a
 * write ten times cheaper than one that opens the file.
 *
 * @module
 */

/** What the worker is asked for. */
export type WriterTask = { readonly id: number } & WriterWork;

/** See the methods of `Writer`. */
export type WriterWork =
  | {
    readonly work: "append" | "part" | "replace";
    readonly folder: FileSystemDirectoryHandle;
    readonly name: string;
    readonly at: number;
    readonly bytes: Uint8Array<ArrayBuffer>;
    readonly last?: boolean;
  }
  | { readonly work: "finish"; readonly name: string }
  | { readonly work: "release" };

/** What the worker answers; the first answer, without a task, says that it runs. */
export interface WriterAnswer {
  readonly id: number;
  /** What went wrong. */
  readonly error?: { readonly name: string; readonly message: string };
}

/** The program. */
export const WRITER_SOURCE = `
const parts = new Map();
let segment;
async function open(folder, name, create) {
  const file = await folder.getFileHandle(name, { create });
  for (let tries = 1;; tries++) {
    try {
      return await file.createSyncAccessHandle();
    } catch (error) {
      // The handle of a tab that is gone is closed a little later than its lock is free.
      if (error.name !== "NoModificationAllowedError" || tries === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
function put(handle, bytes, at) {
  if (handle.write(bytes, { at }) !== bytes.length) {
    throw new DOMException("The write is incomplete", "QuotaExceededError");
  }
}
function release() {
  segment?.handle.close();
  segment = undefined;
}
async function append({ folder, name, at, bytes }) {
  if (segment?.name !== name) {
    release();
    const handle = await open(folder, name, at === 0);
    segment = { name, handle, size: handle.getSize() };
  }
  const { handle, size } = segment;
  try {
    if (size < at) throw new DOMException("The segment was cut", "NotFoundError");
    if (size > at) handle.truncate(at);
    try {
      put(handle, bytes, at);
    } catch (error) {
      handle.truncate(at);
      throw error;
    }
    segment.size = at + bytes.length;
  } catch (error) {
    release();
    throw error;
  }
}
function finish({ name }) {
  parts.get(name)?.close();
  parts.delete(name);
}
async function part({ folder, name, at, bytes, last }) {
  if (!parts.has(name)) parts.set(name, await open(folder, name, true));
  put(parts.get(name), bytes, at);
  if (last) finish({ name });
}
async function replace({ folder, name, at, bytes }) {
  const handle = await open(folder, name, true);
  try {
    handle.truncate(at);
    put(handle, bytes, at);
  } finally {
    handle.close();
  }
}
const works = { append, part, replace, finish, release };
let before = Promise.resolve();
onmessage = ({ data }) => {
  before = before.then(() => works[data.work](data)).then(
    () => postMessage({ id: data.id }),
    ({ name, message }) => postMessage({ id: data.id, error: { name, message } }),
  );
};
postMessage({ id: 0 });`;
