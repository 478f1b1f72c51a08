/** What of the object of a method counts. */

import { OptionError } from "./option_error.ts";

/** Names of properties of `this`, or a function of it that gives what counts. */
// deno-lint-ignore no-explicit-any -- takes an instance of any class.
export type AttributesOption = readonly string[] | ((self: any) => unknown);

/**
 * What of the object of a method counts.
 *
 * @throws {TypeError} The object has no such property: all objects would share one result.
 * @throws {OptionError} The function of it failed.
 */
export function attributesOf(
  self: unknown,
  attributes: AttributesOption,
  functionName: string,
): unknown {
  if (typeof attributes !== "function") {
    return Object.fromEntries(
      attributes.map((name) => [name, attributeOf(self, name, functionName)]),
    );
  }
  try {
    return attributes(self as object);
  } catch (error) {
    throw new OptionError("attributes", functionName, error);
  }
}

/** One attribute: a property of the object, or by a path with dots one further inside. */
function attributeOf(self: unknown, name: string, functionName: string): unknown {
  if (has(self, name)) return (self as Record<string, unknown>)[name];
  let value = self;
  for (const part of name.split(".")) {
    if (!has(value, part)) throw missing(self, name, functionName);
    value = (value as Record<string, unknown>)[part];
    // What an optional part would have counts as missing, as it does where it is read with ?. .
    if (value === undefined || value === null) break;
  }
  return value;
}

function has(value: unknown, name: string): boolean {
  return value !== undefined && value !== null && name in Object(value);
}

function missing(self: unknown, name: string, functionName: string): TypeError {
  const method = functionName || "a cached method";
  if (self === undefined || self === null) {
    return new TypeError(
      `The attributes of this count for ${method}, and it was called without an object; call it ` +
        "on one, or ask methodOf(method, object) where has or the like of a private method is meant",
    );
  }
  return new TypeError(
    `The attributes of ${method} name ${JSON.stringify(name)}, which this object does not have; ` +
      (name.startsWith("#")
        ? "give a function of it that reads what is private, such as (self) => Class.keyOf(self)"
        : "correct the name, define the property in the constructor, or give a function of this"),
  );
}
