/**
 * Files and folders that a function wrote, read and written again. The one place here that touches
 * a runtime's own API, which Deno, Bun and Node share.
 *
 * @module
 */

/** What stands at a path. */
interface Status {
  readonly mode: number;
  readonly size: number;
  isFile(): boolean;
  isDirectory(): boolean;
}

interface FolderEntry {
  readonly name: string;
  isSymbolicLink(): boolean;
}

interface FileHandle {
  read(bytes: Uint8Array, offset: number, length: number): Promise<{ readonly bytesRead: number }>;
  write(
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): Promise<{ readonly bytesWritten: number }>;
  close(): Promise<void>;
}

/** The part of `node:fs/promises` that is used here. */
interface FileSystem {
  stat(path: string): Promise<Status>;
  readdir(path: string, options: { withFileTypes: true }): Promise<FolderEntry[]>;
  readlink(path: string): Promise<string>;
  symlink(target: string, path: string): Promise<void>;
  mkdir(path: string, options: { recursive: true }): Promise<unknown>;
  chmod(path: string, mode: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string, options: { force: true }): Promise<void>;
  open(path: string, flags: "r" | "wx"): Promise<FileHandle>;
}

/** Bits of a mode that say who may read, write and run. */
const PERMISSIONS = 0o777;

/** One file, folder or link that was found. */
export interface Found {
  /** Path below the output, with slashes; empty for the output itself. */
  readonly path: string;
  readonly kind: "file" | "folder" | "link";
  /** Who may read, write and run it; 0 of a link, where that says nothing. */
  readonly mode: number;
  /** Of a link: what it says. */
  readonly target?: string;
}

/**
 * The files of this runtime.
 *
 * @throws {TypeError} It has none.
 */
export function openDisk(): Disk {
  const { process } = globalThis as {
    process?: { getBuiltinModule?(name: string): unknown };
  };
  const fs = process?.getBuiltinModule?.("node:fs/promises") as FileSystem | undefined;
  if (fs === undefined) {
    throw new TypeError(
      "outFiles needs a file system with paths, which this runtime does not have",
    );
  }
  return new Disk(fs);
}

/** The files of a runtime. */
export class Disk {
  readonly #fs: FileSystem;

  /** Takes what the runtime has. */
  constructor(fs: FileSystem) {
    this.#fs = fs;
  }

  /**
   * What a function left at a path: a file, or a folder and all that is in it, in order. A link at
   * the path itself stands for what it leads to; below it, a link is just that.
   */
  async *found(root: string, below = ""): AsyncGenerator<Found, void, undefined> {
    const at = below === "" ? root : `${root}/${below}`;
    const status = await this.#fs.stat(at);
    const mode = status.mode & PERMISSIONS;
    if (status.isFile()) {
      yield { path: below, kind: "file", mode };
      return;
    }
    if (!status.isDirectory()) {
      throw new TypeError(`The output at ${at} is neither a file nor a folder`);
    }
    yield { path: below, kind: "folder", mode };
    const entries = await this.#fs.readdir(at, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      if (!entry.isSymbolicLink()) yield* this.found(root, path);
      else {
        const target = await this.#fs.readlink(`${root}/${path}`);
        yield { path, kind: "link", mode: 0, target };
      }
    }
  }

  /** The bytes of a file, at most `pieceBytes` at a time. */
  async *pieces(
    path: string,
    pieceBytes: number,
  ): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    const handle = await this.#fs.open(path, "r");
    try {
      while (true) {
        const piece = new Uint8Array(pieceBytes);
        let length = 0;
        for (let read = -1; read !== 0 && length < pieceBytes; length += read) {
          read = (await handle.read(piece, length, pieceBytes - length)).bytesRead;
        }
        if (length > 0) yield piece.subarray(0, length);
        if (length < pieceBytes) return;
      }
    } finally {
      await handle.close();
    }
  }

  /** Makes a folder, and those above it. */
  async makeFolder(path: string): Promise<void> {
    await this.#fs.mkdir(path, { recursive: true });
  }

  /** Says who may read, write and run what stands at a path. */
  async setMode(path: string, mode: number): Promise<void> {
    await this.#fs.chmod(path, mode);
  }

  /** Puts a file in place as a whole, over whatever file stood there. */
  async write(path: string, mode: number, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    await this.#put(path, async (temporary) => {
      const handle = await this.#fs.open(temporary, "wx");
      try {
        for await (const piece of pieces) {
          for (let done = 0; done < piece.length;) {
            done += (await handle.write(piece, done, piece.length - done)).bytesWritten;
          }
        }
      } finally {
        await handle.close();
      }
      await this.#fs.chmod(temporary, mode);
    });
  }

  /** Puts a link in place, over whatever file or link stood there. */
  async link(path: string, target: string): Promise<void> {
    await this.#put(path, (temporary) => this.#fs.symlink(target, temporary));
  }

  /** Makes something beside its place, and moves it there when it is whole. */
  async #put(path: string, make: (temporary: string) => Promise<void>): Promise<void> {
    const slash = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
    if (slash > 0) await this.makeFolder(path.slice(0, slash));
    const temporary = `${path}.${crypto.randomUUID()}.tmp`;
    try {
      await make(temporary);
      await this.#fs.rename(temporary, path);
    } catch (error) {
      await this.#fs.rm(temporary, { force: true });
      throw error;
    }
  }
}
