import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

export interface KeyFile {
  readonly key: Buffer;
  /** True if the file was created by this call. */
  readonly made: boolean;
}

/**
 * Reads or creates the key file of a SQLite ledger without a configured key: 32 random bytes in base64, readable by the owner
 * only. The file is durable before the key is used, and is complete or absent, because a torn key would make everything sealed
 * with it unreadable.
 *
 * @throws Error when the file does not hold such a key
 */
export function keyFile(path: string): KeyFile {
  const found = read(path);
  if (found !== undefined) {
    takeRightsOfOthers(path);
    return { key: found, made: false };
  }
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  try {
    const file = openSync(draft, "wx", 0o600);
    writeSync(file, `${randomBytes(32).toString("base64")}\n`);
    fsyncSync(file);
    closeSync(file);
    // Unlike a rename, a link never replaces a key that another process created first.
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const directory = openSync(dirname(path), "r");
  fsyncSync(directory);
  closeSync(directory);
  const key = read(path);
  if (key === undefined) throw new Error(`${path} disappeared while it was created`);
  return { key, made: true };
}

/** A file of another user, such as one that an administrator created, keeps its permissions. */
function takeRightsOfOthers(path: string): void {
  if ((statSync(path).mode & 0o077) === 0) return;
  try {
    chmodSync(path, 0o600);
  } catch (error) {
    if (!["EPERM", "EROFS"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

function read(path: string): Buffer | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const key = Buffer.from(text.trim(), "base64");
  if (key.byteLength !== 32) throw new Error(`${path} holds no key: expected 32 bytes in base64`);
  return key;
}
