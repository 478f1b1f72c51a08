/** Which calls are being computed around the code that runs now. */

import { type ContextVariable, makeContextVariable } from "./context.ts";

/** A call under way, and the one that it was made from. */
interface Running {
  readonly call: unknown;
  readonly around: Running | undefined;
}

let variable: ContextVariable<Running> | undefined;

/** Runs `body` as the computation of `call`: anything that tells it from others. */
export function runAs<T>(call: unknown, body: () => T): T {
  variable ??= makeContextVariable();
  return variable.run({ call, around: variable.get() }, body);
}

/**
 * Checks that a call which would wait for another under way is not made from within it: it would
 * wait for itself.
 *
 * @throws {TypeError} It is.
 */
export function checkNotWithin(call: unknown, name: string): void {
  for (let each = variable?.get(); each !== undefined; each = each.around) {
    if (each.call !== call) continue;
    throw new TypeError(
      `${name || "A cached function"} calls itself with the same arguments while it computes ` +
        "them, and would wait for itself for ever; change the arguments, or call the original",
    );
  }
}
