import { wasmBytes } from "../../lib/hash/mod.ts";
import { hashSuite } from "./suite.ts";

for (const backend of ["simd", "wasm", "js"] as const) hashSuite(backend);

hashSuite("simd", {
  name: "simd without relaxed instructions",
  module: () => new WebAssembly.Module(wasmBytes("simd")),
});
