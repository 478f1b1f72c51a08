/**
 * The classes that are written as a composite whose parts are primitives, bytes or other values, as
 * a table. Arrays, plain objects, `Map`, `Set`, errors and views are too hot or too odd for one and
 * stand in the encoder and the decoder themselves.
 */

import { Kind, MAX_RESERVED_BYTES, TEMPORAL_NAMES } from "./wire.ts";

/** How the instances of one class are written and read. */
export interface Form {
  readonly kind: number;
  /** The byte behind the kind in the marker, where there is one. */
  readonly detail?: number;
  /** What is written, where that is known at once; throws a `TypeError` about an odd instance. */
  readonly parts?: (value: never) => readonly unknown[];
  /** What is written, where it takes time to read; only the asynchronous encoding can wait. */
  readonly load?: (value: never) => Promise<readonly unknown[]>;
  /** Makes the value. Whatever it throws becomes a `DecodeError`. */
  readonly make: (parts: readonly unknown[]) => object;
}

type Primitive = string | number | bigint | boolean;

const boxed: Form = {
  kind: Kind.BOXED,
  parts: (value: { valueOf(): Primitive }) => [unbox(value)],
  make([primitive]) {
    if (typeof primitive === "object" || primitive === undefined) throw new TypeError("not boxed");
    return Object(primitive);
  },
};

/** Reads the primitive itself, past whatever `valueOf` an instance has of its own. */
function unbox(value: object): Primitive {
  for (const { prototype } of [Number, String, Boolean, BigInt]) {
    if (Object.getPrototypeOf(value) === prototype) {
      return (prototype as { valueOf(this: unknown): Primitive }).valueOf.call(value);
    }
  }
  throw new TypeError("not boxed");
}

const regExp: Form = {
  kind: Kind.REGEXP,
  parts: ({ source, flags, lastIndex }: RegExp) => [source, flags, lastIndex],
  make: (parts) => {
    const made = new RegExp(text(parts[0]), text(parts[1]));
    made.lastIndex = number(parts[2]);
    return made;
  },
};

const url: Form = {
  kind: Kind.URL,
  parts: ({ href }: URL) => [href],
  make: (parts) => new URL(text(parts[0])),
};

const urlSearchParams: Form = {
  kind: Kind.URL_SEARCH_PARAMS,
  parts: (value: URLSearchParams) => [value.toString()],
  make: (parts) => new URLSearchParams(text(parts[0])),
};

const headers: Form = {
  kind: Kind.HEADERS,
  parts: (value: Headers) => [...value].flat(),
  make(parts) {
    const made = new Headers();
    for (let i = 0; i < parts.length; i += 2) made.append(text(parts[i]), text(parts[i + 1]));
    return made;
  },
};

const domException: Form = {
  kind: Kind.DOM_EXCEPTION,
  parts: ({ message, name }: DOMException) => [message, name],
  make: (parts) => new DOMException(text(parts[0]), text(parts[1])),
};

const blob: Form = {
  kind: Kind.BLOB,
  load: async (value: Blob) => [await bytesOf(value), value.type],
  make: (parts) => new Blob([bytes(parts[0])], { type: text(parts[1]) }),
};

const file: Form = {
  kind: Kind.FILE,
  load: async (value: File) => [
    await bytesOf(value),
    value.type,
    value.name,
    value.lastModified,
  ],
  make: (parts) =>
    new File([bytes(parts[0])], text(parts[2]), {
      type: text(parts[1]),
      lastModified: number(parts[3]),
    }),
};

const request: Form = {
  kind: Kind.REQUEST,
  load: async (value: Request) => [
    value.url,
    value.method,
    value.redirect,
    value.headers,
    await bodyOf(value),
  ],
  make: (parts) =>
    new Request(text(parts[0]), {
      method: text(parts[1]),
      redirect: text(parts[2]) as RequestRedirect,
      headers: parts[3] as Headers,
      ...(parts[4] === null ? {} : { body: bytes(parts[4]) }),
    }),
};

const response: Form = {
  kind: Kind.RESPONSE,
  load: async (value: Response) => {
    if (value.type === "error") throw new TypeError("the response is a network error");
    return [value.status, value.statusText, value.headers, await bodyOf(value)];
  },
  make: (parts) =>
    new Response(parts[3] === null ? null : bytes(parts[3]), {
      status: number(parts[0]),
      statusText: text(parts[1]),
      headers: parts[2] as Headers,
    }),
};

/** What the classes of `Temporal` have in common, as far as the codec uses them. */
interface TemporalClass {
  readonly prototype: object;
  from(item: unknown): object;
}

const DURATION_FIELDS = [
  "years",
  "months",
  "weeks",
  "days",
  "hours",
  "minutes",
  "seconds",
  "milliseconds",
  "microseconds",
  "nanoseconds",
] as const;

function temporalClass(name: string): TemporalClass | undefined {
  return (globalThis as unknown as { Temporal?: Record<string, TemporalClass> }).Temporal?.[name];
}

function temporal(name: string, detail: number): Form {
  const kind = Kind.TEMPORAL;
  const found = (): TemporalClass => {
    const known = temporalClass(name);
    if (known === undefined) throw new TypeError(`this runtime has no Temporal.${name}`);
    return known;
  };
  if (name !== "Duration") {
    return {
      kind,
      detail,
      parts: (value: object) => [value.toString()],
      make: (parts) => found().from(text(parts[0])),
    };
  }
  // The text of a duration carries seconds over into minutes, so it is not exact.
  return {
    kind,
    detail,
    parts: (value: Record<string, number>) => DURATION_FIELDS.map((field) => value[field]),
    make: (parts) =>
      found().from(
        Object.fromEntries(DURATION_FIELDS.map((field, i) => [field, number(parts[i])])),
      ),
  };
}

const temporals = (): Form[] => TEMPORAL_NAMES.map(temporal);

/** How many parts each kind has; the rest take any number of pairs. */
const PART_COUNTS: Readonly<Record<number, number>> = {
  [Kind.BOXED]: 1,
  [Kind.REGEXP]: 3,
  [Kind.URL]: 1,
  [Kind.URL_SEARCH_PARAMS]: 1,
  [Kind.DOM_EXCEPTION]: 2,
  [Kind.BLOB]: 2,
  [Kind.FILE]: 4,
  [Kind.REQUEST]: 5,
  [Kind.RESPONSE]: 4,
};

const byName: Readonly<Record<string, Form>> = {
  Number: boxed,
  String: boxed,
  Boolean: boxed,
  BigInt: boxed,
  RegExp: regExp,
  URL: url,
  URLSearchParams: urlSearchParams,
  Headers: headers,
  DOMException: domException,
  Blob: blob,
  File: file,
  Request: request,
  Response: response,
};

let byPrototype: Map<object, Form> | undefined;

/** The form of a direct instance of a class of this table. */
export function formOf(value: object): Form | undefined {
  byPrototype ??= prototypes();
  const form = byPrototype.get(Object.getPrototypeOf(value));
  // In Bun, Blob and File have one prototype.
  if (form === file && typeof (value as { name?: unknown }).name !== "string") return blob;
  return form;
}

function prototypes(): Map<object, Form> {
  const found = new Map<object, Form>();
  const add = (owner: { readonly prototype: object } | undefined, form: Form) => {
    if (owner !== undefined) found.set(owner.prototype, form);
  };
  for (const [name, form] of Object.entries(byName)) {
    add((globalThis as unknown as Record<string, { prototype: object }>)[name], form);
  }
  temporals().forEach((form, i) => add(temporalClass(TEMPORAL_NAMES[i]), form));
  return found;
}

let byKind: Map<number, Form> | undefined;

/** The form of a marker; `undefined` where this version or the table does not know it. */
export function formOfKind(kind: number, detail: number): Form | undefined {
  if (kind === Kind.TEMPORAL) {
    return detail < TEMPORAL_NAMES.length ? temporal(TEMPORAL_NAMES[detail], detail) : undefined;
  }
  byKind ??= new Map(Object.values(byName).map((form) => [form.kind, form]));
  return byKind.get(kind);
}

/** Makes the value of a form of its parts. */
export function make(form: Form, parts: readonly unknown[]): object {
  const { kind, detail } = form;
  const expected = kind === Kind.TEMPORAL
    ? TEMPORAL_NAMES[detail!] === "Duration" ? DURATION_FIELDS.length : 1
    : PART_COUNTS[kind] ?? parts.length + parts.length % 2;
  if (parts.length !== expected) throw new TypeError(`expected ${expected} parts`);
  return form.make(parts);
}

/** Makes an `ArrayBuffer` that can grow; throws where it could grow out of all proportion. */
export function resizableBuffer(content: unknown, maxByteLength: unknown): ArrayBuffer {
  const source = bytes(content);
  const limit = number(maxByteLength);
  if (!(limit >= source.length && limit <= MAX_RESERVED_BYTES)) throw new RangeError("odd length");
  const buffer = new ArrayBuffer(source.length, { maxByteLength: limit });
  new Uint8Array(buffer).set(source);
  return buffer;
}

async function bytesOf(source: Blob | Request | Response): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await source.arrayBuffer());
}

/** Reads a body and leaves the owner its own. */
async function bodyOf(owner: Request | Response): Promise<Uint8Array<ArrayBuffer> | null> {
  if (owner.bodyUsed) throw new TypeError("its body was read already");
  // Firefox shows no body on a request, and so reads an empty one where there is none.
  if (owner.body === null) return null;
  const body = await bytesOf(owner.clone());
  return owner.body === undefined && body.length === 0 ? null : body;
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new TypeError("expected a string");
  return value;
}

function number(value: unknown): number {
  if (typeof value !== "number") throw new TypeError("expected a number");
  return value;
}

function bytes(value: unknown): Uint8Array<ArrayBuffer> {
  if (!(value instanceof Uint8Array)) throw new TypeError("expected bytes");
  return value as Uint8Array<ArrayBuffer>;
}
