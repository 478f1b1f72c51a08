/**
 * One pass of upkeep over all files of a store: what is useless goes, and then what was used least
 * recently, until the rest fits the limits.
 *
 * The first round counts files by age, and the second reads them, to find what is useless. Where the
 * first saw far too many, the second already removes the oldest in the background, which spares
 * reading them; the third removes what is too much then. So memory stays flat for any number of
 * entries. An entry that was read, written or replaced between the rounds is young again and stays.
 * A file that somebody reads is removed from its folder only: the system
 * keeps its content until the reader closes it. Where a system refuses that instead, as old
 * releases of Windows do, the entry stays until the next pass.
 *
 * @module
 */

import { DecodeError } from "../../errors.ts";
import { isOtherVersion, MAX_HEADER_BYTES, readHeader } from "../_entry_file.ts";
import { Ages, type Cut, stepOf } from "./ages.ts";
import { isMissing } from "./failure.ts";
import type { Files, FileStart } from "./files.ts";
import { isHeld, readLease } from "./leases.ts";
import type { Limits } from "./limits.ts";
import { ABANDONED_AFTER_MS, type Place } from "./place.ts";
import type { Removals } from "./removals.ts";
import type { RecentUses } from "./recent_uses.ts";
import { type Amount, Survey } from "./survey.ts";
import { isRefusal, Pace, shards } from "./walk.ts";
import { isFolder, isTemporary } from "./writer.ts";

/** A file from further in the future was written by a clock that was wrong. */
const WRONG_CLOCK_MS = 86_400_000;

/** What a pass did, and what it left. */
export interface FsPruneReport {
  /** Entries that were removed, also damaged ones and expired ones. */
  readonly removedEntries: number;
  /** Bytes of their files. */
  readonly removedBytes: number;
  /** Entries that are left. */
  readonly entries: number;
  /** Bytes of their files. */
  readonly bytes: number;
}

/** Options of a {@linkcode Pass}. */
export interface PassOptions {
  /** How full the store may be afterwards where a limit was exceeded, as a part of the limit. */
  readonly target: number;
  /** Uses that are not on the disk yet. */
  readonly uses: RecentUses;
  /** Removes files. */
  readonly removals: Removals;
  /** Awaited before each sub-folder and now and then; ends the pass by rejecting. */
  readonly alive: () => Promise<void>;
}

/** One pass. */
export class Pass {
  readonly #place: Place;
  readonly #files: Files;
  readonly #limits: Limits;
  readonly #target: number;
  readonly #uses: RecentUses;
  readonly #removals: Removals;
  readonly #alive: () => Promise<void>;
  readonly #start = Date.now();
  readonly #ages = new Ages();
  readonly #pace = new Pace();
  /** Removals that were started, whatever became of them. */
  #started = 0;
  #removedEntries = 0;
  #removedBytes = 0;
  /** What made a removal fail that neither the file nor the user explains. */
  #failure: { readonly error: unknown } | undefined;

  /**
   * @param place What to work on.
   * @param limits What may stay.
   * @param options How far to go, and whether to go on.
   */
  constructor(place: Place, limits: Limits, options: PassOptions) {
    this.#place = place;
    this.#files = place.files;
    this.#limits = limits;
    this.#target = options.target;
    this.#uses = options.uses;
    this.#removals = options.removals;
    this.#alive = options.alive;
  }

  /** Does it all. */
  async run(): Promise<FsPruneReport> {
    try {
      const early = await this.#survey();
      await this.#round((path, name) => this.#count(path, name, early));
      const cut = this.#cut(this.#ages, { entries: 0, bytes: 0 });
      if (cut !== undefined) await this.#round((path, name) => this.#cutOff(path, name, cut));
      await this.#sweepLeases();
    } finally {
      await this.#removals.all();
    }
    return {
      removedEntries: this.#removedEntries,
      removedBytes: this.#removedBytes,
      entries: this.#ages.entries,
      bytes: this.#ages.bytes,
    };
  }

  /** Goes over all files, and removes the folders that are empty then. */
  async #round(visit: (path: string, name: string) => void): Promise<void> {
    for (const _ of this.#uses.settle()) {
      if (this.#pace.due) await this.#breathe();
    }
    for await (const shard of shards(this.#files, this.#place.entries, passOver)) {
      // Reading a folder may have taken long.
      await this.#alive();
      const before = this.#started;
      for (const { name } of shard.entries) {
        if (this.#pace.due) await this.#breathe();
        if (this.#removals.full) await this.#removals.some();
        visit(`${shard.path}/${name}`, name);
      }
      if (this.#started - before < shard.entries.length) continue;
      await this.#removals.all();
      this.#removeEmpty(shard.path);
    }
    await this.#removals.all();
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #breathe(): Promise<void> {
    await this.#pace.breathe();
    await this.#alive();
  }

  /** Finds what has to go, however much the next round finds useless. */
  async #survey(): Promise<Cut | undefined> {
    const { maxEntries, maxBytes } = this.#limits;
    if (maxEntries === Infinity && maxBytes === Infinity) return undefined;
    const survey = new Survey(this.#limits);
    await this.#round((path, name) => this.#look(path, name, survey));
    return this.#cut(survey.ages, survey.uselessAtMost);
  }

  #look(path: string, name: string, survey: Survey): void {
    if (isTemporary(name)) return;
    try {
      const { size, modified, isFolder } = this.#files.status(path);
      if (isFolder) return;
      survey.ages.add(this.#start - modified, size);
      const weight = survey.draw(size);
      if (weight === undefined) return;
      const found = this.#files.readStart(path, MAX_HEADER_BYTES);
      if (this.#isUseless(path, found)) survey.addUseless(size, weight);
    } catch (error) {
      passOver(error);
    }
  }

  /** What has to go so that the rest fits, beyond `others` that go anyway. */
  #cut(ages: Ages, others: Amount): Cut | undefined {
    const { maxEntries, maxBytes } = this.#limits;
    const entries = ages.entries - others.entries;
    const bytes = ages.bytes - others.bytes;
    if (entries <= maxEntries && bytes <= maxBytes) return undefined;
    // What was used last stays as long as it fits by itself.
    const surplus = (now: number, most: number, last: number) =>
      now <= most ? 0 : now - Math.max(Math.floor(this.#target * most), Math.min(last, most));
    return ages.oldest(
      surplus(entries, maxEntries, 1),
      surplus(bytes, maxBytes, ages.youngestBytes),
    );
  }

  #count(path: string, name: string, early: Cut | undefined): void {
    try {
      if (isTemporary(name)) return this.#removeAbandoned(path);
      if (early !== undefined) {
        const { size, modified, isFolder } = this.#files.status(path);
        if (!isFolder && this.#isCut(size, modified, early)) return this.#removeUseless(path, size);
      }
      const found = this.#files.readStart(path, MAX_HEADER_BYTES);
      if (this.#isUseless(path, found)) return this.#removeUseless(path, found.size);
      if (found.modified > this.#start + WRONG_CLOCK_MS) this.#files.touch(path, this.#start);
      this.#ages.add(this.#start - found.modified, found.size);
    } catch (error) {
      if (isRefusal(error)) return this.#countUnread(path);
      if (!isFolder(this.#files, path)) return passOver(error);
      this.#files.removeTree(path); // No entry is a folder.
      this.#started++;
      this.#removedEntries++;
    }
  }

  /** Counts what the system lets this user neither read nor remove, as far as it can be seen. */
  #countUnread(path: string): void {
    try {
      const { isFolder, size, modified } = this.#files.status(path);
      if (!isFolder) this.#ages.add(this.#start - modified, size);
    } catch (error) {
      passOver(error);
    }
  }

  /** Whether nobody can read an entry any more, or it went unused for too long. */
  #isUseless(path: string, { start, size, modified }: FileStart): boolean {
    if (this.#start - modified > this.#limits.maxAge) return true;
    try {
      const { key, expires } = readHeader(start, size);
      return expires <= Date.now() || this.#place.pathOf(key) !== path;
    } catch (error) {
      // A later release of this library may read what this one cannot.
      if (error instanceof DecodeError) return !isOtherVersion(start);
      throw error;
    }
  }

  #cutOff(path: string, name: string, cut: Cut): void {
    if (isTemporary(name)) return;
    try {
      const { size, modified } = this.#files.status(path);
      if (!this.#isCut(size, modified, cut)) return;
      this.#ages.entries--;
      this.#ages.bytes -= size;
      this.#remove(path, size, () => {
        this.#ages.entries++;
        this.#ages.bytes += size;
      });
    } catch (error) {
      passOver(error);
    }
  }

  /** Whether a file is among the oldest that have to go. */
  #isCut(size: number, modified: number, cut: Cut): boolean {
    const step = stepOf(this.#start - modified);
    if (step !== cut.step) return step > cut.step;
    if (cut.entries <= 0 && cut.bytes <= 0) return false;
    cut.entries--;
    cut.bytes -= size;
    return true;
  }

  #removeAbandoned(path: string): void {
    const { size, modified } = this.#files.status(path);
    if (modified + ABANDONED_AFTER_MS <= this.#start) this.#removeUseless(path, size);
  }

  #removeUseless(path: string, size: number): void {
    this.#remove(path, size, () => this.#countUnread(path));
  }

  /** Removes a file; calls `refused` where the system does not let it go. */
  #remove(path: string, size: number, refused: () => void): void {
    this.#started++;
    const done = () => {
      this.#removedEntries++;
      this.#removedBytes += size;
    };
    this.#removals.start(path, done, (error) => {
      if (isRefusal(error)) refused();
      else if (!isMissing(error)) this.#failure ??= { error };
    });
  }

  /** Removes a folder that a writer may be about to use, which then makes it again. */
  #removeEmpty(path: string): void {
    try {
      this.#files.remove(path);
    } catch {
      // Somebody put something there.
    }
  }

  /** Removes the files of leases that ran out long ago; the last token of a sub-folder stays. */
  async #sweepLeases(): Promise<void> {
    for await (const shard of shards(this.#files, this.#place.leases, passOver)) {
      for (const { name } of shard.entries) {
        if (this.#pace.due) await this.#breathe();
        if (!/^[0-9a-f]{32}\.\d+$/.test(name)) continue;
        const path = `${shard.path}/${name}`;
        const lease = readLease(this.#files, path);
        if (lease === undefined || isHeld(lease)) continue;
        if (lease.modified + ABANDONED_AFTER_MS <= this.#start) this.#removeEmpty(path);
      }
    }
  }
}

/** Passes over what is gone, or what the system refuses: others have to go all the same. */
function passOver(error: unknown): void {
  if (!isMissing(error) && !isRefusal(error)) throw error;
}
