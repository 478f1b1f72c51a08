import { StoreError } from "../../lib/errors.ts";
import { chooseFiles } from "../../lib/store/fs/choose_files.ts";
import type { Files } from "../../lib/store/fs/files.ts";
import { fsStore } from "../../lib/store/fs/mod.ts";
import { FolderStore } from "../../lib/store/fs/store.ts";
import { assert, rejects, runScript, testOn, withFakeTime, withTempFolder } from "../harness.ts";
import { filesIn, nodeDriver, testFiles } from "./_files.ts";

const HOUR_MS = 3_600_000;
const BYTES = Uint8Array.of(1, 2, 3);

const script = (name: string) => new URL(`./fixtures/${name}.ts`, import.meta.url).href;

testFiles("a lease of fsStore() leaves nothing but the last token", async (root, fs) => {
  await using store = await fsStore(root);
  for (let token = 1; token <= 3; token++) {
    const lease = await store.lease("key", HOUR_MS);
    assert.equal(lease!.token, token);
    await lease![Symbol.asyncDispose]();
  }
  const [left, ...more] = filesIn(fs, `${root}/leases`);
  assert.match(left, /^[0-9a-f]{2}\/token\.3$/);
  assert.isEmpty(more);
});

testFiles(
  "a lease of fsStore() runs out by the clock, and its token stays behind",
  async (root) => {
    await using store = await fsStore(root);
    await using other = await fsStore(root);
    const start = Date.now();
    await withFakeTime(start, async (clock) => {
      const lost = await store.lease("key", 1000);
      clock.advance(999);
      assert.isUndefined(await other.lease("key", 1000));
      clock.advance(1);
      const taken = await other.lease("key", 1000);
      assert.isAbove(taken!.token, lost!.token);
      assert.isFalse(await lost!.renew());
      await rejects(
        store.set("key", BYTES, { lease: lost }),
        StoreError,
        /no longer held; take it/,
      );
      await other.set("key", BYTES, { lease: taken });
      clock.advance(999);
      assert.isTrue(await taken!.renew());
      clock.advance(999);
      assert.isUndefined(await store.lease("key", 1000));
      await taken![Symbol.asyncDispose]();
    });
  },
);

testFiles("a lease of fsStore() that is not renewed in time stays lost", async (root) => {
  await using store = await fsStore(root);
  await withFakeTime(Date.now(), async (clock) => {
    const lease = await store.lease("key", 1000);
    clock.advance(1000);
    assert.isFalse(await lease!.renew());
    clock.advance(-1000);
    assert.isFalse(await lease!.renew());
    await rejects(store.set("other", BYTES, { lease: lease! }), StoreError, /no longer held/);
  });
});

testFiles("a lease of fsStore() allows no set of another key", async (root) => {
  await using store = await fsStore(root);
  await using lease = await store.lease("key", HOUR_MS);
  await rejects(store.set("other", BYTES, { lease }), StoreError, /Cannot set "other"/);
  assert.isUndefined(await store.get("other"));
});

testFiles("tokens of fsStore() grow though the clock goes back", async (root) => {
  await using store = await fsStore(root);
  const start = Date.now();
  let last = 0;
  for (const offset of [0, 10 * HOUR_MS, -10 * HOUR_MS, -1000 * HOUR_MS, 5]) {
    await withFakeTime(start + offset, async () => {
      const lease = await store.lease("key", 1000);
      assert.isAbove(lease!.token, last);
      last = lease!.token;
      await lease![Symbol.asyncDispose]();
    });
  }
});

testFiles("a clock that was set back holds no dead lease of fsStore() for ever", async (root) => {
  await using store = await fsStore(root);
  const start = Date.now();
  await withFakeTime(start, async () => void await store.lease("key", 1000));
  await withFakeTime(start - 10_000, async () => {
    assert.isUndefined(await store.lease("key", 1000), "A clock may be off by some seconds");
  });
  await withFakeTime(start - 100 * HOUR_MS, async () => {
    await (await store.lease("key", 1000))![Symbol.asyncDispose]();
  });
});

testFiles(
  "a lease of fsStore() whose file stayed empty or half-written is replaced soon",
  async (root, fs) => {
    await using store = await fsStore(root);
    await using _lease = await store.lease("key", HOUR_MS);
    const [file] = filesIn(fs, `${root}/leases`).filter((path) => !path.includes("token"));
    for (const size of [0, 20]) {
      fs.truncateSync(`${root}/leases/${file}`, size);
      assert.isUndefined(await store.lease("key", 1000));
    }
    await withFakeTime(Date.now() + 6000, async () => {
      await (await store.lease("key", 1000))![Symbol.asyncDispose]();
    });
  },
);

const FULL = () => Object.assign(new Error("Full"), { code: "ENOSPC" });

for (
  const [what, part] of [["file", /\/[0-9a-f]{32}\.\d+$/], ["token", /\/token\.\d+$/]] as const
) {
  testFiles(
    `a lease of fsStore() leaves nothing where the disk is full for its ${what}`,
    async (root, fs) => {
      const own = chooseFiles();
      let full = true;
      const files: Files = {
        ...own,
        createNow(path, bytes) {
          if (!full || !part.test(path)) return own.createNow(path, bytes);
          own.createNow(path, bytes.subarray(0, 7));
          throw FULL();
        },
      };
      await using store = await FolderStore.open(files, root);
      for (let i = 0; i < 3; i++) {
        await rejects(store.lease("key", HOUR_MS), StoreError, /Cannot lease .+ the disk is full/);
        const left = filesIn(fs, `${root}/leases`).filter((path) => !path.includes("/token."));
        assert.isEmpty(left);
      }
      full = false;
      await using lease = await store.lease("key", HOUR_MS);
      await store.set("key", BYTES, { lease: lease! });
    },
  );
}

testFiles(
  "fsStore() leaves a lease alone that another is writing where it met no folder itself",
  async (root, fs) => {
    const own = chooseFiles();
    const files: Files = {
      ...own,
      createNow(path, bytes) {
        if (!path.includes("/leases/")) return own.createNow(path, bytes);
        own.makeFolder(path.slice(0, path.lastIndexOf("/")));
        // What another process does in between.
        if (!fs.existsSync(path)) own.createNow(path, new Uint8Array(0));
        own.createNow(`${root}/nowhere/file`, bytes);
      },
    };
    await using store = await FolderStore.open(files, root);
    assert.isUndefined(await store.lease("key", HOUR_MS), "It is being written");
    assert.lengthOf(filesIn(fs, `${root}/leases`), 1);
  },
);

testFiles("a lease of fsStore() that could not be renewed is still given back", async (root) => {
  const own = chooseFiles();
  let full = false;
  const files: Files = {
    ...own,
    overwrite(path, bytes) {
      if (full) throw FULL();
      own.overwrite(path, bytes);
    },
  };
  await using store = await FolderStore.open(files, root);
  const lease = await store.lease("key", HOUR_MS);
  full = true;
  await rejects(lease!.renew(), Error, /Full/);
  await lease![Symbol.asyncDispose]();
  full = false;
  await using next = await store.lease("key", HOUR_MS);
  assert.equal(next!.token, 2);
});

testFiles(
  "a lease of fsStore() is still held after a renewal that could not read",
  async (root) => {
    const own = chooseFiles();
    let failures = 0;
    const files: Files = {
      ...own,
      readStart(path, length) {
        if (failures-- > 0) throw new Error("Too many open files");
        return own.readStart(path, length);
      },
    };
    await using store = await FolderStore.open(files, root);
    const lease = await store.lease("key", HOUR_MS);
    failures = 1;
    await rejects(lease!.renew(), Error, /Too many open files/);
    assert.isTrue(await lease!.renew());
    failures = 1;
    await rejects(lease![Symbol.asyncDispose](), Error, /Too many open files/);
    await lease![Symbol.asyncDispose]();
    await using next = await store.lease("key", HOUR_MS);
    assert.equal(next!.token, 2);
  },
);

testFiles("a lease of fsStore() whose files were removed is lost", async (root, fs) => {
  await using store = await fsStore(root);
  const lease = await store.lease("key", HOUR_MS);
  fs.rmSync(root, { recursive: true });
  assert.isFalse(await lease!.renew());
  await lease![Symbol.asyncDispose]();
  await rejects(store.set("key", BYTES, { lease }), StoreError, /no longer held/);
  await using again = await store.lease("key", HOUR_MS);
  await store.set("key", BYTES, { lease: again });
});

testFiles("a store that is only read gives no lease", async (root) => {
  await (await fsStore(root)).set("key", BYTES);
  await using store = await fsStore(root, { readOnly: true });
  assert.isFalse(store.supports.lease);
  assert.isTrue(store.supports.readOnly);
  await rejects(store.lease("key", HOUR_MS), StoreError, /opened with readOnly/);
});

testOn(
  ["deno"],
  "Deno alone has both drivers",
  "The drivers share their leases",
  () =>
    withTempFolder(async (folder) => {
      await using own = await FolderStore.open(chooseFiles(), folder);
      await using node = await FolderStore.open(nodeDriver(), folder);
      const lease = await own.lease("key", HOUR_MS);
      assert.isUndefined(await node.lease("key", HOUR_MS));
      await node.set("key", BYTES, { lease });
      await lease![Symbol.asyncDispose]();
      await using next = await node.lease("key", HOUR_MS);
      assert.isAbove(next!.token, lease!.token);
    }),
);

for (const processes of [2, 8]) {
  testFiles(
    `leases of fsStore() let one of ${processes} processes compute each missing key`,
    async (root, fs) => {
      await fsStore(root);
      const log = `${root}/computed.log`;
      const results = await Promise.all(
        Array.from({ length: processes }, () => runScript(script("lease_keys"), [root, log])),
      );
      for (const { code, stderr } of results) assert.equal(code, 0, stderr);
      const computed = fs.readFileSync(log, "utf8").trim().split("\n");
      assert.lengthOf(computed, 30);
      assert.equal(new Set(computed).size, 30);
      for (const { stdout } of results) assert.include(stdout, "30 keys");
    },
  );
}

testFiles("a holder that is killed is replaced when its lease has run out", async (root) => {
  await using store = await fsStore(root);
  const abort = new AbortController();
  const dying = runScript(script("hold_lease"), [root, "key", "1500"], { signal: abort.signal });
  while (await store.get("held") === undefined) await turn();
  assert.isUndefined(await store.lease("key", 1000));
  abort.abort();
  assert.equal((await dying).code, -1);
  let lease;
  while ((lease = await store.lease("key", 60_000)) === undefined) await turn();
  assert.equal(lease.token, 2);
  await store.set("key", BYTES, { lease });
  await lease[Symbol.asyncDispose]();
});

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
