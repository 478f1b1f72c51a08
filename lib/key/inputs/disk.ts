/**
 * Files on disk as inputs see them: who they are, what is in them, what a folder holds. The one
 * place here that touches a runtime's own API, which Deno, Bun and Node share.
 *
 * @module
 */

import { createHasher, type Hasher } from "../../hash/mod.ts";

/** What tells whether a file is still as it was, without reading it. */
export interface Identity {
  /** Size in bytes. */
  readonly size: bigint;
  /** When the content changed last, in nanoseconds since the epoch. */
  readonly mtimeNs: bigint;
  /** When the content or what is said of the file changed last, in nanoseconds since the epoch. */
  readonly ctimeNs: bigint;
  /** Number of the file in its file system, and of the file system. */
  readonly ino: bigint;
  readonly dev: bigint;
}

/** What stands at a path. */
export interface Status extends Identity {
  isFile(): boolean;
  isDirectory(): boolean;
}

/** One name in a folder. */
export interface FolderEntry {
  readonly name: string;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

interface FileHandle {
  read(bytes: Uint8Array, offset: number, length: number): Promise<{ readonly bytesRead: number }>;
  close(): Promise<void>;
}

interface FileSystem {
  statSync(path: string, options: { bigint: true }): Status;
  readdirSync(path: string, options: { withFileTypes: true }): FolderEntry[];
  readlinkSync(path: string): string;
  openSync(path: string, flags: "r"): number;
  readSync(descriptor: number, bytes: Uint8Array, offset: number, length: number): number;
  closeSync(descriptor: number): void;
  readonly promises: { open(path: string, flags: "r"): Promise<FileHandle> };
}

interface Process {
  cwd(): string;
  readonly platform: string;
  getBuiltinModule?(name: string): unknown;
}

/** Bytes read at a time: large enough that the hash, not the reading, takes the time. */
const PIECE_BYTES = 0x100000;

/** The files of this runtime; `undefined` where it has none. */
export function findDisk(): Disk | undefined {
  const { process } = globalThis as { process?: Process };
  const fs = process?.getBuiltinModule?.("node:fs") as FileSystem | undefined;
  return process === undefined || fs === undefined ? undefined : new Disk(fs, process);
}

/** The files of a runtime. */
export class Disk {
  readonly #fs: FileSystem;
  readonly #process: Process;

  /** Takes what the runtime has. */
  constructor(fs: FileSystem, process: Process) {
    this.#fs = fs;
    this.#process = process;
  }

  /** The absolute form of a path. */
  absolute(path: string): string {
    const windows = this.#process.platform === "win32";
    const isAbsolute = path.startsWith("/") || (windows && /^(?:[A-Za-z]:)?[\\/]/.test(path));
    return isAbsolute ? path : `${this.#process.cwd()}/${path}`;
  }

  /** What stands at a path, links followed. */
  status(path: string): Status {
    return this.#fs.statSync(path, { bigint: true });
  }

  /** The names in a folder, in code-unit order. */
  entries(path: string): FolderEntry[] {
    return this.#fs.readdirSync(path, { withFileTypes: true })
      .sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /** What a link says. */
  link(path: string): string {
    return this.#fs.readlinkSync(path);
  }

  /** BLAKE3 of a file, read at once. */
  hashSync(path: string, size: bigint): Uint8Array<ArrayBuffer> {
    using hasher = createHasher();
    const piece = pieceFor(size);
    const descriptor = this.#fs.openSync(path, "r");
    try {
      for (let read; (read = this.#fs.readSync(descriptor, piece, 0, piece.length)) > 0;) {
        hasher.update(piece.subarray(0, read));
      }
    } finally {
      this.#fs.closeSync(descriptor);
    }
    return hasher.digest();
  }

  /** BLAKE3 of a file, read piece by piece in the background. */
  async hash(path: string, size: bigint): Promise<Uint8Array<ArrayBuffer>> {
    using hasher: Hasher = createHasher();
    const piece = pieceFor(size);
    const handle = await this.#fs.promises.open(path, "r");
    try {
      while (true) {
        const { bytesRead } = await handle.read(piece, 0, piece.length);
        if (bytesRead === 0) break;
        hasher.update(piece.subarray(0, bytesRead));
      }
    } finally {
      await handle.close();
    }
    return hasher.digest();
  }
}

function pieceFor(size: bigint): Uint8Array<ArrayBuffer> {
  // One byte more, so that the first read of a small file finds its end.
  return new Uint8Array(Math.min(PIECE_BYTES, Number(size) + 1));
}

/** Whether two looks found one unchanged file. */
export function isSame(a: Identity, b: Identity): boolean {
  return a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs &&
    a.ino === b.ino && a.dev === b.dev;
}
