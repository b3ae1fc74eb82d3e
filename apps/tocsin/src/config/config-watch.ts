import type { Clock } from "@tocsin/core";
import type { Logger } from "../telemetry/logger.ts";
import { type FileMark, isEmptyMark, markOf, markOfSync } from "./file-marks.ts";
import { namedFiles } from "./named-files.ts";

/** Polling sees every way in which a file is replaced, on every file system; a handful of files costs nothing. */
const pollMs = 1_000;

/** After a reload that threw, such as while the ledger is unavailable. */
const retryMs = 5_000;

/** A change must have stood for so long: some programs replace a file in several steps. */
const settleMs = 100;

/** A file that is empty or missing is most likely about to be written. */
const settleEmptyMs = 2_000;

type Marks = ReadonlyMap<string, FileMark>;

/**
 * Follows the configuration file and all files that it names (secrets, certificates, the kubeconfig), and reloads after a
 * change of any of them, within 4 s. Create it before the configuration is read for the first time, so that no change in
 * between is missed.
 *
 * ```
 *   poll ──differs──▶ settle ──stays so for 100 ms──▶ reload ──▶ poll
 *    ▲                  │ differs again: from the beginning         (a reload that throws is repeated)
 *    └──as it was read──┘
 * ```
 */
export class ConfigWatch {
  readonly #file: string;
  /** The files that a state of the configuration file names: a long one takes a while to parse. */
  #named: { readonly mark: FileMark; readonly files: readonly string[] };
  /** As they were when the configuration was last read. */
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

  /** `reload` logs by itself how it went; it throws if it should be repeated. */
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

  /** Returns when to look again. */
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
      // The marks stay as they were, so that the next look tries again.
      return retryMs;
    }
    return pollMs;
  }

  /** The configuration file's mark is taken before it is read: a later change of it differs at the next look. */
  async #marks(): Promise<Marks> {
    const mark = await markOf(this.#file);
    if (mark !== this.#named.mark) this.#named = { mark, files: namedFiles(this.#file) };
    const others = this.#named.files.filter((path) => path !== this.#file);
    const marks = await Promise.all(others.map(async (path) => [path, await markOf(path)] as const));
    return new Map([[this.#file, mark], ...marks]);
  }
}

/** Files whose state differs, or that only one of both names. */
const differencesOf = (before: Marks, after: Marks): string[] =>
  [...new Set([...before.keys(), ...after.keys()])].filter(
    (path) => before.has(path) !== after.has(path) || before.get(path) !== after.get(path),
  );
