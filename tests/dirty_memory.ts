/** Lets a runtime that has memory that is not cleared give the dirtiest of it. */

interface Host {
  Bun?: { allocUnsafe(size: number): Uint8Array<ArrayBuffer> };
}

/** What stands in the memory. */
export const DIRT = 0xa5;

/** Runs `body` while each array that is not cleared is full of {@linkcode DIRT}, on all runtimes. */
export function withDirtyMemory<T>(body: () => T): T {
  const host = globalThis as Host;
  const { Bun } = host;
  const allocUnsafe = Bun?.allocUnsafe;
  const dirty = (size: number) => new Uint8Array(size).fill(DIRT);
  if (Bun === undefined) host.Bun = { allocUnsafe: dirty };
  else Bun.allocUnsafe = dirty;
  try {
    return body();
  } finally {
    if (Bun === undefined) delete host.Bun;
    else Bun.allocUnsafe = allocUnsafe!;
  }
}
