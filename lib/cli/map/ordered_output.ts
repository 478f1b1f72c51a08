/** Results that become known in any order, written in the order of their inputs. */

/** Most texts that may wait, for an earlier one or for who reads. */
const MAX_WAITING = 4096;

/** Their most length together, in UTF-16 code units. */
const MAX_TEXT = 8 * 1024 * 1024;

/** How long a text waits for others to go with, in milliseconds. */
const GATHER_MS = 20;

/** Writes texts in the order of their positions, many at a time, and says when to wait. */
export class OrderedOutput {
  readonly #write: (text: string) => Promise<void>;
  /** What has no earlier text before it any more. */
  #ready: string[] = [];
  /** What has one, by position. */
  readonly #waiting = new Map<number, string>();
  #next = 0;
  #length = 0;
  #writing: Promise<void> | undefined;
  /** Ends the gathering of texts, and from when on the next one is to do so. */
  #gathered: (() => void) | undefined;
  #due = 0;
  #roomy: PromiseWithResolvers<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** @param write Resolves when the text has gone, so that no more than one is on its way. */
  constructor(write: (text: string) => Promise<void>) {
    this.#write = write;
  }

  /** What writing failed with, if it did. Nothing is written after that. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Takes the text of a position, which may be empty. Each position is to have one. */
  put(position: number, text: string): void {
    this.#waiting.set(position, text);
    this.#length += text.length;
    for (let ready = this.#take(); ready !== undefined; ready = this.#take()) {
      if (ready !== "") this.#ready.push(ready);
    }
    if (this.#ready.length > 0) this.#writing ??= this.#writeAll();
    // A function that leaves the event loop no time would else hold back what it gave.
    if (this.#gathered !== undefined && performance.now() > this.#due) this.#gathered();
    this.#makeRoom();
  }

  /** Whether no more inputs should be taken for now. */
  get isFull(): boolean {
    if (this.#failure !== undefined) return false;
    return this.#waiting.size + this.#ready.length >= MAX_WAITING || this.#length > MAX_TEXT;
  }

  /** Resolves when there is room again. */
  async room(): Promise<void> {
    while (this.isFull) await (this.#roomy ??= Promise.withResolvers<void>()).promise;
  }

  /** Resolves when all that has no earlier text before it is written, or writing failed. */
  async written(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  #take(): string | undefined {
    const text = this.#waiting.get(this.#next);
    if (text !== undefined) this.#waiting.delete(this.#next++);
    return text;
  }

  async #writeAll(): Promise<void> {
    while (this.#ready.length > 0) {
      await this.#gather();
      const text = this.#ready.join("");
      this.#ready = [];
      try {
        if (this.#failure === undefined) await this.#write(text);
      } catch (error) {
        this.#failure = { error };
      }
      this.#length -= text.length;
      this.#makeRoom();
    }
    this.#writing = undefined;
  }

  /** Lets the quick results of one turn go together: to write each by itself takes far longer. */
  async #gather(): Promise<void> {
    this.#due = performance.now() + GATHER_MS;
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#gathered = resolve;
      timer = setTimeout(resolve);
    });
    clearTimeout(timer);
    this.#gathered = undefined;
  }

  #makeRoom(): void {
    if (this.#roomy === undefined || this.isFull) return;
    this.#roomy.resolve();
    this.#roomy = undefined;
  }
}
