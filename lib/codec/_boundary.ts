/** Finds where a MessagePack value ends, without decoding it. */

/** One value whose bytes come in pieces. */
export class Boundary {
  /** Values that are still to come, among them the elements of open containers. */
  #values = 1;
  /** Bytes of a payload that are still to come. */
  #payload = 0;
  /** Bytes of a length that are still to come, the length so far, and what it counts. */
  #digits = 0;
  #length = 0;
  #unit: "bytes" | "elements" | "pairs" = "bytes";

  /**
   * Reads on in the next piece.
   *
   * @param bytes The piece.
   * @param start Where the unread part starts.
   * @returns Where the value ends, or `undefined` if it goes on in the next piece.
   */
  find(bytes: Uint8Array, start: number): number | undefined {
    let at = start;
    while (at < bytes.length) {
      if (this.#digits > 0) {
        this.#length = this.#length * 256 + bytes[at++];
        if (--this.#digits === 0) this.#count();
      } else if (this.#payload > 0) {
        const step = Math.min(this.#payload, bytes.length - at);
        this.#payload -= step;
        at += step;
      } else this.#format(bytes[at++]);
      if (this.#values === 0 && this.#payload === 0 && this.#digits === 0) return at;
    }
    return undefined;
  }

  #format(format: number): void {
    this.#values--;
    if (format < 0x80 || format >= 0xe0) return;
    if (format < 0x90) this.#values += (format & 0x0f) * 2;
    else if (format < 0xa0) this.#values += format & 0x0f;
    else if (format < 0xc0) this.#payload = format & 0x1f;
    else if (format >= 0xc4 && format <= 0xc9) {
      // The type of an extension is a byte more.
      this.#announce(1 << ((format - 0xc4) % 3), "bytes", format >= 0xc7 ? 1 : 0);
    } else if (format === 0xca) this.#payload = 4;
    else if (format === 0xcb) this.#payload = 8;
    else if (format >= 0xcc && format <= 0xd3) this.#payload = 1 << (format & 3);
    else if (format >= 0xd4 && format <= 0xd8) this.#payload = 1 + (1 << (format - 0xd4));
    else if (format >= 0xd9 && format <= 0xdb) this.#announce(1 << (format - 0xd9), "bytes", 0);
    else if (format === 0xdc || format === 0xdd) {
      this.#announce(format === 0xdc ? 2 : 4, "elements", 0);
    } else if (format >= 0xde) this.#announce(format === 0xde ? 2 : 4, "pairs", 0);
  }

  #announce(digits: number, unit: "bytes" | "elements" | "pairs", extra: number): void {
    this.#digits = digits;
    this.#length = 0;
    this.#unit = unit;
    this.#payload = extra;
  }

  #count(): void {
    if (this.#unit === "bytes") this.#payload += this.#length;
    else this.#values += this.#unit === "pairs" ? this.#length * 2 : this.#length;
  }
}
