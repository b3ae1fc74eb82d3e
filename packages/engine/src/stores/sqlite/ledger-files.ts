import { chmodSync, closeSync, openSync, type Stats, statSync } from "node:fs";

/** Readable by the owner only. */
const mode = 0o600;

/** SQLite keeps the write-ahead log at that length once it was longer. */
export const keptLogBytes = 67_108_864;

/**
 * Makes the ledger's file if it is missing, and takes the rights of others from the files that are there: they hold alerts, and
 * SQLite gives its further files the mode of the first. What cannot be done, such as with another user's file, is left: SQLite
 * says whether it can use the file.
 */
export function secureFiles(path: string): void {
  attempt(() => closeSync(openSync(path, "a", mode)));
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    const stats = existing(file);
    if (stats !== undefined && (stats.mode & 0o077) !== 0) attempt(() => chmodSync(file, mode));
  }
}

function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!("syscall" in (error as object))) throw error;
  }
}

/**
 * Notices when somebody removes, replaces or truncates the files of an open ledger. SQLite would go on writing to what no start
 * will ever read.
 */
export class FileGuard {
  readonly #files: { readonly path: string; readonly keptBytes: number; seen: Stats | undefined }[];

  /** Of a ledger that is open and was written to, so that its files exist. */
  constructor(path: string) {
    this.#files = [
      { path, keptBytes: Number.POSITIVE_INFINITY, seen: undefined },
      { path: `${path}-wal`, keptBytes: keptLogBytes, seen: undefined },
    ];
    for (const file of this.#files) file.seen = existing(file.path);
  }

  /** In words; undefined: all is well. */
  problem(): string | undefined {
    for (const file of this.#files) {
      const { path, seen, keptBytes } = file;
      if (seen === undefined) continue;
      const now = existing(path);
      if (now === undefined) return `${path} was removed while the service runs`;
      if (now.ino !== seen.ino || now.dev !== seen.dev) return `${path} was replaced while the service runs`;
      // SQLite itself never shortens them further.
      if (now.size < Math.min(seen.size, keptBytes)) return `${path} was truncated while the service runs`;
      file.seen = now;
    }
    return undefined;
  }
}

/** Undefined where there is no such file, or a part of its path is none. */
function existing(path: string): Stats | undefined {
  let stats: Stats | undefined;
  attempt(() => (stats = statSync(path, { throwIfNoEntry: false })));
  return stats;
}
