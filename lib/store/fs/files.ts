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
  /** Size of a file in bytes. */
  readonly size: number;
  /** When its content last changed or it was touched, in milliseconds since the epoch. */
  readonly modified: number;
}

/** What stands in a folder. */
export interface FolderEntry {
  /** Name of the file or folder, without the path. */
  readonly name: string;
  /** Whether it is a folder. */
  readonly isFolder: boolean;
}

/** A whole file. */
export interface FileContent {
  /** All that is in it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** As in {@linkcode FileStatus}. */
  readonly modified: number;
}

/** The start of a file. */
export interface FileStart {
  /** As much as was asked for, or less where the file is shorter. */
  readonly start: Uint8Array<ArrayBuffer>;
  /** Size of the whole file in bytes. */
  readonly size: number;
  /** As in {@linkcode FileStatus}. */
  readonly modified: number;
}

/** A file that is open to be read from start to end. It stays readable when it is removed. */
export interface FileReader {
  /** Size of the file in bytes when it was opened. */
  readonly size: number;
  /** As in {@linkcode FileStatus}. */
  readonly modified: number;
  /** Fills the start of `bytes`; resolves to how many bytes that were, 0 at the end. */
  read(bytes: Uint8Array): Promise<number>;
  /** Closes the file. */
  close(): Promise<void>;
}

/** A new file that is open to be written. */
export interface FileWriter {
  /** Writes all of `bytes` after what was written before. */
  write(bytes: Uint8Array): Promise<void>;
  /** Writes `bytes` over the start of the file; nothing can be written after that. */
  writeStart(bytes: Uint8Array): Promise<void>;
  /** Waits until the disk has it all. */
  sync(): Promise<void>;
  /** Closes the file. */
  close(): Promise<void>;
}

/**
 * A file system. Everything throws what the runtime throws; {@linkcode problemOf} says what that
 * means. What is synchronous is a single quick system call, or a few on one small file.
 */
export interface Files {
  /** Whether paths are those of Windows. */
  readonly windows: boolean;
  /** The working directory, or `undefined` where the runtime does not tell. */
  workingDirectory(): string | undefined;
  /** Reads a whole file: a small one at once, a larger one in the background. */
  read(path: string): FileContent | Promise<FileContent>;
  /** Reads at most the first `length` bytes of a file. */
  readStart(path: string, length: number): FileStart;
  /** Opens a file to read it piece by piece. */
  open(path: string): Promise<FileReader>;
  /** Writes a new small file at once, and fails where there is one. */
  createNow(path: string, bytes: Uint8Array): void;
  /** Opens a new file to write it piece by piece, and fails where there is one. */
  create(path: string): Promise<FileWriter>;
  /** Writes over the start of a file that is there. */
  overwrite(path: string, bytes: Uint8Array): void;
  /** Writes after the end of a file, in one go also among others; makes the file if need be. */
  append(path: string, bytes: Uint8Array): void;
  /** Moves a file, over another if need be. */
  rename(from: string, to: string): void;
  /** Removes a file, or a folder that is empty. */
  remove(path: string): void;
  /** Removes a file, while the event loop turns. */
  removeInBackground(path: string): Promise<void>;
  /** Removes a folder and all that is in it. */
  removeTree(path: string): void;
  /** Makes a folder and those above it; one that is there already is fine. */
  makeFolder(path: string): void;
  /** Waits until the disk has what was made, moved and removed in a folder. */
  syncFolder(path: string): Promise<void>;
  /** Lists a folder. */
  entries(path: string): Promise<FolderEntry[]>;
  /** Lists the names in a small folder. */
  names(path: string): string[];
  /** Says what stands at `path`, following links. */
  status(path: string): FileStatus;
  /** Sets when a file was modified, in milliseconds since the epoch. */
  touch(path: string, modified: number): void;
}

/** What went wrong, the same for every runtime. */
export type FileProblem =
  | "not-found"
  | "exists"
  | "not-a-folder"
  | "is-a-folder"
  | "not-empty"
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
  ENOTEMPTY: "not-empty",
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
