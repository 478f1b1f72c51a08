/**
 * The file system through Deno's own API.
 *
 * @module
 */

import { type Files, MAX_SYNC_BYTES } from "./files.ts";

interface DenoFile extends Disposable {
  statSync(): { readonly size: number };
  readSync(bytes: Uint8Array): number | null;
  read(bytes: Uint8Array): Promise<number | null>;
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
  /** Opens a file to read it. */
  openSync(path: string): DenoFile;
  /** Writes a file, here always a new one. */
  writeFileSync(path: string, bytes: Uint8Array, options: { createNew: true }): void;
  /** As `writeFileSync`. */
  writeFile(path: string, bytes: Uint8Array, options: { createNew: true }): Promise<void>;
  /** Moves a file. */
  renameSync(from: string, to: string): void;
  /** Removes a file or folder. */
  removeSync(path: string, options: { recursive: true }): void;
  /** Makes a folder. */
  mkdirSync(path: string, options: { recursive: true }): void;
  /** Lists a folder. */
  readDir(path: string): AsyncIterable<{ readonly name: string; readonly isDirectory: boolean }>;
  /** Says what stands at a path. */
  statSync(path: string): { readonly isDirectory: boolean; readonly mtime: Date | null };
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
    async read(path) {
      using file = deno.openSync(path);
      const { size } = file.statSync();
      const bytes = new Uint8Array(size);
      let length = 0;
      while (length < size) {
        const rest = bytes.subarray(length);
        const count = size <= MAX_SYNC_BYTES ? file.readSync(rest) : await file.read(rest);
        if (!count) break;
        length += count;
      }
      return bytes.subarray(0, length);
    },
    readStart(path, limit) {
      using file = deno.openSync(path);
      const { size } = file.statSync();
      const start = new Uint8Array(Math.min(size, limit));
      let length = 0;
      while (length < start.length) {
        const count = file.readSync(start.subarray(length));
        if (!count) break;
        length += count;
      }
      return { start: start.subarray(0, length), size };
    },
    async create(path, bytes) {
      if (bytes.length <= MAX_SYNC_BYTES) deno.writeFileSync(path, bytes, { createNew: true });
      else await deno.writeFile(path, bytes, { createNew: true });
    },
    rename: (from, to) => deno.renameSync(from, to),
    remove: (path) => deno.removeSync(path, { recursive: true }),
    makeFolder: (path) => deno.mkdirSync(path, { recursive: true }),
    async entries(path) {
      const found = await Array.fromAsync(deno.readDir(path));
      return found.map(({ name, isDirectory }) => ({ name, isFolder: isDirectory }));
    },
    status(path) {
      const { isDirectory, mtime } = deno.statSync(path);
      return { isFolder: isDirectory, modified: mtime?.getTime() ?? 0 };
    },
  };
}
