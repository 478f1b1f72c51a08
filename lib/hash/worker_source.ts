/**
 * The program of a worker that hashes. It is text, which becomes a module by way of a blob: so it
 * needs no file beside the library, and no bundler has to know about it.
 *
 * @module
 */
import {
  CHUNK_BYTES,
  DIGEST_BYTES,
  INITIAL_ADDRESS,
  KEY_ADDRESS,
  OUTPUT_ADDRESS,
  WINDOW_ADDRESS,
  WINDOW_BYTES,
} from "./core.ts";
import type { Mode } from "./mode.ts";

/** What a worker is asked: the chaining value of each window of `bytes`. */
export interface WorkerTask extends Mode {
  /** Whole windows. */
  readonly bytes: Uint8Array;
  /** The counter of the first chunk. */
  readonly chunk: number;
}

/** What a worker answers to a task, unless it failed: then the answer is `{ error: string }`. */
export interface WorkerAnswer {
  /** The chaining values in a row. */
  readonly values: Uint8Array;
  /** The bytes of the task, so that their memory can be used again. */
  readonly bytes: Uint8Array;
}

/**
 * Gives the program; a function, which bundles of what needs no workers can leave out.
 *
 * The first message to a worker holds the bytes of a core's module, and is answered with
 * `{ started: true }`; every later one is a task.
 */
export const workerSource = (): string => `
let core, memory;
onmessage = ({ data }) => {
  try {
    work(data);
  } catch (error) {
    postMessage({ error: String(error) });
  }
};
function work({ module, bytes, key, flags, chunk }) {
  if (module) {
    core = new WebAssembly.Instance(new WebAssembly.Module(module)).exports;
    memory = new Uint8Array(core.memory.buffer);
    postMessage({ started: true });
    return;
  }
  if (key) memory.set(key, ${KEY_ADDRESS});
  const values = new Uint8Array(bytes.length / ${WINDOW_BYTES} * ${DIGEST_BYTES});
  for (let i = 0; i * ${WINDOW_BYTES} < bytes.length; i++) {
    const start = i * ${WINDOW_BYTES};
    const counter = chunk + start / ${CHUNK_BYTES};
    memory.set(bytes.subarray(start, start + ${WINDOW_BYTES}), ${WINDOW_ADDRESS});
    core.hash(key ? ${KEY_ADDRESS} : ${INITIAL_ADDRESS}, ${WINDOW_ADDRESS}, ${WINDOW_BYTES},
      counter, Math.floor(counter / 2 ** 32), flags);
    const value = memory.subarray(${OUTPUT_ADDRESS}, ${OUTPUT_ADDRESS + DIGEST_BYTES});
    values.set(value, i * ${DIGEST_BYTES});
  }
  const shared = !(bytes.buffer instanceof ArrayBuffer);
  postMessage({ values, bytes }, shared ? [values.buffer] : [values.buffer, bytes.buffer]);
}`;
