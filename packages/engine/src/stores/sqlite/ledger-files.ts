import { chmodSync, closeSync, openSync, type Stats, statSync } from "node:fs";

/** Readable by the owner only. */
const mode = 0o600;

/** SQLite shortens a longer write-ahead log to this length, and no further. */
export const keptLogBytes = 67_108_864;

/**
 * Creates the ledger's file if it is missing, and removes the rights of other users from existing files: they contain alerts,
 * and SQLite gives its other files the mode of the first. If this fails, such as for another user's file, the file stays as it
 * is, and SQLite reports whether it can use it.
 */
export function secureLedgerFiles(path: string): void {
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
 * Notices that the files of an open ledger were removed, replaced or truncated. SQLite would go on writing to files that no
 * later start reads.
 */
export class FileGuard {
  readonly #files: { readonly path: string; readonly keptBytes: number; seen: Stats | undefined }[];

  /** For a ledger that is open and was written to, so that its files exist. */
  constructor(path: string) {
    this.#files = [
      { path, keptBytes: Number.POSITIVE_INFINITY, seen: undefined },
      { path: `${path}-wal`, keptBytes: keptLogBytes, seen: undefined },
    ];
    for (const file of this.#files) file.seen = existing(file.path);
  }

  /** A sentence for the operator; undefined: there is no problem. */
  problem(): string | undefined {
    for (const file of this.#files) {
      const { path, seen, keptBytes } = file;
      if (seen === undefined) continue;
      const now = existing(path);
      if (now === undefined) return `${path} was removed while the service runs`;
      if (now.ino !== seen.ino || now.dev !== seen.dev) return `${path} was replaced while the service runs`;
      // SQLite itself never makes them shorter than this.
      if (now.size < Math.min(seen.size, keptBytes)) return `${path} was truncated while the service runs`;
      file.seen = now;
    }
    return undefined;
  }
}

/** Undefined if there is no such file, or if a part of its path is not a directory. */
function existing(path: string): Stats | undefined {
  let stats: Stats | undefined;
  attempt(() => (stats = statSync(path, { throwIfNoEntry: false })));
  return stats;
}
