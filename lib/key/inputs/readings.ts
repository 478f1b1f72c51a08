/**
 * The digests of inputs: from memory where a file is as it was, and else by reading it.
 *
 * @module
 */

import { fill, type Loads } from "../../codec/internal.ts";
import { type ClassRegistry, decode, stableHash } from "../../codec/mod.ts";
import { EncodeError } from "../../errors.ts";
import { hashStream, toHex } from "../../hash/mod.ts";
import { LruMap } from "../../lru.ts";
import type { DigestMemory } from "./digest_memory.ts";
import { type Disk, findDisk, type Identity, isSame, type Status } from "./disk.ts";
import { DirectoryInput, type FileHandleLike, FileInput } from "./inputs.ts";

type Digest = Uint8Array<ArrayBuffer>;

/** A file as it was when it was read. */
interface Known {
  readonly identity: Identity;
  readonly digest: Digest;
}

/** An input that cannot be read: the trouble is with the file, not with where it is passed. */
export class InputError extends EncodeError {
  /** Takes what was found, why it cannot be read, and the `cause` if there is one. */
  constructor(details: { found: string; reason: string; cause?: unknown }) {
    super({ ...details, path: "", act: "read" });
  }
}

/** Files whose digests are remembered. */
const MAX_KNOWN = 100_000;
/**
 * A file that changed so shortly before it was read may change again without another time to show
 * for it: some file systems count in steps of two seconds.
 */
const FRESH_NS = 2_000_000_000n;

/** Smaller files are read about as fast as a store is asked, so that only others are remembered there. */
const MIN_REMEMBERED_BYTES = 0x100000n;

/** What was read in this process, by absolute path. */
const known = new LruMap<string, Known>({ maxEntries: MAX_KNOWN });

/** Stands for a digest that is still to be read. */
const PENDING: Digest = new Uint8Array(0);

/** The digests that one key needs: what can be told at once, and what has to be read first. */
export class Readings {
  readonly #disk: Disk | undefined = findDisk();
  /** What was read for this key, and holds for it whatever happens to the file meanwhile. */
  readonly #read = new Map<string | Blob | FileHandleLike, Digest>();
  readonly #pending = new Map<string | Blob | FileHandleLike, () => Promise<Digest>>();
  readonly #mayWait: boolean;
  readonly #notes: boolean;
  readonly #memory: DigestMemory | undefined;
  /** What each input on disk was found to hold. */
  readonly #found = new Map<FileInput | DirectoryInput, unknown>();
  /** How inputs are written into a key. */
  readonly classes: ClassRegistry = {
    "deja.file": {
      class: FileInput,
      encode: (input) => this.#noted(input, this.#ofFile(input)),
      decode: neverRead,
    },
    "deja.directory": {
      class: DirectoryInput,
      encode: (input) => this.#noted(input, this.#ofDirectory(input)),
      decode: neverRead,
    },
  };

  /** Blobs and bodies that a key needs; absent where nobody can wait for them. */
  readonly loads?: Loads;

  /**
   * @param mayWait Whether {@linkcode Readings.finish} will be called; if not, files are read at once.
   * @param options Whether what is found is noted, to look again later: yes unless given; and what
   *   remembers digests besides this process.
   */
  constructor(
    mayWait: boolean,
    { notes = true, memory }: { notes?: boolean; memory?: DigestMemory | undefined } = {},
  ) {
    this.#mayWait = mayWait;
    this.#notes = notes;
    this.#memory = memory;
    if (mayWait) this.loads = new Map();
  }

  /**
   * Reads what a key was found to need.
   *
   * @returns Whether there was anything to read, so that the key has to be made again.
   * @throws {EncodeError} A file cannot be read.
   */
  async finish(): Promise<boolean> {
    const reads = [...this.#pending];
    this.#pending.clear();
    // The key is made again, perhaps of other inputs that stand for the same files.
    if (reads.length > 0) this.#found.clear();
    // One after the other: the disk and the hash are busy with one anyhow.
    for (const [source, read] of reads) this.#read.set(source, await read());
    const loaded = this.loads !== undefined && await fill(this.loads);
    return reads.length > 0 || loaded;
  }

  /**
   * Looks again at the inputs on disk.
   *
   * @returns Whether they hold what they held, as far as can be read.
   */
  async isCurrent(): Promise<boolean> {
    if (this.#found.size === 0) return true;
    const again = new Readings(true, { memory: this.#memory });
    try {
      let now = this.#look(again);
      while (await again.finish()) now = this.#look(again);
      return this.#isSame(now);
    } catch (error) {
      if (error instanceof InputError) return false;
      throw error;
    }
  }

  /** As {@linkcode Readings.isCurrent}, reading at once. */
  isCurrentNow(): boolean {
    if (this.#found.size === 0) return true;
    try {
      return this.#isSame(this.#look(readingsAtOnce()));
    } catch (error) {
      if (error instanceof InputError) return false;
      throw error;
    }
  }

  /** What the inputs hold now. */
  #look(again: Readings): unknown[] {
    return [...this.#found.keys()].map((input) =>
      input instanceof FileInput ? again.#ofFile(input) : again.#ofDirectory(input)
    );
  }

  #isSame(now: unknown[]): boolean {
    return stableHash(now) === stableHash([...this.#found.values()]);
  }

  #noted<T>(input: FileInput | DirectoryInput, content: T): T {
    // Blobs never change, and a handle's file is whatever it was when it was opened.
    if (this.#notes && (input instanceof DirectoryInput || typeof input.source === "string")) {
      this.#found.set(input, content);
    }
    return content;
  }

  #ofFile(input: FileInput): Digest {
    const { source } = input;
    if (typeof source !== "string") return this.#ofWebFile(input);
    return this.#onDisk(`file(${JSON.stringify(source)})`, (disk) => {
      const path = disk.absolute(source);
      const status = disk.status(path);
      if (status.isDirectory()) throw unreadable(input, "it is a folder; use directory()");
      return this.#digestOf(disk, path, status);
    });
  }

  #ofWebFile(input: FileInput): Digest {
    const source = input.source as Blob | FileHandleLike;
    const digest = this.#read.get(source);
    if (digest !== undefined) return digest;
    if (!this.#mayWait) {
      throw unreadable(
        input,
        "a blob or handle is read in the background; cache the function with persistentCache",
      );
    }
    this.#pending.set(source, async () => {
      const blob = source instanceof Blob ? source : await source.getFile();
      return await hashStream(blob.stream());
    });
    return PENDING;
  }

  /** Names and digests of what is below a folder, in order. */
  #ofDirectory({ path, filter }: DirectoryInput): unknown {
    return this.#onDisk(`directory(${JSON.stringify(path)})`, (disk) => {
      const root = disk.absolute(path);
      const found: [name: string, kind: "file" | "folder" | "link", content: unknown][] = [];
      const visit = (folder: string, below: string): void => {
        for (const entry of disk.entries(folder)) {
          const name = `${below}${entry.name}`;
          if (filter !== undefined && !filter(name)) continue;
          const at = `${folder}/${entry.name}`;
          if (entry.isDirectory()) {
            found.push([name, "folder", undefined]);
            visit(at, `${name}/`);
          } else if (entry.isSymbolicLink()) found.push(this.#ofLink(disk, at, name));
          else if (entry.isFile()) {
            found.push([name, "file", this.#digestOf(disk, at, disk.status(at))]);
          }
        }
      };
      visit(root, "");
      return found;
    });
  }

  #ofLink(disk: Disk, at: string, name: string): [string, "file" | "link", unknown] {
    let status: Status | undefined;
    try {
      status = disk.status(at);
    } catch {
      // It leads nowhere, so what it says is all there is.
    }
    return status?.isFile()
      ? [name, "file", this.#digestOf(disk, at, status)]
      : [name, "link", disk.link(at)];
  }

  #digestOf(disk: Disk, path: string, status: Status): Digest {
    const read = this.#read.get(path);
    if (read !== undefined) return read;
    const before = known.get(path);
    if (before !== undefined && isSame(before.identity, status)) return before.digest;
    if (this.#mayWait) {
      this.#pending.set(path, async () => {
        try {
          return await this.#hash(disk, path, status);
        } catch (cause) {
          throw failure(`file(${JSON.stringify(path)})`, cause);
        }
      });
      return PENDING;
    }
    const start = BigInt(Date.now()) * 1_000_000n;
    return remember(path, status, start, disk.hashSync(path, status.size));
  }

  /** BLAKE3 of a file, from what other processes remember, or by reading it. */
  async #hash(disk: Disk, path: string, status: Status): Promise<Digest> {
    const { size } = status;
    const start = BigInt(Date.now()) * 1_000_000n;
    const memory = size < MIN_REMEMBERED_BYTES || isFresh(status, start) ? undefined : this.#memory;
    const hash = () => disk.hash(path, size);
    const digest = memory === undefined
      ? await hash()
      : await (await import("./digest_memory.ts")).remembered(memory, disk, path, status, hash);
    return remember(path, status, start, digest);
  }

  #onDisk<T>(found: string, use: (disk: Disk) => T): T {
    if (this.#disk === undefined) {
      throw new InputError({
        found,
        reason: "this runtime has no file system; use file() with a Blob or a file handle",
      });
    }
    try {
      return use(this.#disk);
    } catch (error) {
      throw error instanceof InputError ? error : failure(found, error);
    }
  }
}

/** Keeps a digest for later keys, unless the file may have changed again unseen. */
function remember(path: string, status: Status, start: bigint, digest: Digest): Digest {
  const { size, mtimeNs, ctimeNs, ino, dev } = status;
  if (!isFresh(status, start)) {
    known.set(path, { identity: { size, mtimeNs, ctimeNs, ino, dev }, digest });
  }
  return digest;
}

/** Whether a file may change again without another time to show for it. */
function isFresh({ mtimeNs, ctimeNs }: Status, now: bigint): boolean {
  return (mtimeNs > ctimeNs ? mtimeNs : ctimeNs) + FRESH_NS >= now;
}

/** Reads files as soon as a key needs them. */
let atOnce: Readings | undefined;

/** What makes keys without having been prepared. */
export function readingsAtOnce(): Readings {
  return atOnce ??= new Readings(false, { notes: false });
}

function unreadable(input: FileInput, reason: string): InputError {
  return new InputError({ found: `file(${JSON.stringify(input.path)})`, reason });
}

function failure(found: string, cause: unknown): InputError {
  const { code, message = String(cause) } = Object(cause) as { code?: unknown; message?: string };
  const reason = code === "ENOENT"
    ? "there is nothing at this path; make it before the call, or correct the path"
    : message;
  return new InputError({ found, reason, cause });
}

/** The content of an input, as arguments that are listed have it in its place. */
export interface ListedInput {
  /** BLAKE3 of a file, in hex. */
  readonly file?: string;
  /** BLAKE3 of the names and contents in a folder, in hex. */
  readonly directory?: string;
}

const LISTED: ClassRegistry = {
  "deja.file": {
    class: FileInput,
    encode: neverRead,
    decode: (digest: Digest): ListedInput => ({ file: toHex(digest) }),
  },
  "deja.directory": {
    class: DirectoryInput,
    encode: neverRead,
    decode: (content: unknown): ListedInput => ({ directory: stableHash(content) }),
  },
};

/**
 * Bound arguments as they are listed: a file or a folder by its content, see {@linkcode ListedInput}.
 *
 * @param args The arguments in canonical form.
 * @param classes Classes whose instances may be among them.
 * @throws {DecodeError} They are damaged, or have an instance of another class.
 */
export function listedArguments(
  args: Uint8Array<ArrayBuffer>,
  classes: ClassRegistry | undefined,
): unknown[] {
  return decode(args, { classes: { ...classes, ...LISTED } }) as unknown[];
}

/** Keys are never read back. */
function neverRead(): never {
  throw new TypeError("An input cannot be decoded");
}
