import { type BigIntStats, statSync } from "node:fs";
import { stat } from "node:fs/promises";

/**
 * Returns a mark that distinguishes one state of a file from another. It follows symbolic links and detects every kind of
 * replacement. Undefined: there is no such file, or it is no regular file.
 */
export type FileMark = string | undefined;

export async function markOf(file: string): Promise<FileMark> {
  try {
    return markFrom(await stat(file, { bigint: true }));
  } catch (error) {
    return markOfFailure(error);
  }
}

export function markOfSync(file: string): FileMark {
  try {
    return markFrom(statSync(file, { bigint: true }));
  } catch (error) {
    return markOfFailure(error);
  }
}

/** An empty file is most likely about to be written. */
export const isEmptyMark = (mark: FileMark): boolean => mark?.split(":")[2] === "0";

const markFrom = (found: BigIntStats): FileMark =>
  found.isFile() ? [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(":") : undefined;

/** A link in a loop, or to a missing file, counts as no file. A file that must not be read exists, and is an error. */
const markOfFailure = (error: unknown): FileMark =>
  (error as NodeJS.ErrnoException).code === "EACCES" ? "EACCES" : undefined;
