import {
  blake3Hex,
  configureHash,
  createHasher,
  hashBackend,
  wasmBytes,
} from "../../lib/hash/mod.ts";
import { assert, runScript, test, testOn } from "../harness.ts";

/** The digest of 1 GiB of zeros, by `b3sum`. */
const GIBIBYTE_OF_ZEROS = "94b4ec39d8d42ebda685fbb5429e8ab0086e65245e750142c1eea36a26abc24d";
const EMPTY = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";

/** Runs `body` while compiling WebAssembly fails where `refuses` says so. */
function whileRefusing(refuses: (bytes: BufferSource) => boolean, body: () => void): void {
  const { Module } = WebAssembly;
  WebAssembly.Module = new Proxy(Module, {
    construct(target, [bytes]) {
      if (refuses(bytes)) throw new WebAssembly.CompileError("Refused");
      return new target(bytes);
    },
  });
  try {
    configureHash();
    body();
  } finally {
    WebAssembly.Module = Module;
    configureHash();
  }
}

test("the backend is SIMD where nothing is said", () => {
  configureHash();
  assert.equal(hashBackend(), "simd");
});

test("configureHash() forces a backend, in the middle of a message too", () => {
  const hasher = createHasher();
  for (const backend of ["js", "simd", "wasm"] as const) {
    configureHash({ backend });
    assert.equal(hashBackend(), backend);
    hasher.update(new Uint8Array(50_000));
  }
  assert.equal(hasher.hex(), blake3Hex(new Uint8Array(150_000)));
  configureHash();
});

test("configureHash() takes a compiled module, and no other module", () => {
  for (const backend of ["simd", "wasm"] as const) {
    configureHash({ backend, module: new WebAssembly.Module(wasmBytes(backend)) });
    assert.equal(hashBackend(), backend);
    assert.equal(blake3Hex(new Uint8Array()), EMPTY);
  }
  configureHash();
  const empty = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
  assert.throws(() => configureHash({ module: empty }), TypeError, /received another module/);
  assert.throws(() => configureHash({ module: {} }), TypeError, /a WebAssembly.Module/);
  assert.throws(() => configureHash({ backend: "js", module: empty }), TypeError, /simd or wasm/);
});

test("configureHash() refuses a backend that does not exist", () => {
  for (const backend of ["avx", "", "__proto__"]) {
    assert.throws(
      () => configureHash({ backend: backend as "js" }),
      RangeError,
      /a hash backend \(simd, wasm, js\), received/,
    );
  }
});

test("without SIMD the backend is plain WebAssembly", () => {
  const simd = wasmBytes("simd").length;
  whileRefusing((bytes) => bytes.byteLength === simd, () => assert.equal(hashBackend(), "wasm"));
});

test("without relaxed SIMD the backend is SIMD still", () => {
  const { validate, Module } = WebAssembly;
  const compiled: Uint8Array[] = [];
  WebAssembly.validate = () => false;
  WebAssembly.Module = new Proxy(Module, {
    construct(target, [bytes]) {
      compiled.push(bytes);
      return new target(bytes);
    },
  });
  try {
    configureHash();
    assert.equal(hashBackend(), "simd");
    assert.equal(blake3Hex(new Uint8Array()), EMPTY);
    assert.deepEqual(compiled, [wasmBytes("simd")]);
  } finally {
    Object.assign(WebAssembly, { validate, Module });
    configureHash();
  }
});

test("where compiling is forbidden the backend is plain TypeScript", () => {
  whileRefusing(() => true, () => {
    assert.equal(hashBackend(), "js");
    assert.equal(blake3Hex(new Uint8Array()), EMPTY);
  });
});

test("where compiling is forbidden a backend that was asked for says so", () => {
  whileRefusing(() => true, () => {
    assert.throws(() => configureHash({ backend: "simd" }), WebAssembly.CompileError);
  });
});

test("an injected module runs where compiling is forbidden", () => {
  const module = new WebAssembly.Module(wasmBytes("simd"));
  whileRefusing(() => true, () => {
    configureHash({ module });
    assert.equal(blake3Hex(new Uint8Array()), EMPTY);
  });
});

testOn(["deno", "bun"], "a page has no environment", "DEJA_HASH forces a backend", async () => {
  const script = new URL("./print_backend.ts", import.meta.url).href;
  for (const backend of ["simd", "wasm", "js"]) {
    const { stdout } = await runScript(script, [], { env: { DEJA_HASH: backend } });
    assert.equal(stdout.trim(), backend);
  }
  const { stdout } = await runScript(script, [], { env: { DEJA_HASH: "abacus" } });
  assert.match(stdout, /RangeError: Expected a hash backend .*, received abacus/);
});

test("the memory of a core cannot grow", () => {
  for (const backend of ["simd", "wasm"] as const) {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasmBytes(backend)));
    assert.throws(() => (exports.memory as WebAssembly.Memory).grow(1), RangeError);
  }
});

test("the cores stay under 16 KiB together", () => {
  assert.isBelow(wasmBytes("simd").length + wasmBytes("wasm").length, 16 * 1024);
});

test("a message of 1 GiB is hashed in pieces", () => {
  const hasher = createHasher();
  const piece = new Uint8Array(1024 * 1024 - 1);
  let left = 2 ** 30;
  for (; left > piece.length; left -= piece.length) hasher.update(piece);
  hasher.update(piece.subarray(0, left));
  assert.equal(hasher.hex(), GIBIBYTE_OF_ZEROS);
});
