/**
 * Results as JSON. What JSON has no form for is either written in the nearest one or refused: never
 * left out in silence, as `JSON.stringify` does.
 *
 * | result                             | JSON                                        |
 * | ---------------------------------- | ------------------------------------------- |
 * | `undefined`                        | `null`                                      |
 * | `NaN`, `Infinity`, invalid dates   | `null`                                      |
 * | `bigint`                           | its digits, as a string                     |
 * | `Date`, `URL`, `Temporal`          | a string, by their own `toJSON`             |
 * | `RegExp`                           | a string                                    |
 * | `Set`                              | an array                                    |
 * | `Map`                              | an array of pairs of key and value          |
 * | bytes: `Uint8Array`, `ArrayBuffer` | a string in base64                          |
 * | other typed arrays                 | an array of numbers                         |
 * | errors                             | `{ "name", "message" }`, and `cause` if any |
 * | functions, symbols, streams, cycles, `Response` and the like | refused           |
 *
 * @module
 */

/**
 * The JSON of a result, in one line.
 *
 * @throws {TypeError} There is none: what it is, and where in the result.
 */
export function jsonText(result: unknown): string {
  return JSON.stringify(plain(result, "", [])) ?? "null";
}

/** A value of which `JSON.stringify` makes what the table says; the same one if it does so already. */
function plain(value: unknown, path: string, within: readonly object[]): unknown {
  switch (typeof value) {
    case "bigint":
      return String(value);
    case "function":
    case "symbol":
      throw refusal(`a ${typeof value}`, path);
    case "object":
      return value === null ? null : plainObject(value, path, within);
    default:
      return value;
  }
}

function plainObject(value: object, path: string, within: readonly object[]): unknown {
  if (within.includes(value)) throw refusal("a reference to what it is itself a part of", path);
  const inner = [...within, value];
  if (Array.isArray(value)) return plainArray(value, path, inner);
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  if (ArrayBuffer.isView(value)) return plainView(value, kind); // Before `toJSON` of Node's buffers.
  if ("toJSON" in value && typeof value.toJSON === "function") {
    return plain(value.toJSON(""), path, inner);
  }
  switch (kind) {
    case "Object":
      return plainRecord(value as Record<string, unknown>, path, inner);
    case "Boolean":
    case "Number":
    case "String":
      return value;
    case "Map":
      return plainArray([...value as Map<unknown, unknown>], path, inner);
    case "Set":
      return plainArray([...value as Set<unknown>], path, inner);
    case "RegExp":
      return String(value);
    case "ArrayBuffer":
    case "SharedArrayBuffer":
      return new Uint8Array(value as ArrayBuffer).toBase64();
    case "Error":
    case "DOMException": {
      const { name, message, cause } = value as Error;
      return plainRecord({ name, message, ...cause === undefined ? {} : { cause } }, path, inner);
    }
    default:
      throw refusal(`${/^[AEIOU]/.test(kind) ? "an" : "a"} ${kind}`, path);
  }
}

function plainArray(items: readonly unknown[], path: string, within: readonly object[]): unknown {
  let copy: unknown[] | undefined;
  for (let index = 0; index < items.length; index++) {
    const item = items[index];
    if (isSimple(item)) continue;
    const form = plain(item, `${path}[${index}]`, within);
    if (form !== item) (copy ??= [...items])[index] = form;
  }
  return copy ?? items;
}

function plainRecord(
  record: Readonly<Record<string, unknown>>,
  path: string,
  within: readonly object[],
): unknown {
  let copy: Record<string, unknown> | undefined;
  for (const name of Object.keys(record)) {
    const member = record[name];
    if (isSimple(member)) continue;
    const form = plain(member, `${path}.${name}`, within);
    if (form === member) continue;
    copy ??= Object.assign(Object.create(null), record) as Record<string, unknown>;
    copy[name] = form;
  }
  return copy ?? record;
}

/** Whether a value needs no path to it: making that would cost more than most values. */
function isSimple(value: unknown): boolean {
  return typeof value === "number" || typeof value === "string" || typeof value === "boolean";
}

function plainView(view: ArrayBufferView, kind: string): unknown {
  if (kind === "DataView" || kind.startsWith("Uint8")) {
    return new Uint8Array(view.buffer, view.byteOffset, view.byteLength).toBase64();
  }
  return Array.from(
    view as unknown as Iterable<number | bigint>,
    (item) => typeof item === "bigint" ? String(item) : item,
  );
}

function refusal(what: string, path: string): TypeError {
  return new TypeError(
    `The result ${path === "" ? "is" : `has, at ${path},`} ${what}, which has no JSON form: ` +
      "return plain data, such as await response.json()",
  );
}
