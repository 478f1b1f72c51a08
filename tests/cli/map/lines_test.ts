import { countLines, type Line, linesOf } from "../../../lib/cli/map/lines.ts";
import { assert, rejects, test } from "../../harness.ts";

/** Bytes in chunks of a length. */
async function* chunksOf(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) {
    yield await Promise.resolve(bytes.subarray(at, at + length));
  }
}

async function linesIn(bytes: Uint8Array, length: number): Promise<Line[]> {
  return (await Array.fromAsync(linesOf(chunksOf(bytes, length)))).flat();
}

const TEXTS: Readonly<Record<string, readonly [text: string, lines: readonly Line[]]>> = {
  "nothing": ["", []],
  "a line without an end": ["1", [{ number: 1, text: "1" }]],
  "an end of the last line": ["1\n2\n", [{ number: 1, text: "1" }, { number: 2, text: "2" }]],
  "blank lines": ["\n \n3\n\t\r\n\n6", [{ number: 3, text: "3" }, { number: 6, text: "6" }]],
  "ends of Windows": ["1\r\n2\r\n", [{ number: 1, text: "1\r" }, { number: 2, text: "2\r" }]],
  "characters of several bytes": ['"é𝄞"\n"日本"', [
    { number: 1, text: '"é𝄞"' },
    { number: 2, text: '"日本"' },
  ]],
  "a byte order mark": ["\uFEFF1\n", [{ number: 1, text: "1" }]],
};

for (const [what, [text, lines]] of Object.entries(TEXTS)) {
  test(`linesOf() finds the lines of ${what}, however the bytes come`, async () => {
    const bytes = new TextEncoder().encode(text);
    for (let length = 1; length <= bytes.length + 1; length++) {
      assert.deepEqual(await linesIn(bytes, length), lines as Line[]);
      assert.equal(await countLines(chunksOf(bytes, length)), lines.length);
    }
  });
}

test("linesOf() takes no bytes before they are needed", async () => {
  let taken = 0;
  async function* endless() {
    for (;;) yield await Promise.resolve(new TextEncoder().encode(`${taken++}\n`));
  }
  for await (const [line] of linesOf(endless())) if (line.number === 3) break;
  assert.equal(taken, 3);
});

test("linesOf() joins a line of very many chunks", async () => {
  const bytes = new TextEncoder().encode("x".repeat(200_000));
  const [line] = await linesIn(bytes, 10);
  assert.lengthOf(line.text, 200_000);
});

test("linesOf() says where bytes are not UTF-8", async () => {
  const bytes = Uint8Array.of(0x31, 0x0a, 0x32, 0x0a, 0xff);
  await rejects(linesIn(bytes, 2), TypeError, /^The inputs are not UTF-8 text, at line 3 or soon/);
  await rejects(linesIn(Uint8Array.of(0x31, 0xc3), 9), TypeError, /not UTF-8 text, at line 1 /);
});
