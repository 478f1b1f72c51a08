/**
 * Calls to keys: what a function is, how its arguments are bound, and the 32 bytes that say both.
 *
 * @module
 */

export { type AnyFunction, type CodeOption, codeText, registerWrapper } from "./function_code.ts";
export type { AttributesOption } from "./attributes.ts";
export { type CallKey, HexKey, KEY_BYTES } from "./call_key.ts";
export { Keyer, type KeyerOptions } from "./keyer.ts";
export type { KeyOption } from "./binding.ts";
export { OptionError } from "./option_error.ts";
export { holdsSignal, isSignal, replaceSignals } from "./signals.ts";
export { dropIf, dropIfEqual, type KeyMapper, OMIT } from "./selectors.ts";
export {
  directory,
  DirectoryInput,
  type DirectoryOptions,
  file,
  type FileHandleLike,
  FileInput,
  type FileSource,
} from "./inputs/inputs.ts";
export type { DigestMemory } from "./inputs/digest_memory.ts";
export { listedArguments, type Readings } from "./inputs/readings.ts";
