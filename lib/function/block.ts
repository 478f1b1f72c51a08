/** Blocks: a piece of code that is cached where it stands. */

import { type AnyFunction, codeText } from "../key/mod.ts";
import { LruMap } from "../lru.ts";
import type { MemoryCached } from "./cached_function.ts";
import {
  checkFunction,
  checkOptions,
  MEMORY_OPTIONS,
  PERSISTENT_OPTIONS,
} from "./check_options.ts";
import { EventLog } from "./event_log.ts";
import { defaultScope, type Scope, settingsFor } from "./scope.ts";
import { isAsyncFunction, isObject } from "./option_rules.ts";
import { wrapInMemory } from "./memory_cache.ts";
import type { MemoryCacheOptions, PersistentOptions } from "./options.ts";
import { wrapInStore } from "./persistent_cache.ts";
import { settingsOf } from "./settings.ts";
import { FreeVariableWatch } from "./watch.ts";

/** Options of {@linkcode block}: as those of a persistent function, but for the name. */
export type BlockOptions = Omit<PersistentOptions, "name" | "outFiles" | "batch">;

/** Options of {@linkcode blockSync}: as those of a function cached in memory, but for the name. */
export type BlockSyncOptions = Omit<MemoryCacheOptions, "name">;

/** Options that say of a function what a block has no need of, or says otherwise. */
const OF_FUNCTIONS: readonly string[] = ["name", "outFiles", "batch"];
const BLOCK_OPTIONS = PERSISTENT_OPTIONS.filter((option) => !OF_FUNCTIONS.includes(option));
const BLOCK_SYNC_OPTIONS = MEMORY_OPTIONS.filter((option) => !OF_FUNCTIONS.includes(option));

/** Blocks whose variables were looked at: each is evaluated anew, and told of once. */
const looked = new LruMap<string, true>({ maxEntries: 10_000 });

/**
 * Runs a block of code, or gives the result that it had before with the same inputs: as a function
 * that is cached with {@linkcode persistentCache} and called at once.
 *
 * @param name Name of the block in keys and in the store.
 * @param inputs What the result depends on: all of it, whatever the block takes of it. The block gets
 *   it as its argument. An object names its inputs, so that the block may also read them where they
 *   stand: of one that is no object, no name is known, and a warning tells of what is read.
 * @param body The block. Its code is a part of the key.
 * @param options See {@linkcode BlockOptions}; `ignore` and `key` name inputs.
 * @returns The result of the block.
 * @throws {TypeError} There is no block or no name, or an option is wrong.
 * @throws Whatever the block throws.
 *
 * @example
 * ```ts
 * import { block } from "@deja/cache";
 * import { assert } from "chai";
 *
 * const rows = [3, 1, 2];
 * const report = await block("report", { rows }, ({ rows }) => rows.toSorted().join());
 * assert.equal(report, "1,2,3");
 * ```
 */
export function block<I, R>(
  name: string,
  inputs: I,
  body: (inputs: I) => R,
  options?: BlockOptions,
): Promise<Awaited<R>> {
  return runBlock(defaultScope, name, inputs, body, options);
}

/** As {@linkcode block}, within a cache. */
export async function runBlock<I, R>(
  scope: Scope,
  name: string,
  inputs: I,
  body: (inputs: I) => R,
  options: BlockOptions = {},
): Promise<Awaited<R>> {
  checkName(name);
  checkFunction("block", body);
  checkOptions("block", options, BLOCK_OPTIONS);
  const { freeVariables = scope.defaults.freeVariables } = options;
  const isTold = freeVariables !== "error" && isLookedAt(name, body as AnyFunction);
  const own = { ...options, name, ...(isTold ? { freeVariables: "ignore" as const } : {}) };
  const settings = {
    ...settingsFor(body as AnyFunction, scope.defaults, own, PERSISTENT_OPTIONS),
    inputs: inputNames(inputs),
  };
  const { handle, namespace, group } = scope;
  const run = wrapInStore(body as AnyFunction, settings, handle, namespace, group);
  return await (run as unknown as (inputs: I) => Promise<Awaited<R>>)(inputs);
}

/** Blocks in memory: what each gave, and the body and the closed-over values that stand for it now. */
interface KnownBlock {
  readonly run: MemoryCached<AnyFunction>;
  /** Looks at the variables of the first body: the code of all is the same. */
  readonly watch: FreeVariableWatch;
  body: AnyFunction;
  closure: BlockSyncOptions["closure"];
}

const blocks = new LruMap<string, KnownBlock>({ maxEntries: 10_000 });

/**
 * As {@linkcode block}, in memory: a block that is not asynchronous gives its result at once.
 *
 * @param name Name of the block in keys.
 * @param inputs What the result depends on. The block gets it as its argument.
 * @param body The block. Its code is a part of the key.
 * @param options See {@linkcode BlockSyncOptions}; but for `closure`, those of the first run hold. With
 *   `freeVariables: "error"`, the first run may end before its variables are known.
 * @returns The result of the block, the same object each time.
 * @throws {TypeError} There is no block or no name, or an option is wrong.
 * @throws Whatever the block throws.
 *
 * @example
 * ```ts
 * import { blockSync } from "@deja/cache";
 * import { assert } from "chai";
 *
 * let runs = 0;
 * for (const rows of [[3, 1, 2], [3, 1, 2]]) {
 *   const sorted = blockSync("sorted", rows, (rows) => {
 *     runs++;
 *     return rows.toSorted();
 *   }, { freeVariables: "ignore" });
 *   assert.deepEqual(sorted, [1, 2, 3]);
 * }
 * assert.equal(runs, 1);
 * ```
 */
export function blockSync<I, R>(
  name: string,
  inputs: I,
  body: (inputs: I) => R,
  options: BlockSyncOptions = {},
): R {
  checkName(name);
  checkFunction("blockSync", body);
  checkOptions("blockSync", options, BLOCK_SYNC_OPTIONS);
  const { code = "source", closure } = options;
  const text = code === "source" ? codeText(body as AnyFunction) : code;
  const id = JSON.stringify([name, closure === undefined, text]);
  let known = blocks.get(id);
  if (known === undefined) {
    const run = (given: I) => (made.body as unknown as (inputs: I) => R)(given);
    const settings = {
      ...settingsOf(body as AnyFunction, { ...options, name }),
      inputs: inputNames(inputs),
    };
    const made: KnownBlock = {
      body: body as AnyFunction,
      closure,
      watch: new FreeVariableWatch(body as AnyFunction, settings, new EventLog(settings.onEvent)),
      // What runs is the body of each run, with variables of its own, and not the one wrapped first.
      run: wrapInMemory(
        (isAsyncFunction(body) ? async (given: I) => await run(given) : run) as AnyFunction,
        {
          ...settings,
          inputs: undefined,
          code: text,
          closure: closure && (() => made.closure?.()),
        },
        defaultScope.group,
      ),
    };
    blocks.set(id, known = made);
  }
  known.watch.check();
  known.body = body as AnyFunction;
  known.closure = closure;
  void known.watch.begin();
  return (known.run as unknown as (inputs: I) => R)(inputs);
}

/** Names of the inputs of a block, where they are properties of one object. */
function inputNames(inputs: unknown): string[] {
  return isObject(inputs) ? Object.keys(inputs) : [];
}

function isLookedAt(name: string, body: AnyFunction): boolean {
  const id = `${name}\0${codeText(body)}`;
  const isKnown = looked.get(id) === true;
  looked.set(id, true);
  return isKnown;
}

function checkName(name: unknown): void {
  if (typeof name === "string" && name !== "") return;
  throw new TypeError(`A block needs a name, received ${name === "" ? '""' : typeof name}`);
}
