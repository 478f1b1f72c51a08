/** What each container is made of: how its marker reads and which parts follow. */

import type { EncodeError } from "../errors.ts";
import type { SharedBuffers } from "./_buffers.ts";
import type { Classes } from "./_classes.ts";
import type { Nesting } from "./_nesting.ts";
import type { Definitions } from "./_records.ts";
import { formOf } from "./_forms.ts";
import { type Loads, partsLoaded, WaitError } from "./_loads.ts";
import { isPlainObject, tagOf } from "./_kinds.ts";
import { byIndexThenName } from "./_order.ts";
import { isSparse } from "./_sparse.ts";
import type { Writer } from "./_writer.ts";
import {
  Constant,
  ERROR_NAMES,
  Ext,
  hiddenParts,
  Kind,
  MAX_RESERVED_BYTES,
  VIEW_NAMES,
} from "./wire.ts";

/** The encoding that asks. */
export interface Opening {
  readonly writer: Writer;
  readonly canonical: boolean;
  readonly buffers: SharedBuffers;
  readonly nesting: Nesting;
  readonly defined: Definitions;
  readonly stack: boolean;
  readonly unordered: boolean;
  readonly classes: Classes | undefined;
  /** What takes time to read; `undefined` where nobody can wait. */
  readonly loads: Loads | undefined;
  refuse(value: unknown, reason: string, Class?: typeof EncodeError): never;
}

/** A container: a composite of a kind, a plain array, or a plain object, which has names alone. */
export interface Opened {
  readonly kind?: number;
  readonly detail?: number | undefined;
  readonly parts: ArrayLike<unknown>;
  readonly lead?: number;
  readonly step?: 1 | 2;
  readonly names?: readonly string[];
  readonly late?: boolean;
  readonly starts?: number[] | undefined;
}

const NO_PARTS: readonly unknown[] = [];

/** Says what `value` is made of; `undefined` where it contains nothing and so is written already. */
export function opened(to: Opening, value: object): Opened | undefined {
  const prototype = Object.getPrototypeOf(value);
  const registered = prototype === null ? undefined : to.classes?.byPrototype.get(prototype);
  if (registered !== undefined) {
    const { name, codec } = registered;
    return { kind: Kind.INSTANCE, parts: [name, codec.encode(value)], lead: 2, late: true };
  }
  if (Array.isArray(value)) return openedArray(to, value, prototype);
  if (isPlainObject(value)) return { parts: NO_PARTS, names: Object.keys(value) };
  if (ArrayBuffer.isView(value)) return openedView(to, value);
  switch (prototype) {
    case null: {
      const keys = keysOf(to, value);
      return { kind: Kind.NULL_OBJECT, parts: entriesOf(value, keys), names: keys, step: 2 };
    }
    case Map.prototype: {
      const parts = [...value as Map<unknown, unknown>].flat();
      return { kind: Kind.MAP, parts, step: 2, starts: to.unordered ? [] : undefined };
    }
    case Set.prototype: {
      const parts = [...value as Set<unknown>];
      return { kind: Kind.SET, parts, starts: to.unordered ? [] : undefined };
    }
    case Date.prototype: {
      const time = (value as Date).getTime();
      if (Number.isNaN(time)) to.writer.constant(Constant.INVALID_DATE);
      else to.writer.timestamp(time);
      return undefined;
    }
    case ArrayBuffer.prototype:
      return openedBuffer(to, value as ArrayBuffer);
  }
  const nativeError = errorNumber(prototype);
  if (nativeError !== undefined) return openedError(to, value as Error, nativeError);
  return openedForm(to, value);
}

function openedArray(to: Opening, array: readonly unknown[], prototype: object): Opened {
  // The prototype of another realm's arrays is an array; that of a subclass is not.
  if (prototype !== Array.prototype && !Array.isArray(prototype)) refuseInstance(to, array);
  if (!isSparse(array, to.canonical)) return { parts: array };
  const names = Object.keys(array);
  // Indices come first and in order from the engine itself; only the names need sorting.
  if (to.canonical) names.sort(byIndexThenName);
  const parts = [array.length, ...entriesOf(array, names)];
  return { kind: Kind.SPARSE_ARRAY, parts, names, lead: 1, step: 2 };
}

function openedView(to: Opening, view: ArrayBufferView): Opened | undefined {
  const { buffer, byteOffset, byteLength } = view;
  // A view of a detached buffer looks empty, and empty bytes would pass for its content.
  if ((buffer as ArrayBuffer).detached) to.refuse(view, "its buffer is detached");
  const name = tagOf(view);
  // An instance of a subclass, such as Node's Buffer, would come back as less than it was.
  const native = (globalThis as unknown as Record<string, { prototype: object } | undefined>)[name];
  if (native === undefined || Object.getPrototypeOf(view) !== native.prototype) {
    refuseInstance(to, view);
  }
  if (!to.canonical && buffer instanceof ArrayBuffer) {
    const stretch = to.buffers.stretchOf(buffer);
    if (stretch !== undefined) {
      const start = buffer.resizable ? 0 : stretch.start;
      const length = (view as { length?: number }).length ?? byteLength;
      const parts = [buffer, byteOffset - start, length];
      const detail = (VIEW_NAMES as readonly string[]).indexOf(name);
      return { kind: Kind.SHARED_VIEW, detail, parts, lead: 3 };
    }
    to.buffers.add(buffer, byteOffset, byteOffset + byteLength);
    if (buffer.resizable) to.buffers.add(buffer, 0, buffer.byteLength);
  }
  writeView(to, view, name, new Uint8Array(buffer, byteOffset, byteLength));
  return undefined;
}

function openedBuffer(to: Opening, buffer: ArrayBuffer): Opened | undefined {
  if (buffer.detached) to.refuse(buffer, "it is detached");
  if (buffer.resizable) {
    const { maxByteLength } = buffer;
    if (!to.canonical) {
      if (maxByteLength > MAX_RESERVED_BYTES) {
        to.refuse(buffer, `it may grow to more than ${MAX_RESERVED_BYTES} bytes`);
      }
      if (!to.buffers.complete) to.buffers.add(buffer, 0, buffer.byteLength);
    }
    const parts = [maxByteLength, new Uint8Array(buffer).slice()];
    return { kind: Kind.RESIZABLE_BUFFER, parts };
  }
  const stretch = to.buffers.stretchOf(buffer);
  if (!to.canonical && !to.buffers.complete) to.buffers.add(buffer, 0, buffer.byteLength);
  const { start, end } = stretch ?? { start: 0, end: buffer.byteLength };
  writeView(to, buffer, "ArrayBuffer", new Uint8Array(buffer, start, end - start));
  return undefined;
}

function openedError(to: Opening, error: Error, detail: number): Opened {
  // Read as own: an inherited message belongs to the class, and a later class may word it anew.
  const message = Object.hasOwn(error, "message") ? error.message : undefined;
  const keys = Object.keys(error);
  for (const name of hiddenParts(detail)) {
    if (name in error && !keys.includes(name)) keys.push(name);
  }
  const names = keys.filter((key) =>
    key === "stack" ? to.stack && !to.canonical : key !== "message" && Object.hasOwn(error, key)
  );
  if (to.canonical) names.sort();
  const parts = [
    typeof message === "string" ? message : undefined,
    ...entriesOf(error, names),
  ];
  return { kind: Kind.ERROR, detail, parts, names, lead: 1, step: 2 };
}

function openedForm(to: Opening, value: object): Opened {
  const form = formOf(value);
  if (form === undefined) refuseInstance(to, value);
  const { kind, detail, parts } = form;
  if (parts !== undefined) return { kind, detail, parts: parts(value as never) };
  const loaded = partsLoaded(to.loads, value, to.nesting);
  if (loaded === undefined) {
    const use = to.canonical ? "encodeCanonicalAsync or stableHashAsync" : "encodeAsync";
    to.refuse(value, `its content takes time to read; use ${use}`, WaitError);
  }
  // A key must not see a clock, and a file without a time was made just now.
  const timeless = to.canonical && kind === Kind.FILE;
  return { kind, detail, parts: timeless ? loaded.map((part, i) => i === 3 ? 0 : part) : loaded };
}

function refuseInstance(to: Opening, value: object): never {
  return to.refuse(
    value,
    "only plain data and built-in classes have a byte form; register the class with classes, or " +
      "convert the value to plain data",
  );
}

/** Keys and values of `object`, one behind the other. */
function entriesOf(object: object, keys: readonly string[]): unknown[] {
  const entries: unknown[] = [];
  for (const key of keys) entries.push(key, (object as Record<string, unknown>)[key]);
  return entries;
}

function keysOf(to: Opening, value: object): string[] {
  const keys = Object.keys(value);
  return to.canonical ? keys.sort() : keys;
}

/** Writes bytes as what `name` is: a buffer, or a view on one of their length. */
function writeView(to: Opening, value: object, name: string, bytes: Uint8Array): void {
  const { writer } = to;
  if (name === "Uint8Array") {
    // Node's Buffer is one too, and comes back as the plain array that it is a view of.
    writer.binaryHeader(bytes.length);
  } else {
    const number = (VIEW_NAMES as readonly string[]).indexOf(name);
    if (number < 0) to.refuse(value, "this kind of view is not known");
    writer.extHeader(Ext.VIEW, 1 + bytes.length);
    writer.byte(number);
  }
  writer.raw(bytes);
}

let errors: Map<object, number> | undefined;

/** The number of the native error class that a prototype belongs to. */
function errorNumber(prototype: object): number | undefined {
  errors ??= new Map(ERROR_NAMES.map((name, i) => [globalThis[name]?.prototype, i]));
  return errors.get(prototype);
}
