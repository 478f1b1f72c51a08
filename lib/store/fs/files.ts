/**
 * What the store needs of a file system, the same for every runtime.
 *
 * @module
 */

/**
 * Files of at most this many bytes are read and written synchronously, inside the asynchronous
 * methods: the way through a thread pool costs more than the system calls themselves, for a read of
 * 1 KB 124 µs instead of 11 (`deno bench -A bench/files_bench.ts`). That still holds for larger
 * files, but those would keep the event loop waiting for too long.
 */
export const MAX_SYNC_BYTES: number = 256 * 1024;

/** What is known of a file or folder. */
export interface FileStatus {
  /** Whether it is a folder. */
  readonly isFolder: boolean;
  /** When its content last changed, in milliseconds since the epoch. */
  readonly modified: number;
}

/** What stands in a folder. */
export interface FolderEntry {
  /** Name of the file or folder, without the path. */
  readonly name: string;
  /** Whether it is a folder. */
  readonly isFolder: boolean;
}

/**
 * A file system. Everything throws what the runtime throws; {@linkcode problemOf} says what that
 * means. What is synchronous is a single quick system call.
 */
export interface Files {
  /** Whether paths are those of Windows. */
  readonly windows: boolean;
  /** The working directory, or `undefined` where the runtime does not tell. */
  workingDirectory(): string | undefined;
  /** Reads a whole file. */
  read(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Reads at most the first `length` bytes of a file, and its size. */
  readStart(path: string, length: number): { start: Uint8Array<ArrayBuffer>; size: number };
  /** Writes a new file, and fails where there is one. */
  create(path: string, bytes: Uint8Array): Promise<void>;
  /** Moves a file, over another if need be. */
  rename(from: string, to: string): void;
  /** Removes a file, or a folder and all that is in it. */
  remove(path: string): void;
  /** Makes a folder and those above it; one that is there already is fine. */
  makeFolder(path: string): void;
  /** Lists a folder. */
  entries(path: string): Promise<FolderEntry[]>;
  /** Says what stands at `path`, following links. */
  status(path: string): FileStatus;
}

/** What went wrong, the same for every runtime. */
export type FileProblem =
  | "not-found"
  | "exists"
  | "not-a-folder"
  | "is-a-folder"
  | "not-permitted"
  | "read-only"
  | "no-flag"
  | "no-space"
  | "name-too-long"
  | "other";

const PROBLEMS: Readonly<Record<string, FileProblem>> = {
  ENOENT: "not-found",
  EEXIST: "exists",
  ENOTDIR: "not-a-folder",
  EISDIR: "is-a-folder",
  EACCES: "not-permitted",
  EPERM: "not-permitted",
  EROFS: "read-only",
  ENOSPC: "no-space",
  EDQUOT: "no-space",
  ENAMETOOLONG: "name-too-long",
};

/** Says what an error of {@linkcode Files} means. */
export function problemOf(error: unknown): FileProblem {
  const { code, name } = error as { code?: unknown; name?: unknown };
  // Deno's own refusal comes before any system call, so it has no system error code.
  if (name === "NotCapable") return "no-flag";
  return PROBLEMS[String(code)] ?? "other";
}
