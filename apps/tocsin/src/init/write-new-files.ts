import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { OperatorError } from "../config/operator-error.ts";

export interface NewFile {
  readonly path: string;
  readonly text: string;
  /** Only the owner may read it. */
  readonly isPrivate: boolean;
}

/**
 * Writes all files, or none if one of them exists with other content and `force` is not set.
 *
 * @throws OperatorError that names the file that exists
 */
export function writeNewFiles(files: readonly NewFile[], { force }: { readonly force: boolean }): void {
  const present = force ? undefined : files.find((file) => existsSync(file.path) && !isSame(file));
  if (present !== undefined)
    throw new OperatorError(`${present.path} exists; nothing was written. Use --force to overwrite it`);
  for (const { path, text, isPrivate } of files) {
    mkdirSync(dirname(path), { recursive: true, ...(isPrivate && { mode: 0o700 }) });
    // Before the content is written, so that no other user reads it meanwhile.
    if (isPrivate && existsSync(path)) chmodSync(path, 0o600);
    writeFileSync(path, text, isPrivate ? { mode: 0o600 } : {});
  }
}

/** A secret that was written before is no reason to stop. */
const isSame = ({ path, text, isPrivate }: NewFile): boolean =>
  isPrivate && !path.endsWith(".yaml") && readFileSync(path, "utf8") === text;
