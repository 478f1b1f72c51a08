/** Which engine runs us, where the fastest way to the same result differs. */

/** The engines that are told apart. */
export type Engine = "v8" | "spidermonkey" | "javascriptcore";

let found: Engine | undefined;

/** The engine, found out at the first call. */
export function engine(): Engine {
  return found ??= detect();
}

/** Tells engines by what they note down in an error; no other trait is as old and as lasting. */
function detect(): Engine {
  const error = new Error();
  if (Object.hasOwn(error, "line")) return "javascriptcore";
  return Object.hasOwn(error, "lineNumber") ? "spidermonkey" : "v8";
}
