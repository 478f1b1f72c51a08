/**
 * Builds the WebAssembly cores: puts their text together, assembles it, and writes the bytes into
 * `cores.ts`.
 *
 * ```sh
 * deno task wasm          # builds
 * deno task wasm --check  # fails unless a build gives exactly the committed file
 * ```
 *
 * @module
 */
import createWabt from "wabt";
import { INITIAL_ADDRESS, INITIAL_WORDS, MEMORY_BYTES } from "../lib/hash/core.ts";
import { relaxedPlaces, withoutRelaxed } from "../lib/hash/relaxed.ts";
import { SCHEDULE, schedule } from "./src/blake3.ts";
import { CHAIN_BY_PATH } from "./src/chain.ts";
import { LANES, PITCH } from "./src/lanes.ts";
import { ROW_KERNEL } from "./src/rows.ts";
import { tree } from "./src/tree.ts";
import { BYTE_ORDER_DATA } from "./src/vectors.ts";
import { data, littleEndian } from "./src/wat.ts";
import { wordLine, wordLoop } from "./src/words.ts";

/** The largest that the cores may be together, in bytes. */
const BUDGET_BYTES = 16 * 1024;
const PAGE_BYTES = 65536;
const TARGET = new URL("./cores.ts", import.meta.url);

const shared = `
(memory (export "memory") ${MEMORY_BYTES / PAGE_BYTES} ${MEMORY_BYTES / PAGE_BYTES})
${data(INITIAL_ADDRESS, littleEndian(INITIAL_WORDS))}`;
const scheduleData = data(SCHEDULE, schedule().flat().map((word) => PITCH * word));

/** The text of each core. */
const sources = {
  SIMD_CORE: `(module ${shared} ${scheduleData} ${BYTE_ORDER_DATA}
    ${ROW_KERNEL} ${wordLoop("loop")} ${wordLine("line")} ${CHAIN_BY_PATH}
    ${LANES} ${tree(true)})`,
  WORD_CORE: `(module ${shared} ${wordLoop("chain")} ${tree(false)})`,
};

/** Assembles a module. */
async function assemble(name: string, text: string): Promise<Uint8Array> {
  const wabt = await createWabt();
  const module = wabt.parseWat(name, text, { simd: true, relaxed_simd: true });
  try {
    module.validate();
    const bytes = new Uint8Array(module.toBinary({}).buffer);
    checkRelaxed(text, bytes);
    return bytes;
  } finally {
    module.destroy();
  }
}

/** Makes sure that the relaxed instructions, and nothing else, can be exchanged in the bytes. */
function checkRelaxed(text: string, bytes: Uint8Array<ArrayBuffer>): void {
  const expected = text.split("i8x16.relaxed_swizzle").length - 1;
  const found = relaxedPlaces(bytes).length;
  if (found !== expected) {
    throw new RangeError(
      `Expected ${expected} places that look like i8x16.relaxed_swizzle, found ${found}; ` +
        "move what looks like it by accident",
    );
  }
  if (!WebAssembly.validate(withoutRelaxed(bytes.slice()))) {
    throw new TypeError("Expected a core without relaxed instructions, built an invalid module");
  }
}

/** The TypeScript module that holds the cores. */
async function generate(): Promise<{ text: string; bytes: number }> {
  let bytes = 0;
  let text = `/**
 * The WebAssembly cores of the hash, in hexadecimal digits, which compress better than
 * base64: a byte is the same digits everywhere. Written by \`deno task wasm\` from \`wasm/src/\`.
 *
 * @module
 */
`;
  for (const [name, source] of Object.entries(sources)) {
    const module = await assemble(name, source);
    bytes += module.length;
    const lines = module.toHex().match(/.{1,92}/g) ?? [];
    text +=
      `\n/** ${module.length} bytes. */\n// deno-fmt-ignore\nexport const ${name}: string =\n  "${
        lines.join('" +\n  "')
      }";\n`;
  }
  return { text, bytes };
}

if (import.meta.main) {
  const { text, bytes } = await generate();
  if (bytes > BUDGET_BYTES) {
    throw new RangeError(`Expected cores of at most ${BUDGET_BYTES} bytes, built ${bytes}`);
  }
  if (!Deno.args.includes("--check")) {
    await Deno.writeTextFile(TARGET, text);
    console.log(`Wrote ${bytes} bytes of WebAssembly to wasm/cores.ts`);
  } else if (await Deno.readTextFile(TARGET) === text) {
    console.log(`wasm/cores.ts is what the sources give: ${bytes} bytes of WebAssembly`);
  } else {
    console.error("wasm/cores.ts is not what the sources give; run deno task wasm");
    Deno.exit(1);
  }
}
