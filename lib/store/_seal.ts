/**
 * The form of an entry that is sealed, or sealed and encrypted.
 *
 * What stands in the store under a key, numbers little-endian:
 *
 * | offset | size | field |
 * |---|---|---|
 * | 0 | 4 | magic: `89 44 53 4c` (the first is no text, then `DSL`) |
 * | 4 | 1 | version of the format: `02` |
 * | 5 | 1 | flags: `01` if the bytes are encrypted |
 * | 6 | 2 | reserved: `00 00` |
 * | 8 | 8 | expires, milliseconds since the epoch, float64; +Infinity: never |
 * | 16 | 12 | nonce, random for each write |
 * | 28 | 4 | reserved: zeros |
 * | 32 | | the pieces, one after the other |
 *
 * A piece is 65536 bytes of the value, and the last one the rest: 1 to 65536, or none of an empty
 * value. Sealed, it is those bytes and a seal of 32:
 *
 * | offset | size | field |
 * |---|---|---|
 * | 0 | `n` | the bytes |
 * | `n` | 32 | BLAKE3, keyed, of the identity, the number of the piece (uint32, from 0), `01` for the last piece or `00`, and the bytes |
 *
 * The identity is bytes 0 to 31 of the entry, the length of its key in UTF-8 (uint32), and the key.
 * So no piece passes for another, of this entry or of one before or beside it, and no entry that was
 * cut or made longer passes for a whole one. Encrypted, a piece is AES-256-GCM of the bytes with its
 * tag of 16 behind them: its nonce is that of the entry, whose last 4 bytes are combined with the
 * number of the piece by exclusive or, and its additional data are the identity and `01` or `00`.
 *
 * The key of the seal is `BLAKE3(secret, context "deja 2 store seal")`, that of the encryption
 * `BLAKE3(secret, context "deja 2 store encryption")`.
 *
 * @module
 */

import { DecodeError } from "../errors.ts";
import { blake3, createHasher } from "../hash/mod.ts";
import { chunksOf, join } from "./_streams.ts";

const MAGIC = 0x4c534489;
const VERSION = 2;
const ENCRYPTED = 1;
const EXPIRES_OFFSET = 8;
const NONCE_OFFSET = 16;
const NONCE_BYTES = 12;
/** Length of what stands in front of the pieces. */
export const HEADER_BYTES = 32;
/** Bytes of the value in a piece. */
const PIECE_BYTES = 0x10000;
const SEAL_BYTES = 32;
const TAG_BYTES = 16;
/** The number of a piece and the mark of the last one. */
const PLACE_BYTES = 5;

type Bytes = Uint8Array<ArrayBuffer>;

/** What a secret is used for. */
export interface SealKeys {
  /** Key of the seals. */
  readonly seal: Uint8Array;
  /** Key of the encryption, where that is asked for. */
  readonly encryption: Promise<CryptoKey> | undefined;
  /** Whether seals are looked at. */
  readonly verify: boolean;
}

/** Derives what is needed from a secret. */
export function sealKeys(
  secret: Bytes,
  { encrypt, verify }: { readonly encrypt: boolean; readonly verify: boolean },
): SealKeys {
  const encryption = encrypt ? importKey(secret) : undefined;
  // Whoever uses it awaits it; until then, its failure is nobody's.
  encryption?.catch(() => {});
  return { seal: blake3(secret, { context: "deja 2 store seal" }), encryption, verify };
}

function importKey(secret: Bytes): Promise<CryptoKey> {
  if (globalThis.crypto?.subtle === undefined) {
    throw new TypeError("encrypt needs crypto.subtle, which a page has over HTTPS or on localhost");
  }
  const raw = blake3(secret, { context: "deja 2 store encryption" });
  return crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
}

/** Length of a value by that of its entry; `undefined` where no entry has that length. */
export function valueSize(entrySize: number, { encryption }: SealKeys): number | undefined {
  const added = encryption === undefined ? SEAL_BYTES : TAG_BYTES;
  const size = entrySize - HEADER_BYTES;
  const pieces = Math.ceil(size / (PIECE_BYTES + added));
  const value = size - pieces * added;
  return pieces > 0 && value > (pieces - 1) * PIECE_BYTES || value === 0 && pieces === 1
    ? value
    : undefined;
}

/** Length of the longest value whose entry has at most so many bytes. */
export function roomFor(entrySize: number, { encryption }: SealKeys): number {
  const added = encryption === undefined ? SEAL_BYTES : TAG_BYTES;
  const size = Math.max(0, entrySize - HEADER_BYTES);
  const whole = Math.floor(size / (PIECE_BYTES + added));
  return whole * PIECE_BYTES + Math.max(0, size % (PIECE_BYTES + added) - added);
}

/** Seals or opens the pieces of one entry, each by itself. */
export class EntrySeal {
  /** When the entry expires, in milliseconds since the epoch; `Infinity`: never. */
  readonly expires: number;
  /** What stands in front of the pieces. */
  readonly header: Bytes;
  readonly #keys: SealKeys;
  readonly #identity: Bytes;
  readonly #added: number;

  private constructor(keys: SealKeys, key: string, header: Bytes) {
    const text = new TextEncoder().encode(key);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, text.length, true);
    this.header = header;
    this.expires = viewOf(header).getFloat64(EXPIRES_OFFSET, true);
    this.#keys = keys;
    this.#identity = join([header, length, text]);
    this.#added = keys.encryption === undefined ? SEAL_BYTES : TAG_BYTES;
  }

  /** For an entry that is written. */
  static write(keys: SealKeys, key: string, expires: number): EntrySeal {
    const header = new Uint8Array(HEADER_BYTES);
    const view = viewOf(header);
    view.setUint32(0, MAGIC, true);
    view.setUint8(4, VERSION);
    view.setUint8(5, keys.encryption === undefined ? 0 : ENCRYPTED);
    view.setFloat64(EXPIRES_OFFSET, expires, true);
    crypto.getRandomValues(header.subarray(NONCE_OFFSET, NONCE_OFFSET + NONCE_BYTES));
    return new EntrySeal(keys, key, header);
  }

  /**
   * For an entry that starts so; its pieces tell whether that is true.
   *
   * @throws {DecodeError} It is none in the form that is asked for.
   */
  static read(keys: SealKeys, key: string, start: Uint8Array): EntrySeal {
    if (start.length < HEADER_BYTES) fail("it is too short to be sealed", start.length);
    const header = new Uint8Array(start.subarray(0, HEADER_BYTES));
    const view = viewOf(header);
    if (view.getUint32(0, true) !== MAGIC || view.getUint8(4) !== VERSION) {
      fail("it is not sealed, or in a form that this version does not know", 0);
    }
    const encrypted = keys.encryption !== undefined;
    if (view.getUint8(5) !== (encrypted ? ENCRYPTED : 0)) {
      fail(`it is ${encrypted ? "not " : ""}encrypted, unlike what encrypt says`, 5);
    }
    return new EntrySeal(keys, key, header);
  }

  /** Makes the entry of a value, which may change once this returns. */
  async sealAll(bytes: Uint8Array): Promise<Bytes> {
    const pieces: (Bytes | Promise<Bytes>)[] = [];
    for (let at = 0; at === 0 || at < bytes.length; at += PIECE_BYTES) {
      const piece = bytes.subarray(at, at + PIECE_BYTES);
      pieces.push(this.#seal(piece, pieces.length, at + PIECE_BYTES >= bytes.length));
    }
    return join([this.header, ...await Promise.all(pieces)]);
  }

  /**
   * Opens an entry.
   *
   * @throws {DecodeError} It is not what was sealed.
   */
  async openAll(entry: Bytes): Promise<Bytes> {
    if (valueSize(entry.length, this.#keys) === undefined) fail("it was cut", entry.length);
    const size = PIECE_BYTES + this.#added;
    const pieces: (Bytes | Promise<Bytes>)[] = [];
    for (let at = HEADER_BYTES; at === HEADER_BYTES || at < entry.length; at += size) {
      const piece = entry.subarray(at, at + size);
      pieces.push(this.#open(piece, pieces.length, at + size >= entry.length));
    }
    const [first] = pieces;
    return pieces.length === 1 ? await first : join(await Promise.all(pieces));
  }

  /** Makes the entry of a value that comes in parts, piece by piece. */
  async *sealEach(value: AsyncIterable<Uint8Array>): AsyncGenerator<Bytes, void, undefined> {
    yield this.header.slice();
    for await (const { piece, index, last } of numbered(chunksOf(value, PIECE_BYTES))) {
      yield await this.#seal(piece, index, last);
    }
  }

  /**
   * Opens what stands behind the header of an entry, piece by piece: none is handed out unchecked.
   *
   * @throws {DecodeError} It is not what was sealed.
   */
  async *openEach(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Bytes, void, undefined> {
    const sealed = chunksOf(pieces, PIECE_BYTES + this.#added);
    for await (const { piece, index, last } of numbered(sealed)) {
      yield await this.#open(piece, index, last);
    }
  }

  #seal(bytes: Uint8Array, index: number, last: boolean): Bytes | Promise<Bytes> {
    const { encryption } = this.#keys;
    if (encryption !== undefined) {
      return this.#encrypt(encryption, new Uint8Array(bytes), index, last);
    }
    return join([bytes, this.#sealOf(bytes, index, last)]);
  }

  #open(piece: Bytes, index: number, last: boolean): Bytes | Promise<Bytes> {
    const size = piece.length - this.#added;
    if (size < 0 || size === 0 && index > 0) fail("it was cut", HEADER_BYTES);
    const { encryption, verify } = this.#keys;
    if (encryption !== undefined) return this.#decrypt(encryption, piece, index, last);
    const bytes = piece.slice(0, size);
    if (verify && !equal(this.#sealOf(bytes, index, last), piece.subarray(size))) {
      fail(
        "its seal is broken: it was changed, moved, or sealed with another secret",
        HEADER_BYTES,
      );
    }
    return bytes;
  }

  #sealOf(bytes: Uint8Array, index: number, last: boolean): Uint8Array {
    const place = new Uint8Array(PLACE_BYTES);
    viewOf(place).setUint32(0, index, true);
    place[PLACE_BYTES - 1] = Number(last);
    using hasher = createHasher({ key: this.#keys.seal });
    return hasher.update(this.#identity).update(place).update(bytes).digest();
  }

  async #encrypt(
    key: Promise<CryptoKey>,
    bytes: Bytes,
    index: number,
    last: boolean,
  ): Promise<Bytes> {
    return new Uint8Array(await crypto.subtle.encrypt(this.#cipher(index, last), await key, bytes));
  }

  async #decrypt(
    key: Promise<CryptoKey>,
    piece: Bytes,
    index: number,
    last: boolean,
  ): Promise<Bytes> {
    try {
      return new Uint8Array(
        await crypto.subtle.decrypt(this.#cipher(index, last), await key, piece),
      );
    } catch (cause) {
      fail(
        "it cannot be decrypted: it was changed, moved, or encrypted with another secret",
        0,
        cause,
      );
    }
  }

  #cipher(index: number, last: boolean): AesGcmParams {
    const iv = this.header.slice(NONCE_OFFSET, NONCE_OFFSET + NONCE_BYTES);
    const view = viewOf(iv);
    view.setUint32(NONCE_BYTES - 4, view.getUint32(NONCE_BYTES - 4, true) ^ index, true);
    const additionalData = join([this.#identity, Uint8Array.of(Number(last))]);
    return { name: "AES-GCM", iv, additionalData };
  }
}

/** Pieces with their numbers, and which is the last: at least one, though it be empty. */
async function* numbered(
  pieces: AsyncIterable<Bytes>,
): AsyncGenerator<{ piece: Bytes; index: number; last: boolean }, void, undefined> {
  let held: Bytes | undefined;
  let index = 0;
  for await (const piece of pieces) {
    if (held !== undefined) yield { piece: held, index: index++, last: false };
    held = piece;
  }
  yield { piece: held ?? new Uint8Array(), index, last: true };
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** Whether both are the same, in a time that tells nothing of where they differ. */
function equal(expected: Uint8Array, found: Uint8Array): boolean {
  let difference = expected.length ^ found.length;
  for (let i = 0; i < expected.length; i++) difference |= expected[i] ^ found[i];
  return difference === 0;
}

function fail(reason: string, offset: number, cause?: unknown): never {
  const details = cause === undefined ? { offset } : { offset, cause };
  throw new DecodeError(`The entry is not handed out: ${reason}`, details);
}
