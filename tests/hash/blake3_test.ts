import { hashSuite } from "./suite.ts";

for (const backend of ["simd", "wasm", "js"] as const) hashSuite(backend);
