/**
 * Results that come piece by piece, as bytes, and the results that are made of such bytes again.
 *
 * | form       | result                                             | bytes                        |
 * |------------|----------------------------------------------------|------------------------------|
 * | `bytes`    | `ReadableStream` of `Uint8Array`                   | its pieces in a row          |
 * | `stream`   | `ReadableStream` of anything else                  | its values, encoded in a row |
 * | `iterable` | asynchronous iterable, such as a generator         | its values, encoded in a row |
 * | `response` | `Response`                                         | its body                     |
 *
 * @module
 */

import { type ClassRegistry, decodeStream, encodeAsync } from "../../codec/mod.ts";
import { EncodeError } from "../../errors.ts";
import type { StreamReader } from "./shared_stream.ts";

/** How a result comes piece by piece. */
export type StreamForm = "bytes" | "stream" | "iterable" | "response";

/** What a stored stream is besides its bytes: plain data. */
export interface StreamShape {
  /** The form. */
  readonly form: StreamForm;
  /** Of a response, all but its body. */
  readonly response?: ResponseShape | undefined;
}

/** A response without its body. */
export interface ResponseShape {
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly hasBody: boolean;
  /** Where it came from; absent where it was made by hand. */
  readonly url?: string;
  readonly redirected?: boolean;
}

/** A result that is to be read piece by piece. */
export interface Streamed {
  readonly shape: StreamShape;
  /** Gives the bytes. Fails with an {@linkcode UnstorableItem} at a value without a byte form. */
  readonly source: AsyncIterator<Uint8Array>;
}

/** A value of a stream has no byte form: the rest of the stream can only be passed through. */
export class UnstorableItem extends Error {
  /** The value, and what follows it. */
  readonly rest: AsyncIterable<unknown>;

  constructor(error: EncodeError, rest: AsyncIterable<unknown>) {
    super(error.message, { cause: error });
    this.rest = rest;
  }
}

/** Runs code as a part of something else. */
export type Within = <T>(body: () => T) => T;

/**
 * Takes a result apart that comes piece by piece.
 *
 * @param within Runs the code of a generator.
 * @throws {TypeError} It can only be handed on as it is.
 * @throws Whatever the first piece of a stream fails with.
 */
export async function takeApart(
  value: unknown,
  classes: ClassRegistry | undefined,
  within: Within = (body) => body(),
): Promise<Streamed> {
  const problem = unreadable(value);
  if (problem !== undefined) throw problem;
  const form = formOf(value);
  if (form === "response") return ofResponse(value as Response);
  if (form === "stream") return await ofStream(value as ReadableStream, classes);
  const values = (value as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  const all: AsyncIterator<unknown> = {
    next: () => within(() => values.next()),
    ...values.return && { return: (reason) => values.return!(reason) },
  };
  return { shape: { form }, source: encoded(all, classes) };
}

/**
 * Makes a result of a shape and the bytes that a reader gives.
 *
 * @param original Whether this is the result of the call that ran the function, which gets all its
 *   values, also those without a byte form.
 */
export function putTogether(
  { form, response }: StreamShape,
  reader: StreamReader,
  classes: ClassRegistry | undefined,
  original: boolean,
): unknown {
  if (form === "bytes") return bytesOf(reader);
  if (form === "response") {
    const { status, statusText, headers, hasBody, url, redirected } = response!;
    if (!hasBody) void drain(reader);
    const init = {
      status,
      statusText,
      headers: headers.map(([...pair]): [string, string] => pair),
    };
    const made = new Response(hasBody ? bytesOf(reader) : null, init);
    // No constructor takes these, and relative addresses in the body need the first.
    for (const [name, value] of Object.entries({ url, redirected })) {
      if (value !== undefined) Object.defineProperty(made, name, { value, configurable: true });
    }
    return made;
  }
  const values = valuesOf(reader, classes, original);
  const end = values.return.bind(values);
  // A generator that was never asked for anything would not notice that it ends.
  values.return = async (value) => {
    await reader.leave();
    return await end(value);
  };
  return form === "stream" ? streamOf(values) : values;
}

/**
 * Why a result that comes piece by piece can only be handed on as it is; `undefined` where it can be
 * read here.
 */
export function unreadable(value: unknown): TypeError | undefined {
  const stream = value instanceof Response ? value.body : value;
  if (value instanceof Response) {
    // Nobody can make such a one again: a network error, one of another origin, a change of protocol.
    if (value.status < 200) {
      return new TypeError(
        `A response of type "${value.type}" with the status ${value.status} cannot be stored`,
      );
    }
    if (value.bodyUsed) {
      return new TypeError(
        "The body of the response was read already; return an unread response to have it stored",
      );
    }
  }
  if (!(stream instanceof ReadableStream) || !stream.locked) return undefined;
  return new TypeError("The stream is being read already; return an unread one to have it stored");
}

function formOf(value: unknown): StreamForm {
  if (value instanceof Response) return "response";
  return value instanceof ReadableStream ? "stream" : "iterable";
}

function ofResponse(response: Response): Streamed {
  const { status, statusText, headers, body, url, redirected } = response;
  return {
    shape: {
      form: "response",
      response: {
        status,
        statusText,
        headers: [...headers],
        hasBody: body !== null,
        ...url !== "" && { url, redirected },
      },
    },
    source: body === null
      ? { next: () => Promise.resolve({ done: true, value: undefined }) }
      : onlyBytes(readerOf(body)),
  };
}

/** A stream shows by its first piece whether it is one of bytes. */
async function ofStream(
  stream: ReadableStream,
  classes: ClassRegistry | undefined,
): Promise<Streamed> {
  const values = readerOf(stream);
  const first = await values.next();
  let isFirst = true;
  const all: AsyncIterator<unknown> = {
    next: async () => {
      if (!isFirst) return await values.next();
      isFirst = false;
      return first;
    },
    return: (reason) => values.return!(reason),
  };
  return first.done === true || first.value instanceof Uint8Array
    ? { shape: { form: "bytes" }, source: onlyBytes(all) }
    : { shape: { form: "stream" }, source: encoded(all, classes) };
}

/** The pieces of a stream; leaving early cancels it. */
function readerOf(stream: ReadableStream): AsyncIterator<unknown> {
  const reader = stream.getReader();
  return {
    next: async () => {
      const { done, value } = await reader.read();
      return done ? { done, value: undefined } : { done, value };
    },
    return: async (reason) => {
      await reader.cancel(reason);
      return { done: true, value: undefined };
    },
  };
}

function onlyBytes(pieces: AsyncIterator<unknown>): AsyncIterator<Uint8Array> {
  return {
    next: async () => {
      const { done, value } = await pieces.next();
      if (done === true) return { done, value: undefined };
      if (value instanceof Uint8Array) return { done: false, value };
      throw new TypeError(
        `A stream that starts with bytes goes on with a ${typeof value}; give one kind of pieces`,
      );
    },
    return: (reason) => leave(pieces, reason),
  };
}

function encoded(
  values: AsyncIterator<unknown>,
  classes: ClassRegistry | undefined,
): AsyncIterator<Uint8Array> {
  return {
    next: async () => {
      const { done, value } = await values.next();
      if (done === true) return { done, value: undefined };
      try {
        return { done: false, value: await encodeAsync(value, { classes }) };
      } catch (error) {
        if (!(error instanceof EncodeError)) throw error;
        throw new UnstorableItem(error, from(value, values));
      }
    },
    return: (reason) => leave(values, reason),
  };
}

async function leave(
  iterator: AsyncIterator<unknown>,
  reason: unknown,
): Promise<IteratorReturnResult<undefined>> {
  await iterator.return?.(reason);
  return { done: true, value: undefined };
}

/** A value, and then what an iterator still gives. */
async function* from(
  value: unknown,
  iterator: AsyncIterator<unknown>,
): AsyncGenerator<unknown, void, undefined> {
  yield value;
  try {
    for (let step = await iterator.next(); step.done !== true; step = await iterator.next()) {
      yield step.value;
    }
  } finally {
    await iterator.return?.();
  }
}

/** The bytes of a reader as a stream, which pulls as its consumer does. */
function bytesOf(reader: StreamReader): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      const bytes = await reader.next();
      if (bytes === undefined) {
        controller.close();
        await reader.leave();
      } else controller.enqueue(bytes);
    },
    cancel: (reason) => reader.leave(reason),
  }, { highWaterMark: 0 });
}

async function* piecesOf(reader: StreamReader): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for (let bytes = await reader.next(); bytes !== undefined; bytes = await reader.next()) {
      yield bytes;
    }
  } finally {
    await reader.leave();
  }
}

async function* valuesOf(
  reader: StreamReader,
  classes: ClassRegistry | undefined,
  original: boolean,
): AsyncGenerator<unknown, void, undefined> {
  try {
    yield* decodeStream(piecesOf(reader), { classes });
  } catch (error) {
    if (!original || !(error instanceof UnstorableItem)) throw error;
    yield* error.rest;
  }
}

/** Values as a stream, which pulls as its consumer does. */
function streamOf(values: AsyncGenerator<unknown, void, undefined>): ReadableStream<unknown> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await values.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await values.return();
    },
  }, { highWaterMark: 0 });
}

/** Reads to the end what nobody else will read. */
async function drain(reader: StreamReader): Promise<void> {
  while (await reader.next() !== undefined);
  await reader.leave();
}
