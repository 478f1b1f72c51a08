/**
 * The index as a file, so that opening a store reads that and the end of the log instead of all of
 * the log.
 *
 * | offset | bytes | field                                                                      |
 * |--------|-------|----------------------------------------------------------------------------|
 * | 0      | 32    | SHA-256 of the rest: browsers have it ready, and compute it beside the parsing |
 * | 32     | rest  | JSON, for which a browser has its fastest parser; see the members below    |
 *
 * | member    | what                                                                                |
 * |-----------|-------------------------------------------------------------------------------------|
 * | `tail`    | `[segment, position]`: the index says what the log says up to there                 |
 * | `token`   | the largest token of a lease so far                                                 |
 * | `lengths` | `[segment, bytes]` for each segment                                                 |
 * | `entries` | `[key, segment, position, bytes, size of the value, expires, name of the file]`, flat |
 * | `leases`  | `[key, token, expires, holder]`, flat                                               |
 *
 * A packed entry has an empty name. A number that JSON does not have is a string.
 *
 * The file is only ever a shortcut: where it is torn, missing or does not lead to the end of the
 * log, the log is read instead.
 *
 * @module
 */

import { Index } from "./index.ts";

/** Where the log ends. */
export interface Tail {
  /** Number of the segment. */
  readonly segment: number;
  /** Position in it. */
  readonly at: number;
}

/** What the log says, up to a tail. */
export interface LogState {
  /** The entries and leases. */
  readonly index: Index;
  /** Lengths of the segments. */
  readonly lengths: Map<number, number>;
  /** Up to where it was followed. */
  tail: Tail;
}

interface Saved {
  readonly tail: readonly [segment: number, at: number];
  readonly token: number;
  readonly lengths: readonly [number, number][];
  readonly entries: readonly (string | number)[];
  readonly leases: readonly (string | number)[];
}

const DIGEST_BYTES = 32;
const ENTRY_FIELDS = 7;
const LEASE_FIELDS = 4;

/** Makes the content of the file. */
export async function encodeIndex(
  { index, lengths, tail }: LogState,
): Promise<Uint8Array<ArrayBuffer>> {
  const entries: (string | number)[] = [];
  for (const [key, { segment, start, length, size, expires, file = "" }] of index.entries) {
    entries.push(key, segment, start, length, size, numeral(expires), file);
  }
  const leases: (string | number)[] = [];
  for (const [key, { token, expires, holder }] of index.leases) {
    if (index.holds(key, token)) leases.push(key, token, numeral(expires), holder);
  }
  const saved: Saved = {
    tail: [tail.segment, tail.at],
    token: index.token,
    lengths: [...lengths],
    entries,
    leases,
  };
  const json = new TextEncoder().encode(JSON.stringify(saved));
  const bytes = new Uint8Array(DIGEST_BYTES + json.length);
  bytes.set(await digestOf(json));
  bytes.set(json, DIGEST_BYTES);
  return bytes;
}

/** Reads the content of the file; `undefined` where it is damaged. */
export async function decodeIndex(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<LogState | undefined> {
  const json = bytes.subarray(DIGEST_BYTES);
  const digesting = digestOf(json);
  const saved = parse(json);
  const digest = await digesting;
  if (saved === undefined || digest.some((byte, i) => byte !== bytes[i])) return undefined;
  const index = new Index();
  index.token = saved.token;
  const { entries, leases } = saved;
  for (let i = 0; i < entries.length; i += ENTRY_FIELDS) {
    index.entries.set(entries[i] as string, {
      segment: entries[i + 1] as number,
      start: entries[i + 2] as number,
      length: entries[i + 3] as number,
      size: entries[i + 4] as number,
      expires: Number(entries[i + 5]),
      file: entries[i + 6] as string || undefined,
    });
  }
  for (let i = 0; i < leases.length; i += LEASE_FIELDS) {
    index.leases.set(leases[i] as string, {
      token: leases[i + 1] as number,
      expires: Number(leases[i + 2]),
      holder: leases[i + 3] as string,
    });
  }
  const [segment, at] = saved.tail;
  return { index, lengths: new Map(saved.lengths), tail: { segment, at } };
}

function parse(json: Uint8Array<ArrayBuffer>): Saved | undefined {
  try {
    return JSON.parse(new TextDecoder().decode(json));
  } catch {
    return undefined; // It is torn.
  }
}

async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function numeral(number: number): number | string {
  return Number.isFinite(number) ? number : String(number);
}
