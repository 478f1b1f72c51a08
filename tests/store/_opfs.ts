/**
 * What the tests of the OPFS store share.
 *
 * @module
 */

import { Kind, readRecords } from "../../lib/store/opfs/record.ts";
import { type Runtime, testOn } from "../harness.ts";

/** Why the tests skip a runtime. */
export const NEEDS_OPFS = "needs the origin private file system";

/** The folders of a store. */
export class Layout {
  readonly #path: string;

  /** @param path Path of the store, one name. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Names of the segments of the log. */
  async segments(): Promise<string[]> {
    return (await this.#names("log")).filter((name) => /^v1-\d+$/.test(name));
  }

  /** Names of the files of large entries. */
  large(): Promise<string[]> {
    return this.#names("large");
  }

  /** The bytes of a segment. */
  async read(segment: string): Promise<Uint8Array<ArrayBuffer>> {
    const file = await (await this.folder("log")).getFileHandle(segment);
    return new Uint8Array(await (await file.getFile()).arrayBuffer());
  }

  /** Kinds of the records in a segment. */
  async kinds(segment: string): Promise<string[]> {
    const names = Object.entries(Kind);
    return [...readRecords(await this.read(segment))].map(({ kind }) =>
      names.find(([, number]) => number === kind)![0]
    );
  }

  /** Replaces a file of the log or of the large ones. */
  async write(
    folder: "log" | "large",
    name: string,
    content: Uint8Array<ArrayBuffer>,
  ): Promise<void> {
    const file = await (await this.folder(folder)).getFileHandle(name, { create: true });
    const writable = await file.createWritable();
    await writable.write(content);
    await writable.close();
  }

  /** Whether there is a file of that name beside the log. */
  async has(name: string): Promise<boolean> {
    return (await this.#names("log")).includes(name);
  }

  /** Removes a file of the log. */
  async remove(name: string): Promise<void> {
    await (await this.folder("log")).removeEntry(name);
  }

  /** Finds the folder of the log or that of the large ones. */
  async folder(name: "log" | "large"): Promise<FileSystemDirectoryHandle> {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(this.#path);
    return name === "log" ? folder : await folder.getDirectoryHandle("v1-large", { create: true });
  }

  async #names(name: "log" | "large"): Promise<string[]> {
    return (await Array.fromAsync((await this.folder(name)).keys())).sort();
  }
}

/** A test in a browser, with a path that is removed afterwards. */
export function testOpfs(
  name: string,
  body: (path: string, layout: Layout) => Promise<void>,
  { runtimes = ["chromium", "firefox"], because = NEEDS_OPFS }: {
    readonly runtimes?: readonly Runtime[];
    readonly because?: string;
  } = {},
): void {
  testOn(runtimes, because, name, async () => {
    const path = `opfs test ${crypto.randomUUID()}`;
    try {
      await body(path, new Layout(path));
    } finally {
      const root = await navigator.storage.getDirectory();
      await root.removeEntry(path, { recursive: true });
    }
  });
}

/** Bytes of a length that differ by seed. */
export function sample(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 101) ^ (i >> 8));
}
