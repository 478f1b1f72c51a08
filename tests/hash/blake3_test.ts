import { LINE, LOOP, ROWS } from "../../lib/hash/core.ts";
import { wasmBytes } from "../../lib/hash/mod.ts";
import { hashSuite } from "./suite.ts";

for (const backend of ["wasm", "js"] as const) hashSuite(backend, { name: backend });

for (const [kernel, path] of Object.entries({ rows: ROWS, loop: LOOP, line: LINE })) {
  hashSuite("simd", { name: `simd, ${kernel}`, path });
}

hashSuite("simd", {
  name: "simd without relaxed instructions",
  module: () => new WebAssembly.Module(wasmBytes("simd")),
});
