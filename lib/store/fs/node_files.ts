/**
 * The file system through `node:fs`, which is also Bun's.
 *
 * @module
 */

import { type FileContent, type Files, MAX_SYNC_BYTES } from "./files.ts";

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
  read(
    bytes: Uint8Array,
    offset: number,
    length: number,
    position?: number,
  ): Promise<{ readonly bytesRead: number }>;
  write(
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesWritten: number }>;
  stat(): Promise<NodeStatus>;
  sync(): Promise<void>;
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
  openSync(path: string, flags: "r" | "r+"): number;
  /** Closes a descriptor. */
  closeSync(descriptor: number): void;
  /** Says what a descriptor stands for. */
  fstatSync(descriptor: number): NodeStatus;
  /** Reads into `bytes` from the descriptor's position on. */
  readSync(descriptor: number, bytes: Uint8Array, offset: number, length: number): number;
  /** Writes `bytes` at a position. */
  writeSync(
    descriptor: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): number;
  /** Writes a file: a new one, or at its end. */
  writeFileSync(path: string, bytes: Uint8Array, options: { flag: "wx" | "a" }): void;
  /** Moves a file. */
  renameSync(from: string, to: string): void;
  /** Removes a file. */
  unlinkSync(path: string): void;
  /** Removes an empty folder. */
  rmdirSync(path: string): void;
  /** Removes a file or folder. */
  rmSync(path: string, options: { recursive: true }): void;
  /** Makes a folder. */
  mkdirSync(path: string, options: { recursive: true }): void;
  /** Lists a folder. */
  readdirSync(path: string): string[];
  /** Says what stands at a path. */
  statSync(path: string): NodeStatus;
  /** Sets when a file was read and when it was modified. */
  utimesSync(path: string, read: Date, modified: Date): void;
  /** The asynchronous half. */
  readonly promises: {
    /** Opens a file. */
    open(path: string, flags: "r" | "wx"): Promise<NodeFileHandle>;
    /** Removes a file. */
    unlink(path: string): Promise<void>;
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
      const { size, mtimeMs } = fs.fstatSync(descriptor);
      if (size > whole) return undefined;
      const start = new Uint8Array(Math.min(size, limit));
      let length = 0;
      while (length < start.length) {
        const count = fs.readSync(descriptor, start, length, start.length - length);
        if (count === 0) break;
        length += count;
      }
      return { start: start.subarray(0, length), size, modified: mtimeMs };
    } finally {
      fs.closeSync(descriptor);
    }
  }

  /** Reads a large file in the background. */
  async function readInBackground(path: string): Promise<FileContent> {
    const file = await fs.promises.open(path, "r");
    try {
      const { size, mtimeMs } = await file.stat();
      const bytes = new Uint8Array(size);
      let length = 0;
      while (length < bytes.length) {
        const { bytesRead } = await file.read(bytes, length, bytes.length - length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return { bytes: bytes.subarray(0, length), modified: mtimeMs };
    } finally {
      await file.close();
    }
  }

  function isFolder(path: string): boolean {
    return fs.statSync(path).isDirectory();
  }

  return {
    windows: process.platform === "win32",
    workingDirectory: () => process.cwd(),
    read(path) {
      const small = readSync(path, MAX_SYNC_BYTES, MAX_SYNC_BYTES);
      if (small === undefined) return readInBackground(path);
      return { bytes: small.start, modified: small.modified };
    },
    readStart: (path, limit) => readSync(path, limit, Infinity)!,
    async open(path) {
      const file = await fs.promises.open(path, "r");
      try {
        const { size, mtimeMs } = await file.stat();
        const read = async (bytes: Uint8Array) => {
          const { bytesRead } = await file.read(bytes, 0, bytes.length);
          return bytesRead;
        };
        return { size, modified: mtimeMs, read, close: () => file.close() };
      } catch (error) {
        await file.close();
        throw error;
      }
    },
    createNow: (path, bytes) => fs.writeFileSync(path, bytes, { flag: "wx" }),
    async create(path) {
      const file = await fs.promises.open(path, "wx");
      let end = 0;
      const writeAt = async (position: number, bytes: Uint8Array) => {
        for (let done = 0; done < bytes.length;) {
          const rest = bytes.length - done;
          const { bytesWritten } = await file.write(bytes, done, rest, position + done);
          done += bytesWritten;
        }
      };
      return {
        async write(bytes) {
          await writeAt(end, bytes);
          end += bytes.length;
        },
        writeStart: (bytes) => writeAt(0, bytes),
        sync: () => file.sync(),
        close: () => file.close(),
      };
    },
    overwrite(path, bytes) {
      const descriptor = fs.openSync(path, "r+");
      try {
        for (let done = 0; done < bytes.length;) {
          done += fs.writeSync(descriptor, bytes, done, bytes.length - done, done);
        }
      } finally {
        fs.closeSync(descriptor);
      }
    },
    append: (path, bytes) => fs.writeFileSync(path, bytes, { flag: "a" }),
    rename: (from, to) => fs.renameSync(from, to),
    remove(path) {
      try {
        fs.unlinkSync(path);
      } catch (error) {
        // What systems say of a folder here differs, and is said of other things as well.
        if (!isFolder(path)) throw error;
        fs.rmdirSync(path);
      }
    },
    removeInBackground: (path) => fs.promises.unlink(path),
    removeTree: (path) => fs.rmSync(path, { recursive: true }),
    makeFolder: (path) => fs.mkdirSync(path, { recursive: true }),
    async syncFolder(path) {
      const folder = await fs.promises.open(path, "r");
      try {
        await folder.sync();
      } finally {
        await folder.close();
      }
    },
    async entries(path) {
      const found = await fs.promises.readdir(path, { withFileTypes: true });
      return found.map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
    },
    names: (path) => fs.readdirSync(path),
    status(path) {
      const status = fs.statSync(path);
      return { isFolder: status.isDirectory(), size: status.size, modified: status.mtimeMs };
    },
    touch(path, modified) {
      const date = new Date(modified);
      fs.utimesSync(path, date, date);
    },
  };
}
