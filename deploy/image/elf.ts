/** The shared objects that an ELF file names. */
export interface ElfNeeds {
  /** The path of the program that loads it; undefined for libraries. */
  readonly interpreter: string | undefined;
  /** Names of libraries, such as `libc.so.6`. */
  readonly libraries: readonly string[];
}

const loadSegment = 1;
const dynamicSegment = 2;
const interpreterSegment = 3;
const neededTag = 1n;
const stringTableTag = 5n;

/**
 * Reads what a 64-bit little-endian ELF file needs (https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.dynamic.html). Unlike `ldd` it
 * runs nothing, so it also works for files of another architecture.
 *
 * @throws Error if it is no such file
 */
export function elfNeeds(file: Buffer): ElfNeeds {
  if (file.toString("latin1", 0, 4) !== "\x7fELF" || file[4] !== 2 || file[5] !== 1)
    throw new Error("expected a 64-bit little-endian ELF file");
  const word = (at: number): number => Number(file.readBigUInt64LE(at));
  const [first, size, count] = [word(32), file.readUInt16LE(54), file.readUInt16LE(56)];
  const segments = Array.from({ length: count }, (_, index) => {
    const at = first + index * size;
    return { type: file.readUInt32LE(at), offset: word(at + 8), address: word(at + 16), bytes: word(at + 32) };
  });
  const textAt = (at: number): string => file.toString("utf8", at, file.indexOf(0, at));
  const interpreter = segments.find(({ type }) => type === interpreterSegment);
  const dynamic = segments.find(({ type }) => type === dynamicSegment);
  const entries = Array.from({ length: (dynamic?.bytes ?? 0) / 16 }, (_, index) => {
    const at = (dynamic?.offset ?? 0) + index * 16;
    return { tag: file.readBigUInt64LE(at), value: word(at + 8) };
  });
  const stringsAddress = entries.find(({ tag }) => tag === stringTableTag)?.value ?? 0;
  const home = segments.find(
    ({ type, address, bytes }) => type === loadSegment && address <= stringsAddress && stringsAddress < address + bytes,
  );
  const strings = stringsAddress - (home?.address ?? 0) + (home?.offset ?? 0);
  return {
    interpreter: interpreter && textAt(interpreter.offset),
    libraries: entries.filter(({ tag }) => tag === neededTag).map(({ value }) => textAt(strings + value)),
  };
}
