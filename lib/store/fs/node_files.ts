/**
 * The file system through `node:fs`, which is also Bun's.
 *
 * @module
 */

import { type Files, MAX_SYNC_BYTES } from "./files.ts";

interface NodeStatus {
  readonly size: number;
  readonly mtimeMs: number;
  isDirectory(): boolean;
}

interface NodeFolderEntry {
  readonly name: string;
  isDirectory(): boolean;
}

interface NodeFileHandle {
  read(bytes: Uint8Array, offset: number, length: number): Promise<{ readonly bytesRead: number }>;
  stat(): Promise<NodeStatus>;
  close(): Promise<void>;
}

/** The part of `process` that is used here. */
export interface NodeProcess {
  /** Name of the operating system. */
  readonly platform: string;
  /** The working directory. */
  cwd(): string;
  /** Reaches a built-in module without an import. */
  getBuiltinModule?(name: string): unknown;
}

/** The part of `node:fs` that is used here. */
export interface NodeFileSystem {
  /** Opens a file and gives its descriptor. */
  openSync(path: string, flags: "r"): number;
  /** Closes a descriptor. */
  closeSync(descriptor: number): void;
  /** Says what a descriptor stands for. */
  fstatSync(descriptor: number): NodeStatus;
  /** Reads into `bytes` from the descriptor's position on. */
  readSync(descriptor: number, bytes: Uint8Array, offset: number, length: number): number;
  /** Writes a file, here always a new one. */
  writeFileSync(path: string, bytes: Uint8Array, options: { flag: "wx" }): void;
  /** Moves a file. */
  renameSync(from: string, to: string): void;
  /** Removes a file or folder. */
  rmSync(path: string, options: { recursive: true }): void;
  /** Makes a folder. */
  mkdirSync(path: string, options: { recursive: true }): void;
  /** Says what stands at a path. */
  statSync(path: string): NodeStatus;
  /** The asynchronous half. */
  readonly promises: {
    /** Opens a file to read it. */
    open(path: string, flags: "r"): Promise<NodeFileHandle>;
    /** Writes a file, here always a new one. */
    writeFile(path: string, bytes: Uint8Array, options: { flag: "wx" }): Promise<void>;
    /** Lists a folder. */
    readdir(path: string, options: { withFileTypes: true }): Promise<NodeFolderEntry[]>;
  };
}

/** Provides the file system of Bun or Node. */
export function nodeFiles(process: NodeProcess, fs: NodeFileSystem): Files {
  /** Reads at most `limit` bytes; `undefined` where the file has more than `whole` bytes. */
  function readSync(path: string, limit: number, whole: number) {
    const descriptor = fs.openSync(path, "r");
    try {
      const { size } = fs.fstatSync(descriptor);
      if (size > whole) return undefined;
      const start = new Uint8Array(Math.min(size, limit));
      let length = 0;
      while (length < start.length) {
        const count = fs.readSync(descriptor, start, length, start.length - length);
        if (count === 0) break;
        length += count;
      }
      return { start: start.subarray(0, length), size };
    } finally {
      fs.closeSync(descriptor);
    }
  }
  return {
    windows: process.platform === "win32",
    workingDirectory: () => process.cwd(),
    async read(path) {
      const small = readSync(path, MAX_SYNC_BYTES, MAX_SYNC_BYTES);
      if (small !== undefined) return small.start;
      const file = await fs.promises.open(path, "r");
      try {
        const bytes = new Uint8Array((await file.stat()).size);
        let length = 0;
        while (length < bytes.length) {
          const { bytesRead } = await file.read(bytes, length, bytes.length - length);
          if (bytesRead === 0) break;
          length += bytesRead;
        }
        return bytes.subarray(0, length);
      } finally {
        await file.close();
      }
    },
    readStart: (path, limit) => readSync(path, limit, Infinity)!,
    async create(path, bytes) {
      if (bytes.length <= MAX_SYNC_BYTES) fs.writeFileSync(path, bytes, { flag: "wx" });
      else await fs.promises.writeFile(path, bytes, { flag: "wx" });
    },
    rename: (from, to) => fs.renameSync(from, to),
    remove: (path) => fs.rmSync(path, { recursive: true }),
    makeFolder: (path) => fs.mkdirSync(path, { recursive: true }),
    async entries(path) {
      const found = await fs.promises.readdir(path, { withFileTypes: true });
      return found.map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
    },
    status(path) {
      const status = fs.statSync(path);
      return { isFolder: status.isDirectory(), modified: status.mtimeMs };
    },
  };
}
