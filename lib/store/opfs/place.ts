/**
 * One folder as one tab or worker sees it: all its handles share one of these.
 *
 * Changes wait in a queue, and those that come while one is written go together in the next write.
 * Readers look at the end of the log for what others wrote, unless they know that nobody writes
 * (see ./turn.ts); then an entry that is in memory costs no more than a look into a map.
 *
 * @module
 */

import { type Change, type ChangeOptions, type Outcome, takeTogether } from "./changes.ts";
import { isNamed } from "./failure.ts";
import { Files, isDisturbed, isGone } from "./files.ts";
import type { Entry, Index } from "./index.ts";
import { LargeFiles, type Pieces } from "./large.ts";
import { Log } from "./log.ts";
import { sequence } from "./sequence.ts";
import { Turn } from "./turn.ts";
import { openWriter, type Writer } from "./writer.ts";

/** A reader that found nothing new so often asks to be told of writers instead. */
const LOOKS_IN_VAIN = 4;
/** Once nothing was written for so long, the index is saved: a page may end without a word. */
const REST_MS = 100;
/** Readings of an entry that others replace meanwhile. */
const MAX_READINGS = 3;

/** An entry, and what was read of it. */
export interface Found<T> {
  /** Where it stands. */
  readonly entry: Entry;
  /** Its value. */
  readonly value: T;
}

/** Places in use, by their path. */
const places = new Map<string, Place>();

/** The folder of a store, in this tab or worker. */
export class Place {
  /** Path for messages. */
  readonly path: string;
  /** Names this tab or worker among the holders of leases. */
  readonly id: string = crypto.randomUUID();
  readonly #lockName: string;
  readonly #files: Files;
  readonly #large: LargeFiles;
  readonly #log: Log;
  readonly #turn: Turn;
  readonly #makeWriter: () => Promise<Writer>;
  readonly #over = Promise.withResolvers<void>();
  #handles = 0;
  #isOver = false;
  #started: Promise<void> | undefined;
  #writer: Promise<Writer> | undefined;
  #alive: Promise<void> | undefined;
  /** Whether the index is known to say what the files say, as long as the turn is held. */
  #fresh = false;
  #inVain = 0;
  #swept = false;
  #rest: ReturnType<typeof setTimeout> | undefined;
  #nextLook: Promise<void> | undefined;
  #queue: Change[] = [];
  #pumping: Promise<void> | undefined;
  readonly #chores = new Set<Promise<unknown>>();
  /** Whatever takes the turn or lets go of it, one after the other. */
  readonly #inTurn = sequence();
  /** Whatever changes the index, one after the other. */
  readonly #inLog = sequence();

  private constructor(names: readonly string[], makeWriter: () => Promise<Writer>) {
    this.path = names.join("/");
    this.#lockName = `deja/opfs/${this.path}`;
    this.#files = new Files(names);
    this.#large = new LargeFiles(this.#files, this.#lockName, () => this.#openWriter());
    this.#log = new Log(this.#files);
    this.#makeWriter = makeWriter;
    this.#turn = new Turn(this.#lockName, this.#letGo, () => this.#fresh = false);
  }

  /** Opens a folder, or joins those who have it open already. */
  static async open(
    names: readonly string[],
    makeWriter: () => Promise<Writer> = openWriter,
  ): Promise<Place> {
    const path = names.join("/");
    const place = places.get(path) ?? new Place(names, makeWriter);
    places.set(path, place);
    place.#handles++;
    try {
      await (place.#started ??= place.#start());
      return place;
    } catch (error) {
      await place.close();
      throw error;
    }
  }

  /** Ends the use by one handle; the last one lets go of everything. */
  async close(): Promise<void> {
    if (--this.#handles > 0) return;
    if (places.get(this.path) === this) places.delete(this.path);
    clearTimeout(this.#rest);
    globalThis.removeEventListener("pagehide", this.#letGo);
    while (this.#pumping !== undefined || this.#chores.size > 0) {
      await Promise.all([this.#pumping, ...this.#chores]);
    }
    this.#isOver = true;
    await this.#letGo();
    this.#turn.close();
    this.#over.resolve();
    (await this.#writer)?.close();
  }

  /** The index, as the files are now. */
  async look(): Promise<Index> {
    for (let tries = 1; !this.#fresh; tries++) {
      this.#nextLook ??= this.#inLog(() => this.#lookNow());
      try {
        await this.#nextLook;
        break;
      } catch (error) {
        if (!isDisturbed(error) || tries === MAX_READINGS) throw error;
        // A writer that never rests has to let us have a look.
        await this.#trust();
      }
    }
    return this.#log.index;
  }

  /** Resolves to the bytes of a live entry, which are the caller's. */
  get(key: string): Promise<Found<Uint8Array<ArrayBuffer>> | undefined> {
    return this.#read(key, async (entry) => {
      if (entry.file !== undefined) {
        return new Uint8Array(await (await this.#large.open(entry)).arrayBuffer());
      }
      return this.#log.index.resident(key)?.slice() ?? await this.#readPacked(key, entry);
    });
  }

  /** Opens the file of a live entry; a packed one comes as its bytes. */
  open(key: string): Promise<Found<Blob> | undefined> {
    return this.#read(key, async (entry) => {
      if (entry.file !== undefined) return await this.#large.open(entry);
      const { index } = this.#log;
      return new Blob([index.resident(key) ?? await this.#readPacked(key, entry)]);
    });
  }

  /**
   * Makes a change when it is its turn.
   *
   * @param make Decides on what to write, with an index that nobody else can change meanwhile.
   */
  change<T>(
    { claims, blind = false, bytes = 0, signal }: ChangeOptions,
    make: (index: Index) => Outcome<T>,
  ): Promise<T> {
    const done = Promise.withResolvers<unknown>();
    if (this.#isOver) return Promise.reject(new DOMException("It is closed", "InvalidStateError"));
    this.#queue.push({ claims, blind, bytes, make, done, signal });
    this.#pumping ??= this.#pump();
    return done.promise as Promise<T>;
  }

  /** As {@linkcode LargeFiles.put}; closing waits for pieces that are all there. */
  async putLarge<T>(
    pieces: Pieces,
    use: (name: string, size: number) => Promise<T>,
  ): Promise<T> {
    const put = this.#large.put(pieces, use);
    if (Array.isArray(pieces)) this.#chore(put);
    return await put;
  }

  /** Makes it known that this tab or worker lives, for as long as the place is open. */
  async stayAlive(): Promise<void> {
    await (this.#alive ??= new Promise((resolve, reject) => {
      navigator.locks.request(this.#aliveName(this.id), () => {
        resolve();
        return this.#over.promise;
      }).catch(reject);
    }));
  }

  /** Whether the tab or worker with that name lives. */
  async isAlive(id: string): Promise<boolean> {
    if (id === this.id) return true;
    const options: LockOptions = { ifAvailable: true };
    return await navigator.locks.request(this.#aliveName(id), options, (lock) => lock === null);
  }

  async #start(): Promise<void> {
    // A page that is kept for going back to must not stand in the way of others.
    globalThis.addEventListener("pagehide", this.#letGo);
    await Promise.all([
      this.#inTurn(() => this.#turn.tryToTake("shared")),
      this.#files.root(),
    ]);
    await this.#inLog(() => this.#underTenure(() => this.#log.open()));
  }

  async #lookNow(): Promise<void> {
    this.#nextLook = undefined;
    if (this.#fresh) return;
    const changed = await this.#underTenure(() => this.#log.catchUp());
    this.#inVain = changed ? 0 : this.#inVain + 1;
    if (!this.#fresh && this.#inVain === LOOKS_IN_VAIN) this.#chore(this.#trust());
  }

  /** Looks at the files, after which the index is fresh if the turn was held all the while. */
  async #underTenure<T>(look: () => Promise<T>): Promise<T> {
    const { tenure } = this.#turn;
    const seen = await look();
    this.#fresh = tenure !== undefined && this.#turn.tenure === tenure;
    return seen;
  }

  /** Takes the turn of a reader, so that the next look is the last one for a while. */
  async #trust(): Promise<void> {
    this.#inVain = 0;
    await this.#inTurn(async () => {
      if (this.#turn.mode === undefined) await this.#turn.take("shared");
    });
  }

  /** Lets go of the turn once what is being written is written. */
  readonly #letGo = async (): Promise<void> => {
    const { tenure } = this.#turn;
    await this.#inTurn(async () => {
      if (tenure === undefined || this.#turn.tenure !== tenure) return;
      if (this.#turn.mode === "exclusive") {
        await this.#saveFresh();
        await (await this.#writer)?.release();
      }
      this.#fresh = false;
      await this.#turn.release();
    });
  };

  /** Reads an entry, again where others replace it meanwhile. */
  async #read<T>(
    key: string,
    read: (entry: Entry) => Promise<T>,
  ): Promise<Found<T> | undefined> {
    for (let tries = 1;; tries++) {
      const entry = (this.#fresh ? this.#log.index : await this.look()).live(key);
      if (entry === undefined) return undefined;
      try {
        return { entry, value: await read(entry) };
      } catch (error) {
        if (!isGone(error) && !isDisturbed(error)) throw error;
        this.#log.forget();
        if (tries === MAX_READINGS) break;
      }
    }
    // Now with the turn, so that nobody writes, and from all of the log: files may be gone.
    return await this.#inTurn(async () => {
      if (this.#turn.mode === undefined) await this.#turn.take("shared");
      await this.#inLog(() => this.#underTenure(() => this.#log.rebuild()));
      const entry = this.#log.index.live(key);
      return entry && { entry, value: await read(entry) };
    });
  }

  async #readPacked(key: string, entry: Entry): Promise<Uint8Array<ArrayBuffer>> {
    const record = await this.#log.read(entry);
    if (record?.key !== key) throw new DOMException("The record is not there", "NotFoundError");
    const { index } = this.#log;
    if (index.entries.get(key) === entry) index.remember(key, record.payload);
    return record.payload.slice();
  }

  async #pump(): Promise<void> {
    while (this.#queue.length > 0 || this.#handles > 0 && this.#log.isToBeCleaned()) {
      await this.#inTurn(async () => {
        try {
          await this.#own();
        } catch (error) {
          for (const { done } of this.#queue.splice(0)) done.reject(error);
          return;
        }
        await this.#inLog(async () => {
          await this.#write(takeTogether(this.#queue));
          await this.#clean();
          if (this.#log.isToBeSaved()) await this.#save();
        });
      });
    }
    this.#pumping = undefined;
    clearTimeout(this.#rest);
    if (this.#handles > 0) this.#rest = setTimeout(() => this.#chore(this.#saveAtRest()), REST_MS);
  }

  async #saveAtRest(): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#turn.mode !== "exclusive") return;
      await this.#inLog(() => this.#saveFresh());
    });
  }

  /** Becomes the only writer. */
  async #own(): Promise<void> {
    if (this.#turn.mode !== "exclusive") {
      this.#fresh = false;
      await this.#turn.release();
      await this.#turn.take("exclusive");
    }
    await this.#openWriter();
    if (!this.#fresh) {
      await this.#inLog(() => this.#underTenure(() => this.#log.catchUp()));
    }
    if (!this.#swept) this.#chore(this.#large.sweep(() => this.look()));
    this.#swept = true;
  }

  async #write(changes: readonly Change[], tries = 1): Promise<void> {
    try {
      await this.#tryToWrite(changes);
    } catch (error) {
      if (isGone(error) && tries === 1) {
        // Somebody cleared the folder.
        this.#log.forget();
        await this.#log.rebuild().catch(() => this.#fresh = false);
        await this.#write(changes, 2);
      } else if (isNamed(error, "QuotaExceededError") && changes.length > 1) {
        // There may be room for some of them.
        for (const change of changes) await this.#write([change]);
      } else {
        for (const { done } of changes) done.reject(error);
      }
    }
  }

  async #tryToWrite(changes: readonly Change[]): Promise<void> {
    const made = changes.flatMap(({ make, done, signal }) => {
      try {
        signal?.throwIfAborted();
        return [{ done, ...make(this.#log.index) }];
      } catch (error) {
        done.reject(error);
        return [];
      }
    });
    const records = made.flatMap(({ record }) => record ?? []);
    const useless = records.length === 0
      ? []
      : await this.#log.append(await this.#openWriter(), records);
    for (const { done, result } of made) done.resolve(result);
    for (const name of useless) this.#chore(this.#large.remove(name));
  }

  async #clean(): Promise<void> {
    if (!this.#log.isToBeCleaned()) return;
    try {
      await this.#log.clean(await this.#openWriter());
    } catch {
      // No caller waits for this. What is left of it is done after the next segment.
      await this.#log.rebuild().catch(() => this.#fresh = false);
    }
  }

  async #saveFresh(): Promise<void> {
    if (this.#fresh && this.#log.isToBeSaved(true)) await this.#save();
  }

  /** Saves the index, which nobody waits for, and whose failure costs time only. */
  async #save(): Promise<void> {
    await this.#log.save(await this.#openWriter()).catch(() => {});
  }

  /** Lets work go on that no caller waits for. What fails of it is tried again another time. */
  #chore(work: Promise<unknown>): void {
    const chore = work.catch(() => {}).finally(() => this.#chores.delete(chore));
    this.#chores.add(chore);
  }

  async #openWriter(): Promise<Writer> {
    return await (this.#writer ??= this.#makeWriter());
  }

  #aliveName(id: string): string {
    return `${this.#lockName}//alive/${id}`;
  }
}
