import { copyFileSync, existsSync, renameSync, rmSync, statSync, truncateSync } from "node:fs";

/**
 * The content of a disk when the power fails in the middle of a commit: everything from before it, and of the commit itself
 * as much as a torn write leaves. Only what SQLite appends to its log is cut; it has not reached the file then.
 */
export class PowerLoss {
  readonly #path: string;
  readonly #logBytes: number;

  /** Begins before the commit. */
  constructor(path: string) {
    this.#path = path;
    this.#logBytes = sizeOf(`${path}-wal`);
  }

  /** Takes a picture of the files after the commit, with this share of it torn off, 0 to 1. */
  strike(share: number): void {
    for (const suffix of suffixes) {
      rmSync(struck(this.#path, suffix), { force: true });
      if (existsSync(this.#path + suffix)) copyFileSync(this.#path + suffix, struck(this.#path, suffix));
    }
    const written = sizeOf(`${this.#path}-wal`) - this.#logBytes;
    if (written > 0) truncateSync(struck(this.#path, "-wal"), this.#logBytes + Math.floor(written * (1 - share)));
  }

  /** Puts the picture where the files were, for whoever opens them next. */
  static restore(path: string): void {
    if (!existsSync(struck(path, ""))) return;
    for (const suffix of suffixes) {
      rmSync(path + suffix, { force: true });
      if (existsSync(struck(path, suffix))) renameSync(struck(path, suffix), path + suffix);
    }
  }
}

const suffixes = ["", "-wal"];
const struck = (path: string, suffix: string): string => `${path}-struck${suffix}`;
const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
