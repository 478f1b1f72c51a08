import { assert, runScript, type ScriptResult, testOn, withTempFolder } from "../harness.ts";

const SCRIPT = new URL("./fixtures/call_in_mode.ts", import.meta.url).href;

/** Calls the function with 1, which is stored, and with 2, which is not, in a new process. */
async function inMode(mode: string, after: (called: ScriptResult) => void): Promise<string[]> {
  return await withTempFolder(async (cwd) => {
    const run = (args: string[], mode: string) =>
      runScript(SCRIPT, args, { cwd, env: { DEJA_DIR: "", DEJA_MODE: mode } });
    const first = await run(["1"], "");
    assert.deepEqual(JSON.parse(first.stdout), {
      runs: 1,
      results: [2],
      events: ["miss", "store"],
    }, first.stderr);
    after(await run(["1", "2"], mode));
    const { stdout } = await run(["1", "2"], "read-only");
    return JSON.parse(stdout).events;
  });
}

interface Row {
  readonly called: {
    readonly runs: number;
    readonly results: unknown[];
    readonly events: string[];
  };
  /** What a look at the two results meets afterwards. */
  readonly left: string[];
}

const ROWS: Readonly<Record<string, Row>> = {
  "read-write": {
    called: { runs: 1, results: [2, 4], events: ["hit", "miss", "store"] },
    left: ["hit", "hit"],
  },
  "read-only": {
    called: { runs: 1, results: [2, 4], events: ["hit", "miss"] },
    left: ["hit", "miss"],
  },
  refresh: {
    called: { runs: 2, results: [2, 4], events: ["miss", "store", "miss", "store"] },
    left: ["hit", "hit"],
  },
  offline: { called: { runs: 0, results: [2, "MISS"], events: ["hit"] }, left: ["hit", "miss"] },
  off: { called: { runs: 2, results: [2, 4], events: [] }, left: ["hit", "miss"] },
};

const NEEDS_PROCESSES = "needs processes of its own";

for (const [mode, { called, left }] of Object.entries(ROWS)) {
  testOn(
    ["deno", "bun"],
    NEEDS_PROCESSES,
    `DEJA_MODE=${mode} holds for a whole process, whatever an option says`,
    async () => {
      const events = await inMode(mode, ({ code, stdout, stderr }) => {
        assert.equal(code, 0, stderr);
        assert.deepEqual(JSON.parse(stdout), called);
      });
      assert.deepEqual(events, left);
    },
  );
}

testOn(
  ["deno", "bun"],
  NEEDS_PROCESSES,
  "a misspelt DEJA_MODE is an error that names it and lists the modes, and nothing is lost",
  async () => {
    const events = await inMode("ofline", ({ code, stdout, stderr }) => {
      assert.notEqual(code, 0);
      assert.equal(stdout, "");
      assert.match(
        stderr,
        /DEJA_MODE must be one of read-write, read-only, refresh, offline, off, received "ofline"/,
      );
    });
    assert.deepEqual(events, ["hit", "miss"]);
  },
);

testOn(
  ["deno"],
  "only Deno can be kept from its environment",
  "DEJA_MODE holds for what is wrapped while the environment may be read",
  async () => {
    const script = new URL("./fixtures/revoke_environment.ts", import.meta.url).href;
    const { stdout, stderr } = await runScript(script, [], { env: { DEJA_MODE: "offline" } });
    assert.deepEqual(JSON.parse(stdout || "[]"), ["MISS", 2], stderr);
  },
);
