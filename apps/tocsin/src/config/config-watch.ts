import type { Clock } from "@tocsin/core";
import type { Logger } from "../telemetry/logger.ts";
import { type FileMark, isEmptyMark, markOf, markOfSync } from "./file-marks.ts";
import { namedFiles } from "./named-files.ts";

/**
 * Polling interval. Polling detects every way in which a file is replaced, on every file system, and costs nothing for a
 * handful of files.
 */
const pollMs = 1_000;

/** Wait after a reload that threw, for example because the ledger was unavailable. */
const retryMs = 5_000;

/** A change must be stable for this time before it is used: some programs replace a file in several steps. */
const settleMs = 100;

/** The same for an empty or missing file, which is most likely about to be written. */
const settleEmptyMs = 2_000;

type Marks = ReadonlyMap<string, FileMark>;

/**
 * Watches the configuration file and all files that it names (secrets, certificates, the kubeconfig), and reloads within 4 s
 * after one of them changed. Create it before the configuration is read for the first time, so that no change in between is
 * missed.
 *
 * ```
 *   poll ──differs──▶ settle ──stable for 100 ms──▶ reload ──▶ poll
 *    ▲                  │ differs again: start over                 (a reload that throws is repeated)
 *    └─back as it was───┘
 * ```
 */
export class ConfigWatch {
  readonly #file: string;
  /** The files that the configuration file names, by its mark: parsing a long file takes a while. */
  #named: { readonly mark: FileMark; readonly files: readonly string[] };
  /** The marks of the files when the configuration was last read. */
  #read: Marks;
  #changed: { readonly marks: Marks; readonly sinceMs: number } | undefined;
  #cancel = (): void => {};
  #looking: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(file: string) {
    this.#file = file;
    const mark = markOfSync(file);
    this.#named = { mark, files: namedFiles(file) };
    this.#read = new Map(this.#named.files.map((path) => [path, path === file ? mark : markOfSync(path)]));
  }

  /** `reload` logs its result itself; it throws if it should be repeated. */
  start(o: { readonly clock: Clock; readonly log: Logger; readonly reload: () => Promise<unknown> }): void {
    const lookIn = (delayMs: number) => {
      if (this.#stopped) return;
      this.#cancel = o.clock.after(delayMs, () => {
        this.#looking = this.#look(o).then(lookIn);
      });
    };
    lookIn(0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#looking;
  }

  /** Returns when to poll again. */
  async #look({ clock, log, reload }: Parameters<ConfigWatch["start"]>[0]): Promise<number> {
    const marks = await this.#marks();
    const differing = differencesOf(this.#read, marks);
    if (differing.length === 0) {
      this.#changed = undefined;
      return pollMs;
    }
    const nowMs = clock.monotonic();
    if (this.#changed === undefined || differencesOf(this.#changed.marks, marks).length > 0)
      this.#changed = { marks, sinceMs: nowMs };
    const vague = differing.some((path) => marks.get(path) === undefined || isEmptyMark(marks.get(path)));
    const waitMs = this.#changed.sinceMs + (vague ? settleEmptyMs : settleMs) - nowMs;
    if (waitMs > 0) return Math.min(waitMs, pollMs);
    log.info({ event: "config_files_changed", files: differing }, "Configuration files changed: reloading");
    try {
      await reload();
      this.#read = marks;
      this.#changed = undefined;
    } catch {
      // The marks stay unchanged, so that the next poll tries again.
      return retryMs;
    }
    return pollMs;
  }

  /** The configuration file's mark is taken before the file is read: a later change differs at the next poll. */
  async #marks(): Promise<Marks> {
    const mark = await markOf(this.#file);
    if (mark !== this.#named.mark) this.#named = { mark, files: namedFiles(this.#file) };
    const others = this.#named.files.filter((path) => path !== this.#file);
    const marks = await Promise.all(others.map(async (path) => [path, await markOf(path)] as const));
    return new Map([[this.#file, mark], ...marks]);
  }
}

/** Returns the files whose marks differ, or that only one of the two states names. */
const differencesOf = (before: Marks, after: Marks): string[] =>
  [...new Set([...before.keys(), ...after.keys()])].filter(
    (path) => before.has(path) !== after.has(path) || before.get(path) !== after.get(path),
  );
