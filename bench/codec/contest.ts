/**
 * The part of the bench that runs in every runtime.
 *
 * @module
 */
import * as codec from "../../lib/codec/mod.ts";
import { toHex } from "../../lib/hash/mod.ts";
import { cache } from "../../mod.ts";
import { type Codec, CODECS, KEY_MAKERS, type KeyMaker, ocacheKeys } from "../rivals/codec.ts";
import { type Floor, floorTimers } from "./floors.ts";
import { race, time, timeAwaited, type Timer } from "../shared/race.ts";
import { CALLS, VALUES } from "./values.ts";

/** What one codec took for one value. Times are in nanoseconds. */
export interface CodecFigures {
  /** The best time to encode. */
  readonly encode: number;
  /** The best time to decode. */
  readonly decode: number;
  /** Length of what was written, in bytes; of text, in UTF-8. */
  readonly size: number;
}

/** Two ways to copy bytes. Times are in nanoseconds. */
export interface Copies {
  /** By `slice`, which writes into memory that was not cleared. */
  readonly slice: number;
  /** Into a new array, behind a header: what is left of an encoding that does nothing else. */
  readonly behindHeader: number;
}

/** What a runtime measured of the codecs: by row, and then by contender. */
export interface CodecsResult {
  /** Encoding and decoding; a codec that does not give the value back is absent. */
  readonly codecs: Readonly<Record<string, Readonly<Record<string, CodecFigures>>>>;
  /** Copies of the bytes of a row, by row: the least that writing or reading them can take. */
  readonly copies: Readonly<Record<string, Copies>>;
  /** Why a contender is missing. */
  readonly missing: Readonly<Record<string, string>>;
}

/** What a runtime measured of the keys: by row, and then by contender. Times are in nanoseconds. */
export interface KeysResult {
  /** Keys. */
  readonly keys: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** What keys are not spared, by row. */
  readonly floors: Readonly<Record<string, Floor>>;
  /** Why a contender is missing. */
  readonly missing: Readonly<Record<string, string>>;
}

/**
 * Long enough for a codec to use up a buffer that it hands out in slices, which some make 12 MB
 * long: whoever asks for memory seldom would else never be seen to ask for it.
 */
const BATCH_NS = 20_000_000;

/** Enough for each contender to meet the machine at its best, which it may not be for seconds. */
const BUDGET_NS = 1_000_000_000;

/** Length of what stands before a block: odd, so that the block starts at no multiple of a word. */
const HEADER_BYTES = 7;

/** The rows whose bytes are nearly all one block. */
const BULK_ROWS: readonly string[] = ["8 MB Float64Array"];

/** Loads each contender, or notes why it does not load. */
async function load<T>(
  loaders: Readonly<Record<string, () => Promise<T>>>,
  missing: Record<string, string>,
): Promise<[name: string, contender: T][]> {
  const loaded: [string, T][] = [];
  for (const [name, loader] of Object.entries(loaders)) {
    try {
      loaded.push([name, await loader()]);
    } catch (error) {
      missing[name] = String(error).split("\n")[0];
    }
  }
  return loaded;
}

/** Whether a codec gives back what it took; one that does not races out of competition. */
function isExact({ encode, decode }: Codec, value: unknown): boolean {
  try {
    const meaning = toHex(codec.encodeCanonical(value));
    return toHex(codec.encodeCanonical(decode(encode(value) as never))) === meaning;
  } catch {
    return false;
  }
}

async function raceCodecs(
  codecs: readonly (readonly [string, Codec])[],
  value: unknown,
  copy: boolean,
): Promise<{ row: Record<string, CodecFigures>; copies: Copies | undefined }> {
  const timers = new Map<string, Timer>();
  const sizes = new Map<string, number>();
  for (const [name, each] of codecs) {
    if (!isExact(each, value)) continue;
    const written = each.encode(value);
    sizes.set(
      name,
      typeof written === "string" ? new TextEncoder().encode(written).length : written.length,
    );
    timers.set(`${name} encode`, (count) => time(() => each.encode(value), count));
    timers.set(`${name} decode`, (count) => time(() => each.decode(written as never), count));
  }
  if (copy) {
    const bytes = codec.encode(value);
    timers.set("slice", (count) => time(() => bytes.slice(), count));
    const behindHeader = () => new Uint8Array(bytes.length + HEADER_BYTES).set(bytes, HEADER_BYTES);
    timers.set("behind header", (count) => time(behindHeader, count));
  }
  const best = await race(timers, { batchNs: BATCH_NS, budgetNs: BUDGET_NS });
  const row = Object.fromEntries(
    [...sizes].map(([name, size]) => [name, {
      encode: best.get(`${name} encode`)!,
      decode: best.get(`${name} decode`)!,
      size,
    }]),
  );
  const slice = best.get("slice");
  const behindHeader = best.get("behind header");
  return {
    row,
    copies: slice === undefined || behindHeader === undefined ? undefined : { slice, behindHeader },
  };
}

async function raceKeys(
  makers: readonly (readonly [string, KeyMaker])[],
  ocache: Awaited<ReturnType<typeof ocacheKeys>> | undefined,
  args: readonly unknown[],
): Promise<{ row: Record<string, number>; floor: Floor }> {
  const timers = new Map<string, Timer>(
    makers.map(([name, make]) => [name, (count) => time(() => make(args), count)]),
  );
  if (ocache !== undefined) {
    timers.set("ocache", (count) => timeAwaited(() => ocache.made(args), count));
    timers.set("ocache given", (count) => timeAwaited(() => ocache.given(args), count));
  }
  for (const [name, timer] of floorTimers(args)) timers.set(name, timer);
  const { ocache: made, "ocache given": given, hash, walk, names, ...others } = Object.fromEntries(
    await race(timers, { budgetNs: BUDGET_NS }),
  );
  return {
    row: made === undefined ? others : { ...others, ocache: made - given },
    floor: { hash, walk, names },
  };
}

/** Races the codecs on one row. */
export async function contestOfCodecs(row: string): Promise<CodecsResult> {
  const missing: Record<string, string> = {};
  const { encode, decode } = codec;
  const codecs: [string, Codec][] = [
    // As msgpackr and cbor-x do unasked, it gives slices of a larger buffer.
    ["déjà", { encode: (value) => encode(value, { pooled: true }), decode }],
    ["unpooled", { encode, decode }],
    ...await load(CODECS, missing),
  ];
  const raced = await raceCodecs(codecs, VALUES[row](), BULK_ROWS.includes(row));
  const copies = raced.copies === undefined ? {} : { [row]: raced.copies };
  return { codecs: { [row]: raced.row }, copies, missing };
}

/** Races the makers of keys on one row. */
export async function contestOfKeys(row: string): Promise<KeysResult> {
  const missing: Record<string, string> = {};
  const call = cache(function call(_first: unknown, _second: unknown) {});
  const makers: [string, KeyMaker][] = [
    ["déjà", (args) => call.key(args[0], args[1])],
    ...await load(KEY_MAKERS, missing),
  ];
  if ("stableHash" in codec) {
    makers.push(["stableHash", codec.stableHash as KeyMaker]);
  }
  const [[, ocache] = []] = await load({ ocache: ocacheKeys }, missing);
  const raced = await raceKeys(makers, ocache, CALLS[row]());
  return { keys: { [row]: raced.row }, floors: { [row]: raced.floor }, missing };
}
