/** Results as the payload of a record, and back. */

import { type ClassRegistry, decode, encode } from "../codec/mod.ts";
import { DecodeError, EncodeError } from "../errors.ts";
import { type OpenedRecord, RecordFlag } from "../record/mod.ts";
import { OptionError } from "../key/mod.ts";
import type { Serializer } from "./options.ts";
import type { Settings } from "./settings.ts";

/** What of the options says how results become bytes. */
export type PayloadSettings = Pick<Settings, "classes" | "compress" | "name" | "serializer">;

/** A result as bytes. */
export interface Payload {
  /** The bytes, not compressed. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What the record says of them. */
  readonly flags: number;
}

/** All that a synchronous iterator gave, since it gives it only once. */
export class IteratedValues {
  readonly values: readonly unknown[];

  /** Reads an iterator to its end. */
  constructor(iterator: Iterable<unknown>) {
    this.values = [...iterator];
  }
}

/** Flags of a record that has parts beside it. */
export const HAS_PARTS: number = RecordFlag.STREAM | RecordFlag.OUTPUTS;

/**
 * As `encode`, of what was thrown.
 *
 * @throws {EncodeError} It has no byte form; where its class is not known, with the line to write.
 */
export function encodeThrown(
  thrown: unknown,
  classes: ClassRegistry | undefined,
): Uint8Array<ArrayBuffer> {
  try {
    return encode(thrown, { classes });
  } catch (cause) {
    const name = thrown instanceof Error ? thrown.constructor.name : "";
    if (!(cause instanceof EncodeError) || cause.path !== "" || name === "") throw cause;
    const all = new Set(["message", "cause", ...Object.keys(thrown as Error)]);
    const parts = [...all].filter((part) => part in (thrown as Error)).join(", ");
    const reason = "an error of a class of one's own is kept where classes names it: write " +
      `classes: { ${name}: { class: ${name}, encode: ({ ${parts} }) => ({ ${parts} }), ` +
      `decode: ({ message, ...rest }) => Object.assign(new ${name}(message), rest) } }`;
    throw new EncodeError({ path: "", found: cause.found, reason, cause });
  }
}

/**
 * Makes bytes of a result.
 *
 * @throws {EncodeError} It has no byte form.
 * @throws {OptionError} The user's serializer failed.
 */
export async function payloadOf(
  kind: "value" | "error",
  result: unknown,
  { classes, serializer, name }: PayloadSettings,
): Promise<Payload> {
  if (kind === "error") return { bytes: encodeThrown(result, classes), flags: RecordFlag.ERROR };
  if (result instanceof IteratedValues) {
    return { bytes: encode(result.values, { classes }), flags: RecordFlag.ITERATOR };
  }
  if (serializer === undefined) return { bytes: encode(result, { classes }), flags: 0 };
  const bytes = await encodedBy(serializer, result, name);
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(`serializer.encode must give a Uint8Array, received a ${typeof bytes}`);
  }
  return { bytes: new Uint8Array(bytes), flags: RecordFlag.SERIALIZED };
}

async function encodedBy(serializer: Serializer, result: unknown, name: string): Promise<unknown> {
  try {
    return await serializer.encode(result);
  } catch (error) {
    throw new OptionError("serializer.encode", name, error);
  }
}

/**
 * Makes a result of bytes: a new one at each call.
 *
 * @throws {DecodeError} They are damaged; or whatever the user's serializer throws.
 */
export function resultOf({ bytes, flags }: Payload, settings: PayloadSettings): unknown {
  const { classes, serializer } = settings;
  if ((flags & RecordFlag.ITERATOR) !== 0) {
    return (decode(bytes, { classes }) as unknown[]).values();
  }
  if ((flags & RecordFlag.SERIALIZED) === 0) return decode(bytes, { classes });
  if (serializer === undefined) {
    throw new DecodeError("The result was stored with a serializer, and the function has none", {
      offset: 0,
    });
  }
  try {
    return serializer.decode(bytes);
  } catch (cause) {
    throw new DecodeError("The serializer cannot decode the result", { offset: 0, cause });
  }
}

/**
 * The payload of the value alone, where files that the function wrote are described beside it.
 *
 * @throws {DecodeError} It is damaged.
 */
export function valueOf({ bytes, flags }: Payload): Payload {
  if ((flags & RecordFlag.OUTPUTS) === 0) return { bytes, flags };
  const { value } = (decode(bytes) ?? {}) as { value?: unknown };
  if (!(value instanceof Uint8Array)) {
    throw new DecodeError("The record of a function that writes files has no value", { offset: 0 });
  }
  return { bytes: new Uint8Array(value), flags: flags & ~RecordFlag.OUTPUTS };
}

/** The payload of a record for storing: compressed, where that is asked for. */
export async function packed(
  { bytes, flags }: Payload,
  { compress }: PayloadSettings,
): Promise<Payload> {
  if (!compress) return { bytes, flags };
  const { compressed } = await import("./compression.ts");
  const small = await compressed(bytes);
  return small.length < bytes.length
    ? { bytes: small, flags: flags | RecordFlag.COMPRESSED }
    : { bytes, flags };
}

/**
 * The payload of a record as it was before storing.
 *
 * @throws {DecodeError} It cannot be decompressed.
 */
export async function unpacked({ payload, flags }: OpenedRecord): Promise<Payload> {
  if ((flags & RecordFlag.COMPRESSED) === 0) return { bytes: payload, flags };
  const { decompressed } = await import("./compression.ts");
  return { bytes: await decompressed(payload), flags: flags & ~RecordFlag.COMPRESSED };
}
