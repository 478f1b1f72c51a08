import {
  assert,
  rejects,
  runScript,
  runtime,
  test,
  testOn,
  withFakeTime,
  withTempFolder,
} from "./harness.ts";

test("rejects() returns the error it awaited", async () => {
  const error = await rejects(Promise.reject(new TypeError("no such thing")), TypeError, /such/);
  assert.equal(error.message, "no such thing");
});

test("rejects() fails on a value and on another error", async () => {
  for (const promise of [Promise.resolve(1), Promise.reject(new RangeError("x"))]) {
    let failed = false;
    await rejects(promise, TypeError).catch(() => failed = true);
    assert.isTrue(failed);
  }
});

test("withFakeTime() freezes the clock, moves it, and gives it back", async () => {
  const real = Date.now;
  const seen = await withFakeTime(1000, (clock) => {
    const before = Date.now();
    clock.advance(500);
    return [before, Date.now()];
  });
  assert.deepEqual(seen, [1000, 1500]);
  assert.equal(Date.now, real);
});

function files(): typeof import("node:fs/promises") {
  const { process } = globalThis as { process?: { getBuiltinModule(name: string): unknown } };
  return process!.getBuiltinModule("node:fs/promises") as typeof import("node:fs/promises");
}

const noProcesses = "a page has no file system and no processes";

testOn(
  ["deno", "bun"],
  noProcesses,
  "runScript() runs a file on the same runtime in a folder that withTempFolder() removes",
  async () => {
    const source =
      `console.log("Deno" in globalThis ? "deno" : "bun", process.argv.slice(2).join(" "), process.env.DEJA_PROBE, process.cwd());
    console.error("aside");
    process.exitCode = 3;`;
    const { writeFile, stat } = files();
    const folder = await withTempFolder(async (path) => {
      await writeFile(`${path}/script.ts`, source);
      const result = await runScript(`${path}/script.ts`, ["a", "b c"], {
        cwd: path,
        env: { DEJA_PROBE: "yes" },
      });
      assert.deepEqual(result, {
        code: 3,
        stdout: `${runtime} a b c yes ${path}\n`,
        stderr: "aside\n",
      });
      return path;
    });
    await rejects(stat(folder), Error, /ENOENT/);
  },
);

testOn(
  ["deno", "bun"],
  noProcesses,
  "runScript() ends the process when its signal fires",
  async () => {
    const { writeFile } = files();
    await withTempFolder(async (path) => {
      await writeFile(`${path}/hang.ts`, `setInterval(() => {}, 1000);`);
      const abort = new AbortController();
      const running = runScript(`${path}/hang.ts`, [], { signal: abort.signal });
      abort.abort();
      assert.equal((await running).code, -1);
    });
  },
);
