/**
 * Reading, writing and removing files, synchronously and not: what chose `MAX_SYNC_BYTES` of the
 * store in a folder, and how many files its upkeep removes at once. Run `deno bench -A bench/files_bench.ts`.
 *
 * @module
 */

const folder = Deno.makeTempDirSync();
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

const SIZES: readonly (readonly [label: string, bytes: number])[] = [
  ["1 KB", 1000],
  ["64 KiB", 0x10000],
  ["256 KiB", 0x40000],
  ["1 MiB", 0x100000],
];

for (const [label, size] of SIZES) {
  const bytes = new Uint8Array(size).fill(7);
  const path = `${folder}/${size}`;
  Deno.writeFileSync(path, bytes);

  Deno.bench({ name: "open, size, read", group: `read ${label}`, baseline: true }, () => {
    using file = Deno.openSync(path);
    file.readSync(new Uint8Array(file.statSync().size));
  });
  Deno.bench({ name: "readFileSync", group: `read ${label}` }, () => {
    Deno.readFileSync(path);
  });
  Deno.bench({ name: "readFile", group: `read ${label}` }, async () => {
    await Deno.readFile(path);
  });

  Deno.bench({ name: "writeFileSync, rename", group: `write ${label}`, baseline: true }, () => {
    Deno.writeFileSync(`${path}.tmp`, bytes, { createNew: true });
    Deno.renameSync(`${path}.tmp`, path);
  });
  Deno.bench({ name: "writeFile, rename", group: `write ${label}` }, async () => {
    await Deno.writeFile(`${path}.tmp`, bytes, { createNew: true });
    await Deno.rename(`${path}.tmp`, path);
  });
}

const REMOVED = 20_000;

/** Makes files to remove, in as many sub-folders as a store has for so many. */
function fill(): string[] {
  const paths = Array.from({ length: REMOVED }, (_, i) => `${folder}/${i % 256}/${i}`);
  for (const path of paths) {
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    Deno.writeFileSync(path, new Uint8Array(1000));
  }
  // A removal waits for the disk only where the disk has the file.
  new Deno.Command("sync").outputSync();
  return paths;
}

const removal = { group: `remove ${REMOVED} files`, n: 3, warmup: 0 };

Deno.bench({ ...removal, name: "one after the other", baseline: true }, (b) => {
  const paths = fill();
  b.start();
  for (const path of paths) Deno.removeSync(path);
  b.end();
});
for (const width of [4, 16]) {
  Deno.bench({ ...removal, name: `${width} at once` }, async (b) => {
    const left = fill().values();
    b.start();
    const lane = async () => {
      for (const path of left) await Deno.remove(path);
    };
    await Promise.all(Array.from({ length: width }, lane));
    b.end();
  });
}
