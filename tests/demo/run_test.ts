import { assert } from "../harness.ts";
import { assertRun, demoTest } from "./_demo_copy.ts";

demoTest("a run that is killed half-way keeps what was finished", async (demo) => {
  const slow = `${demo.folder}/bench/demo/packages/node_modules/two/lib/more.js`;
  const code = await Deno.readTextFile(slow);
  await Deno.writeTextFile(slow, "x();\n".repeat(2_000_000)); // Takes seconds to bundle.
  const child = demo.start();
  await untilPrinted(child.stderr, "[1/3] one@1.0.0");
  child.kill("SIGKILL");
  await child.status;
  await child.stdout.cancel();
  await Deno.writeTextFile(slow, code);
  assertRun(await demo.run(), { hits: 1, misses: 2 });
});

demoTest("two processes at once agree and leave no damaged record", async (demo) => {
  const both = await Promise.all([demo.run(), demo.run()]);
  for (const { code, stderr } of both) assert.equal(code, 0, stderr);
  assert.equal(both[0].chart, both[1].chart);
  const after = await demo.run();
  assertRun(after, { hits: 3, misses: 0 });
  assert.equal(after.chart, both[0].chart);
});

demoTest("a package that cannot be bundled does not stop the others, nor is kept", async (demo) => {
  const file = "bench/demo/packages/node_modules/two/lib/more.js";
  await demo.edit(file, (text) => `${text} }`);
  const broken = await demo.run();
  assert.equal(broken.code, 1);
  assert.match(broken.stderr, /Cannot bundle two@2\.0\.0: .*more\.js.*Unexpected "}"/s);
  assert.match(broken.chart, /one@1\.0\.0.*\n.*three@3\.0\.0|three@3\.0\.0.*\n.*one@1\.0\.0/);
  await demo.edit(file, (text) => text.slice(0, -2));
  assertRun(await demo.run(), { hits: 2, misses: 1 });
});

const WRONG_ARGUMENTS: Readonly<Record<string, readonly [args: string[], message: RegExp]>> = {
  "an unknown option": [["--minfy"], /^Unknown option '--minfy'\nSee --help\n$/],
  "an unknown package": [["one", "left-pad"], /^No package "left-pad" .*: take one, two, three\n/],
  "a name that every object has": [["constructor"], /^No package "constructor" /],
  "a target of another tool": [["--target=node22"], /^--target must be .*, received "node22"\n/],
  "an option without its value": [["--target"], /^Option '--target <value>' argument missing\n/],
};

for (const [what, [args, message]] of Object.entries(WRONG_ARGUMENTS)) {
  demoTest(`refuses ${what} before it measures anything`, async (demo) => {
    const { code, stdout, stderr } = await demo.run(...args);
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.match(stderr, message);
  });
}

demoTest("--help says how it is used", async (demo) => {
  const { code, stdout, stderr } = await demo.run("--help");
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  for (const word of ["deno task demo", "--target", "--no-minify", "PACKAGE"]) {
    assert.include(stdout, word);
  }
});

async function untilPrinted(stream: ReadableStream<Uint8Array>, text: string): Promise<void> {
  const decoder = new TextDecoder();
  let printed = "";
  for await (const bytes of stream) {
    printed += decoder.decode(bytes, { stream: true });
    if (printed.includes(text)) return;
  }
  throw new Error(`The demo ended without printing ${text}: ${printed}`);
}
