/**
 * Arguments that count by the content of files.
 *
 * @module
 */

/** Something that a runtime can open: a path, or a file of the Web. */
export type FileSource = string | URL | Blob | FileHandleLike;

/** The part of the Web's `FileSystemFileHandle` that is used here. */
export interface FileHandleLike {
  /** The kind of a handle of a file. */
  readonly kind: "file";
  /** Name of the file. */
  readonly name: string;
  /** Opens the file as it is now. */
  getFile(): Promise<Blob>;
}

let made = false;

/** Whether there are inputs at all: if not, nobody needs to look for them. */
export function inputsExist(): boolean {
  return made;
}

/** A file as an argument: it is keyed on what is in it, and not on its name. See {@linkcode file}. */
export class FileInput {
  /** What it was made from; a `file:` URL as its path. */
  readonly source: string | Blob | FileHandleLike;

  /**
   * Use {@linkcode file}.
   *
   * @param source The file.
   * @throws {TypeError} `source` is not a file.
   */
  constructor(source: FileSource) {
    this.source = isWebFile(source) ? source : pathOf(source, "file");
    made = true;
  }

  /** Path of the file, or the name that it has. */
  get path(): string {
    const { source } = this;
    if (typeof source === "string") return source;
    return (source as { name?: string }).name ?? "";
  }

  /** The path, so that an input can stand where a path is expected. */
  toString(): string {
    return this.path;
  }
}

/** Options of {@linkcode directory}. */
export interface DirectoryOptions {
  /**
   * Says of a path below the folder, with slashes, whether it counts; of a folder, whether what is
   * in it may. All count unless given.
   */
  readonly filter?: (path: string) => boolean;
}

/** A folder as an argument: it is keyed on the names and contents in it. See {@linkcode directory}. */
export class DirectoryInput {
  /** Path of the folder. */
  readonly path: string;
  /** Says which paths count. */
  readonly filter: ((path: string) => boolean) | undefined;

  /**
   * Use {@linkcode directory}.
   *
   * @param path The folder.
   * @param options Which paths count.
   * @throws {TypeError} `path` is not a path, or `filter` not a function.
   */
  constructor(path: string | URL, { filter }: DirectoryOptions = {}) {
    if (filter !== undefined && typeof filter !== "function") {
      throw new TypeError(
        `The filter of a directory must be a function, received ${typeof filter}`,
      );
    }
    this.path = pathOf(path, "directory");
    this.filter = filter;
    made = true;
  }

  /** The path, so that an input can stand where a path is expected. */
  toString(): string {
    return this.path;
  }
}

/**
 * Makes an argument that counts by the content of a file: its name, place and times are no part of
 * the key, and an edit of the file is another call. The function gets the {@linkcode FileInput},
 * which has the `path`.
 *
 * The file is hashed piece by piece. Its digest is remembered for as long as its size, times and
 * inode stay the same, unless they are too fresh to tell. A function cached in memory reads a path
 * at once, so it can stay synchronous; blobs and handles need a persistent function.
 *
 * @param source Path or `file:` URL (Deno, Bun and Node), or a `Blob`, `File` or
 *   `FileSystemFileHandle` (everywhere).
 * @returns The argument.
 * @throws {TypeError} `source` is none of these. What cannot be read rejects or throws the call.
 *
 * @example
 * ```ts
 * import { createCache, file, type FileInput, memoryStore } from "@deja/cache";
 * import { assert } from "chai";
 *
 * const deja = createCache({ store: memoryStore() });
 * const lines = deja.persistent("lines", async (input: FileInput) => {
 *   const text = await Deno.readTextFile(input.path);
 *   return text.split("\n").length;
 * });
 *
 * const path = await Deno.makeTempFile();
 * await Deno.writeTextFile(path, "a\nb");
 * assert.equal(await lines(file(path)), 2);
 * await Deno.writeTextFile(path, "a\nb\nc");
 * assert.equal(await lines(file(path)), 3); // another content, another call
 * await Deno.remove(path);
 * ```
 */
export function file(source: FileSource): FileInput {
  return new FileInput(source);
}

/**
 * Makes an argument that counts by the names and contents of all files below a folder. Links to
 * files count by what they lead to, links to folders and broken ones by what they say.
 *
 * @param path Path or `file:` URL of the folder (Deno, Bun and Node).
 * @param options See {@linkcode DirectoryOptions}.
 * @returns The argument.
 * @throws {TypeError} `path` is not a path. What cannot be read rejects or throws the call.
 *
 * @example
 * ```ts
 * import { createCache, directory, type DirectoryInput, memoryStore } from "@deja/cache";
 * import { assert } from "chai";
 *
 * const deja = createCache({ store: memoryStore() });
 * const names = deja.persistent("names", async (input: DirectoryInput) => {
 *   const entries = await Array.fromAsync(Deno.readDir(input.path));
 *   return entries.map(({ name }) => name).sort();
 * });
 *
 * const path = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${path}/a`, "1");
 * assert.deepEqual(await names(directory(path)), ["a"]);
 * await Deno.writeTextFile(`${path}/b`, "2");
 * assert.deepEqual(await names(directory(path)), ["a", "b"]);
 * await Deno.remove(path, { recursive: true });
 * ```
 */
export function directory(path: string | URL, options?: DirectoryOptions): DirectoryInput {
  return new DirectoryInput(path, options);
}

function isWebFile(source: FileSource): source is Blob | FileHandleLike {
  return source instanceof Blob ||
    (typeof source === "object" && source !== null && "getFile" in source &&
      typeof source.getFile === "function");
}

function pathOf(source: unknown, kind: "file" | "directory"): string {
  if (source instanceof URL) {
    if (source.protocol !== "file:") {
      throw new TypeError(`${kind}() takes a path or a file: URL, received ${source}`);
    }
    const path = decodeURIComponent(source.pathname);
    return /^\/[A-Za-z]:\//.test(path) ? path.slice(1) : path;
  }
  if (typeof source === "string" && source !== "") return source;
  const more = kind === "file" ? ", a Blob or a file handle" : "";
  throw new TypeError(
    `${kind}() takes a path${more}, received ${source === "" ? "an empty string" : typeof source}`,
  );
}
