/** Lines of text, out of bytes as they come. */

/** A line that is not blank. */
export interface Line {
  /** Where it stands, from 1 on. */
  readonly number: number;
  /** Its text, without the end of the line. */
  readonly text: string;
}

/**
 * The lines of UTF-8 text that are not blank. Takes bytes only as lines are asked for.
 *
 * @throws {TypeError} The bytes are not UTF-8: where the trouble is.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line[]> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let number = 0;
  /** The beginning of a line, in pieces: to join them at each chunk would take quadratic time. */
  let begun: string[] = [];
  const decode = (bytes?: Uint8Array) => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined });
    } catch {
      throw new TypeError(`The inputs are not UTF-8 text, at line ${number + 1} or soon after it`);
    }
  };
  const numbered = (texts: readonly string[]) =>
    texts.map((text) => ({ number: ++number, text })).filter(({ text }) => text.trim() !== "");
  for await (const chunk of chunks) {
    const texts = decode(chunk).split("\n");
    if (texts.length > 1) {
      texts[0] = begun.join("") + texts[0];
      begun = [];
    }
    begun.push(texts.pop()!);
    if (texts.length > 0) yield numbered(texts);
  }
  begun.push(decode());
  yield numbered([begun.join("")]);
}

const NEWLINE = 0x0a;
const SPACE = 0x20;

/** How many lines are not blank. */
export async function countLines(chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let count = 0;
  let isBlank = true;
  for await (const chunk of chunks) {
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i];
      if (byte > SPACE) {
        if (isBlank) count++;
        isBlank = false;
        const end = chunk.indexOf(NEWLINE, i); // A search of the runtime's own is much faster.
        if (end < 0) break;
        i = end - 1;
      } else if (byte === NEWLINE) {
        isBlank = true;
      }
    }
  }
  return count;
}
