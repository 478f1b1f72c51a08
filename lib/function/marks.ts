/**
 * Marks on the stack: a run that is awaited within a function of a name of its own. Chromium and its
 * kin list in the stack of an error also what awaits the code that runs, as `at async name`.
 *
 * @module
 */

/** The runs under way, by their names on the stack. */
const marks = new Map<string, object>();

/** Stacks are read to this depth. */
const MAX_FRAMES = 200;
const LIMIT = "stackTraceLimit";

/** Awaits the run of `call` under a name of its own. */
export async function marked<T>(call: object, run: PromiseLike<T>): Promise<T> {
  const name = `deja ${Math.random()}`;
  marks.set(name, call);
  try {
    // Not called as a method, which would put more than the name on the stack.
    const { [name]: wait } = { [name]: async () => await run };
    return await wait();
  } finally {
    marks.delete(name);
  }
}

/** The calls whose marked runs await the code that runs now, as far as the engine tells. */
export function runsOnStack(): object[] {
  // With Reflect, since where Error is frozen an assignment throws.
  const before = Reflect.get(Error, LIMIT);
  Reflect.set(Error, LIMIT, MAX_FRAMES);
  const names = String(new Error().stack).matchAll(/^ +at async (deja [\w.-]+)/gm);
  Reflect.set(Error, LIMIT, before);
  return [...names].flatMap(([, name]) => marks.get(name) ?? []);
}
