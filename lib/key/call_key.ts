/** The keys of calls. */

/** Length of a key in bytes. */
export const KEY_BYTES = 32;

/** The key of one call. */
export interface CallKey {
  /** The key. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The key in lower-case hexadecimal. */
  readonly hex: string;
}

/** A key of which most callers want the digits only, so that its bytes are made when asked for. */
export class HexKey implements CallKey {
  readonly hex: string;

  constructor(hex: string) {
    this.hex = hex;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(KEY_BYTES);
    for (let i = 0; i < KEY_BYTES; i++) {
      bytes[i] = digitAt(this.hex, i * 2) << 4 | digitAt(this.hex, i * 2 + 1);
    }
    return bytes;
  }
}

/** The number that a lower-case hexadecimal digit stands for. */
function digitAt(hex: string, position: number): number {
  const code = hex.charCodeAt(position);
  return code < 0x3a ? code - 0x30 : code - 0x57;
}
