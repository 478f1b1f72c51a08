import { assert, runScript, testOn } from "../harness.ts";

const SCRIPT = new URL("./fixtures/bar.ts", import.meta.url).href;

async function drawnOn(what: string): Promise<string> {
  const { code, stdout, stderr } = await runScript(SCRIPT, [what]);
  assert.deepEqual([code, stderr], [0, ""]);
  return JSON.parse(stdout);
}

const testBar = (name: string, body: () => Promise<void>) =>
  testOn(["deno", "bun"], "a browser has no terminal", name, body);

testBar("on a terminal, a bar is redrawn, gives way to lines, and goes at the end", async () => {
  const drawn = await drawnOn("terminal");
  assert.match(drawn, /1 without an end/);
  assert.match(drawn, /█{12}░{12} 1,000\/2,000 half-way/);
  // deno-lint-ignore no-control-regex
  assert.match(drawn, /\x1b\[2KA line of its own\n.*half-way.*\x1b\[0JA line after it\n$/s);
});

testBar("elsewhere, how far it is stands in lines", async () => {
  assert.equal(
    await drawnOn("file"),
    "[1] without an end\n[1,000/2,000] half-way\nA line of its own\nA line after it\n",
  );
});
