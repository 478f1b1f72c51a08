/**
 * Digests as text: by the engine, where it can, and otherwise digit by digit.
 *
 * @module
 */

const HEX_DIGITS = "0123456789abcdef";
const BASE64URL_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

let hexPairs: string[] | undefined;

/**
 * Writes bytes as lower-case hexadecimal.
 *
 * @param bytes The bytes to write.
 * @returns Two digits for each byte.
 *
 * @example
 * ```ts
 * import { toHex } from "@deja/cache/hash";
 * import { assert } from "chai";
 *
 * assert.equal(toHex(new Uint8Array([0, 171, 255])), "00abff");
 * ```
 */
export function toHex(bytes: Uint8Array): string {
  if (typeof bytes.toHex === "function") return bytes.toHex();
  hexPairs ??= Array.from(
    { length: 256 },
    (_, byte) => HEX_DIGITS[byte >>> 4] + HEX_DIGITS[byte & 15],
  );
  let text = "";
  for (let i = 0; i < bytes.length; i++) text += hexPairs[bytes[i]];
  return text;
}

/**
 * Writes bytes as base64 in the alphabet that is safe in addresses and file names, without padding
 * (RFC 4648, section 5).
 *
 * @param bytes The bytes to write.
 * @returns Four digits for every three bytes, and two or three for what is left over.
 *
 * @example
 * ```ts
 * import { toBase64Url } from "@deja/cache/hash";
 * import { assert } from "chai";
 *
 * assert.equal(toBase64Url(new Uint8Array([251, 255, 254, 1])), "-__-AQ");
 * ```
 */
export function toBase64Url(bytes: Uint8Array): string {
  if (typeof bytes.toBase64 === "function") {
    return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
  }
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const triple = bytes[i] << 16 | (bytes[i + 1] ?? 0) << 8 | (bytes[i + 2] ?? 0);
    text += BASE64URL_DIGITS[triple >>> 18] + BASE64URL_DIGITS[triple >>> 12 & 63];
    if (i + 1 < bytes.length) text += BASE64URL_DIGITS[triple >>> 6 & 63];
    if (i + 2 < bytes.length) text += BASE64URL_DIGITS[triple & 63];
  }
  return text;
}
