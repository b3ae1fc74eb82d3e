/** A file or a directory of the image. */
export interface Entry {
  /** Without a slash at its start and end. */
  readonly path: string;
  readonly mode: number;
  /** User and group. @default 0 */
  readonly owner?: number;
  /** Absent: a directory. */
  readonly content?: Buffer;
}

const block = 512;

/**
 * Yields the bytes of a tar archive (ustar). They depend on the entries alone: all times are 0, owners have numbers only, and the
 * order is that of the paths.
 *
 * @throws Error for a path that is too long for ustar
 */
export function* tar(entries: readonly Entry[]): Generator<Buffer> {
  for (const entry of entries.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    yield headerOf(entry);
    const { content } = entry;
    if (content === undefined) continue;
    yield content;
    yield Buffer.alloc((block - (content.byteLength % block)) % block);
  }
  yield Buffer.alloc(2 * block);
}

function headerOf({ path, mode, owner = 0, content }: Entry): Buffer {
  const header = Buffer.alloc(block);
  const name = content === undefined ? `${path}/` : path;
  if (Buffer.byteLength(name) > 100) throw new Error(`${name}: longer than 100 bytes`);
  const octal = (value: number, at: number, length: number) =>
    header.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "latin1");
  header.write(name, 0);
  octal(mode, 100, 8);
  octal(owner, 108, 8);
  octal(owner, 116, 8);
  octal(content?.byteLength ?? 0, 124, 12);
  octal(0, 136, 12);
  header.write(content === undefined ? "5" : "0", 156);
  header.write("ustar\x0000", 257, "latin1");
  // The checksum is computed with blanks in its place.
  header.fill(" ", 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return header;
}
