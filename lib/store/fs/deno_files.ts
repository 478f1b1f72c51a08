/**
 * The file system through Deno's own API.
 *
 * @module
 */

import { type FileContent, type Files, MAX_SYNC_BYTES } from "./files.ts";

interface DenoFile extends Disposable {
  statSync(): { readonly size: number; readonly mtime: Date | null };
  readSync(bytes: Uint8Array): number | null;
  read(bytes: Uint8Array): Promise<number | null>;
  writeSync(bytes: Uint8Array): number;
  write(bytes: Uint8Array): Promise<number>;
  seekSync(offset: number, whence: 0): number;
  sync(): Promise<void>;
  close(): void;
}

interface DenoOpenOptions {
  readonly read?: boolean;
  readonly write?: boolean;
  readonly createNew?: boolean;
}

interface DenoStatus {
  readonly isDirectory: boolean;
  readonly size: number;
  readonly mtime: Date | null;
}

/** The part of the `Deno` namespace that is used here. */
export interface DenoApi {
  /** Facts about the platform. */
  readonly build: { readonly os: string };
  /** Says what the program may do, and asks nobody. */
  readonly permissions: {
    querySync(descriptor: { name: "read"; path: string }): { readonly state: string };
  };
  /** The working directory. */
  cwd(): string;
  /** Opens a file, to read it unless the options say otherwise. */
  openSync(path: string, options?: DenoOpenOptions): DenoFile;
  /** As `openSync`. */
  open(path: string, options?: DenoOpenOptions): Promise<DenoFile>;
  /** Writes a file. */
  writeFileSync(
    path: string,
    bytes: Uint8Array,
    options: { createNew?: boolean; append?: boolean },
  ): void;
  /** Moves a file. */
  renameSync(from: string, to: string): void;
  /** Removes a file or folder. */
  removeSync(path: string, options?: { recursive: true }): void;
  /** As `removeSync`. */
  remove(path: string): Promise<void>;
  /** Makes a folder. */
  mkdirSync(path: string, options: { recursive: true }): void;
  /** Lists a folder. */
  readDir(path: string): AsyncIterable<{ readonly name: string; readonly isDirectory: boolean }>;
  /** As `readDir`. */
  readDirSync(path: string): Iterable<{ readonly name: string }>;
  /** Says what stands at a path. */
  statSync(path: string): DenoStatus;
  /** Sets when a file was read and when it was modified. */
  utimeSync(path: string, read: Date, modified: Date): void;
}

/** Provides the file system of Deno. */
export function denoFiles(deno: DenoApi): Files {
  return {
    windows: deno.build.os === "windows",
    workingDirectory() {
      // Asked first, since without the permission `cwd` would ask the user for it.
      const { state } = deno.permissions.querySync({ name: "read", path: "." });
      return state === "granted" ? deno.cwd() : undefined;
    },
    read(path) {
      const file = deno.openSync(path);
      let large = false;
      try {
        const { size, mtime } = file.statSync();
        large = size > MAX_SYNC_BYTES;
        return large
          ? readInBackground(file, size, mtime)
          : { bytes: readSync(file, size), modified: time(mtime) };
      } finally {
        if (!large) file.close();
      }
    },
    readStart(path, limit) {
      using file = deno.openSync(path);
      const { size, mtime } = file.statSync();
      return { start: readSync(file, Math.min(size, limit)), size, modified: time(mtime) };
    },
    async open(path) {
      const file = await deno.open(path);
      const { size, mtime } = statusOf(file);
      return {
        size,
        modified: time(mtime),
        read: async (bytes) => await file.read(bytes) ?? 0,
        close: () => Promise.resolve(file.close()),
      };
    },
    createNow: (path, bytes) => deno.writeFileSync(path, bytes, { createNew: true }),
    async create(path) {
      const file = await deno.open(path, { write: true, createNew: true });
      const write = async (bytes: Uint8Array) => {
        for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
      };
      return {
        write,
        async writeStart(bytes) {
          file.seekSync(0, 0);
          await write(bytes);
        },
        sync: () => file.sync(),
        close: () => Promise.resolve(file.close()),
      };
    },
    overwrite(path, bytes) {
      using file = deno.openSync(path, { write: true });
      for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
    },
    append: (path, bytes) => deno.writeFileSync(path, bytes, { append: true }),
    rename: (from, to) => deno.renameSync(from, to),
    remove: (path) => deno.removeSync(path),
    removeInBackground: (path) => deno.remove(path),
    removeTree: (path) => deno.removeSync(path, { recursive: true }),
    makeFolder: (path) => deno.mkdirSync(path, { recursive: true }),
    async syncFolder(path) {
      using folder = await deno.open(path);
      await folder.sync();
    },
    async entries(path) {
      const found = await Array.fromAsync(deno.readDir(path));
      return found.map(({ name, isDirectory }) => ({ name, isFolder: isDirectory }));
    },
    names: (path) => Array.from(deno.readDirSync(path), ({ name }) => name),
    status(path) {
      const { isDirectory, size, mtime } = deno.statSync(path);
      return { isFolder: isDirectory, size, modified: time(mtime) };
    },
    touch(path, modified) {
      const date = new Date(modified);
      deno.utimeSync(path, date, date);
    },
  };
}

/** What an open file is; closes it where it does not say. */
function statusOf(file: DenoFile): { readonly size: number; readonly mtime: Date | null } {
  try {
    return file.statSync();
  } catch (error) {
    file.close();
    throw error;
  }
}

function readSync(file: DenoFile, size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  let length = 0;
  while (length < size) {
    const count = file.readSync(length === 0 ? bytes : bytes.subarray(length));
    if (!count) return bytes.subarray(0, length);
    length += count;
  }
  return bytes;
}

/** Reads a large file in the background, and closes it. */
async function readInBackground(
  file: DenoFile,
  size: number,
  mtime: Date | null,
): Promise<FileContent> {
  using _ = file;
  const bytes = new Uint8Array(size);
  let length = 0;
  while (length < size) {
    const count = await file.read(bytes.subarray(length));
    if (!count) break;
    length += count;
  }
  return { bytes: bytes.subarray(0, length), modified: time(mtime) };
}

function time(mtime: Date | null): number {
  return mtime?.getTime() ?? 0;
}
