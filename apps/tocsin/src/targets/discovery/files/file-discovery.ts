import { type FSWatcher, watch } from "node:fs";
import { join } from "node:path";
import type { Clock, ReadSecret } from "@tocsin/core";
import { isEmptyMark, markOf } from "../../../config/file-marks.ts";
import { type SecretPlaces, secretReader } from "../../../config/secrets.ts";
import type { TargetDefinition } from "../../target-definition.ts";
import type { Discovery, DiscoveryObserver, SyncState } from "../discovery.ts";
import { DiscoveryStatus } from "../discovery-status.ts";
import { type ReadFile, readTargetFile, targetFiles } from "./target-files.ts";

/** Delay between a file system event and a read, so that the many events of one change cause one read. */
const gatherMs = 20;

/** A change must be stable for this time before it is used: editors write, truncate, rename and delete in several steps. */
const settleMs = 100;

/** The same for an empty file, which is most likely about to be written. */
const settleEmptyMs = 2_000;

export interface FileDiscoveryOptions {
  /** The path as written in the configuration. */
  readonly where: string;
  /** The absolute path. */
  readonly directory: string;
  readonly env: SecretPlaces["env"];
  readonly clock: Clock;
  /** The targets of this directory that were in use before the restart. */
  readonly lastKnown?: readonly TargetDefinition[];
  /**
   * Interval at which the directory is read without an event: file system events get lost on network file systems, or when
   * there are too many.
   * @default 2_000
   */
  readonly pollMs?: number;
}

interface Known extends ReadFile {
  readonly mark: string;
}

/** A change that was seen but is not stable yet. */
interface Seen {
  /** Undefined: the file is gone. */
  readonly mark: string | undefined;
  readonly sinceMs: number;
}

/**
 * Finds targets in a directory of `*.json`, `*.yaml` and `*.yml`. Sees every way in which files are replaced, within 3 s at the
 * latest.
 */
export class FileDiscovery implements Discovery {
  readonly source = "files";
  readonly where: string;
  readonly readSecret: ReadSecret;
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #status: DiscoveryStatus;
  readonly #lastKnown: readonly TargetDefinition[];
  readonly #pollMs: number;
  #observer: DiscoveryObserver | undefined;
  /** By file name. */
  #files: ReadonlyMap<string, Known> | undefined;
  #targets: readonly TargetDefinition[] | undefined;
  readonly #seen = new Map<string, Seen>();
  #watcher: FSWatcher | undefined;
  #cancel = (): void => {};
  #nextAtMs = Number.POSITIVE_INFINITY;
  /** Reads of the directory run one after the other. */
  #last: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor({ where, directory, env, clock, lastKnown = [], pollMs = 2_000 }: FileDiscoveryOptions) {
    this.#pollMs = pollMs;
    this.where = where;
    this.#directory = directory;
    this.#clock = clock;
    this.#lastKnown = lastKnown;
    this.#status = new DiscoveryStatus(clock, () => this.#observer);
    this.readSecret = secretReader({ dir: directory, env });
  }

  get targets(): readonly TargetDefinition[] | undefined {
    return this.#targets;
  }

  get syncState(): SyncState {
    return this.#status.syncState;
  }

  start(observer: DiscoveryObserver): void {
    this.#observer = observer;
    void this.#look();
  }

  refresh(): Promise<void> {
    return this.#look({ atOnce: true });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    this.#watcher?.close();
    await this.#last;
  }

  #look(how: { readonly atOnce?: boolean } = {}): Promise<void> {
    this.#cancel();
    this.#nextAtMs = Number.POSITIVE_INFINITY;
    const before = this.#last;
    const looking = async () => {
      await before;
      if (this.#stopped) return;
      this.#watch();
      const againMs = await this.#compare(how.atOnce ?? this.#files === undefined);
      this.#lookIn(Math.min(againMs, this.#pollMs));
    };
    this.#last = looking();
    return this.#last;
  }

  #lookIn(delayMs: number): void {
    const atMs = this.#clock.monotonic() + delayMs;
    if (this.#stopped || atMs >= this.#nextAtMs) return;
    this.#cancel();
    this.#nextAtMs = atMs;
    this.#cancel = this.#clock.after(delayMs, () => void this.#look());
  }

  /** A watch follows the directory itself, not its path. When the watch ends, a new one is created. */
  #watch(): void {
    if (this.#watcher !== undefined) return;
    try {
      const watcher = watch(this.#directory, { persistent: false }, (event, name) => {
        this.#lookIn(gatherMs);
        // The directory itself was moved away or deleted.
        if (event === "rename" && (name === null || this.#directory.endsWith(`/${name}`))) this.#unwatch(watcher);
      });
      watcher.on("error", () => this.#unwatch(watcher));
      this.#watcher = watcher;
    } catch {
      // The directory does not exist, or there are too many watches: polling sees the same changes, later.
    }
  }

  #unwatch(watcher: FSWatcher): void {
    watcher.close();
    if (this.#watcher === watcher) this.#watcher = undefined;
  }

  /** Uses the changes that are stable. Returns when to read again for the rest. */
  async #compare(atOnce: boolean): Promise<number> {
    let names: readonly string[];
    try {
      names = await targetFiles(this.#directory);
    } catch (error) {
      const { code = "unknown error" } = error as NodeJS.ErrnoException;
      if (this.#watcher !== undefined) this.#unwatch(this.#watcher);
      this.#status.failed("list", "unreadable", code === "ENOENT" ? "no such directory" : `cannot be read (${code})`);
      return this.#pollMs;
    }
    const marks = await Promise.all(names.map((name) => this.#markOf(name)));
    const there = new Map(names.map((name, index) => [name, marks[index]]));
    const before = this.#files ?? new Map<string, Known>();
    const after = new Map<string, Known>();
    let againMs = Number.POSITIVE_INFINITY;
    for (const name of [...new Set([...there.keys(), ...before.keys()])].toSorted()) {
      const known = before.get(name);
      const mark = there.get(name);
      const waitMs = atOnce || mark === known?.mark ? 0 : this.#waitFor(name, mark);
      if (waitMs > 0) {
        againMs = Math.min(againMs, waitMs);
        if (known !== undefined) after.set(name, known);
        continue;
      }
      this.#seen.delete(name);
      if (mark === undefined) continue;
      after.set(name, known?.mark === mark ? known : await this.#read(name, mark, known));
    }
    this.#take(after);
    return againMs;
  }

  async #markOf(name: string): Promise<string | undefined> {
    const mark = await markOf(join(this.#directory, name));
    const secrets = this.#files?.get(name)?.secrets ?? [];
    if (mark === undefined || secrets.length === 0) return mark;
    return [mark, ...(await Promise.all(secrets.map(markOf)))].join(" ");
  }

  #waitFor(name: string, mark: string | undefined): number {
    const nowMs = this.#clock.monotonic();
    let seen = this.#seen.get(name);
    if (seen === undefined || seen.mark !== mark) {
      seen = { mark, sinceMs: nowMs };
      this.#seen.set(name, seen);
    }
    return Math.max(0, seen.sinceMs + (isEmptyMark(mark) ? settleEmptyMs : settleMs) - nowMs);
  }

  async #read(name: string, mark: string, known: Known | undefined): Promise<Known> {
    const places = known === undefined ? this.#lastKnownPlaces(name) : known.targets.map(({ place }) => place);
    const read = await readTargetFile(this.#directory, name, { where: this.where, places });
    const secretMarks = await Promise.all(read.secrets.map(markOf));
    const whole = read.secrets.length === 0 ? mark : [mark.split(" ")[0], ...secretMarks].join(" ");
    const same = known?.hash === read.hash && secretsOf(known.mark) === secretsOf(whole);
    return same ? { ...known, mark: whole } : { ...read, mark: whole };
  }

  #lastKnownPlaces(name: string): string[] {
    const place = join(this.where, name);
    return this.#lastKnown.map((one) => one.place).filter((one) => one === place || one.startsWith(`${place}[`));
  }

  #take(files: ReadonlyMap<string, Known>): void {
    const targets = [...files.values()].flatMap((file) => file.targets);
    const changed =
      targets.length !== this.#targets?.length || targets.some((target, index) => target !== this.#targets?.[index]);
    this.#files = files;
    if (changed) this.#targets = targets;
    this.#status.synced();
    this.#status.followed();
    if (changed) this.#observer?.changed();
  }
}

/** The part of a mark that describes the files that secrets come from. */
const secretsOf = (mark: string): string => mark.split(" ").slice(1).join(" ");
