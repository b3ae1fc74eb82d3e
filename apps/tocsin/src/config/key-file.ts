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
  /** It was not there before. */
  readonly made: boolean;
}

/**
 * The key beside a SQLite ledger that was given none: 32 random bytes in base64, readable by its owner alone, made once.
 * Durable before it is used, and whole or not there at all: a torn key would lock up what it sealed.
 *
 * @throws Error when the file is no such key
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
    // Unlike a rename, a link never replaces the key of another process that was faster.
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
  if (key === undefined) throw new Error(`${path} vanished while it was made`);
  return { key, made: true };
}

/** Another user's file, such as one that an administrator put there, stays as it is. */
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
