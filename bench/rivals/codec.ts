/**
 * The other serializers and the other makers of keys. Their versions are pinned in `deno.json`.
 *
 * @module
 */

/** Turns values into bytes or text, and back. */
export interface Codec {
  /** Writes a value. */
  readonly encode: (value: unknown) => Uint8Array | string;
  /** Reads what {@linkcode Codec.encode} wrote. */
  readonly decode: (written: never) => unknown;
}

/** How to get hold of each codec; what does not load in a runtime rejects there. */
export const CODECS: Readonly<Record<string, () => Promise<Codec>>> = {
  "msgpackr sc": async () => {
    const { Packr } = await import("msgpackr/index-no-eval");
    const packr = new Packr({ structuredClone: true });
    return { encode: (value) => packr.pack(value), decode: (bytes) => packr.unpack(bytes) };
  },
  "msgpackr": async () => {
    const { Packr } = await import("msgpackr/index-no-eval");
    const packr = new Packr();
    return { encode: (value) => packr.pack(value), decode: (bytes) => packr.unpack(bytes) };
  },
  "cbor-x": async () => {
    const { Encoder } = await import("cbor-x/index-no-eval");
    const encoder = new Encoder({ structuredClone: true });
    return {
      encode: (value) => encoder.encode(value),
      decode: (bytes) => encoder.decode(bytes),
    };
  },
  "@msgpack/msgpack": async () => {
    const { Decoder, Encoder } = await import("@msgpack/msgpack");
    const encoder = new Encoder();
    const decoder = new Decoder();
    return {
      encode: (value) => encoder.encode(value),
      decode: (bytes) => decoder.decode(bytes),
    };
  },
  "devalue": async () => {
    const { parse, stringify } = await import("devalue");
    return { encode: (value) => stringify(value), decode: (text) => parse(text) };
  },
  "seroval": async () => {
    const { fromJSON, toJSON } = await import("seroval");
    return {
      encode: (value) => JSON.stringify(toJSON(value)),
      decode: (text) => fromJSON(JSON.parse(text)),
    };
  },
  "superjson": async () => {
    const { default: superjson } = await import("superjson");
    return {
      encode: (value) => superjson.stringify(value),
      decode: (text) => superjson.parse(text),
    };
  },
  "v8": async () => {
    const { deserialize, serialize } = await import("node:v8");
    return { encode: (value) => serialize(value), decode: (bytes) => deserialize(bytes) };
  },
  "JSON": () =>
    Promise.resolve({
      encode: (value) => JSON.stringify(value),
      decode: (text) => JSON.parse(text),
    }),
};

/** Turns the arguments of a call into a key. */
export type KeyMaker = (args: readonly unknown[]) => unknown;

/** The makers of keys that give them at once. */
export const KEY_MAKERS: Readonly<Record<string, () => Promise<KeyMaker>>> = {
  "ohash": async () => (await import("ohash")).hash,
};

/**
 * The key of `ocache`, which it gives in a promise only, together with the names that it stores
 * under. So there are two functions, and the key costs the difference: the second is handed a key.
 */
export async function ocacheKeys(): Promise<{
  readonly made: (args: readonly unknown[]) => Promise<unknown>;
  readonly given: (args: readonly unknown[]) => Promise<unknown>;
}> {
  const { resolveCacheKeys } = await import("ocache");
  const options = {
    getKey: (..._args: unknown[]) => "uyzOsCVYkM1w7KkWn6OCUsyIR8OAL5Qg6rYw3TmGJVw",
  };
  return {
    made: (args) => resolveCacheKeys({ args: args as unknown[] }),
    given: (args) => resolveCacheKeys({ args: args as unknown[], options }),
  };
}
