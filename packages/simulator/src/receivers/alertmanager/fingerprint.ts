const offsetBasis = 14695981039346656037n;
const prime = 1099511628211n;
const mask = (1n << 64n) - 1n;

/** Prometheus's: FNV-1a, 64 bit, over the labels in the byte order of their names, each part ended by 0xFF. */
export function fingerprint(labels: Readonly<Record<string, string>>): string {
  let hash = offsetBasis;
  const feed = (bytes: Uint8Array): void => {
    for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * prime) & mask;
    hash = ((hash ^ 0xffn) * prime) & mask;
  };
  const parts = Object.entries(labels).map(([name, value]) => [Buffer.from(name), Buffer.from(value)] as const);
  for (const [name, value] of parts.toSorted(([one], [other]) => Buffer.compare(one, other))) {
    feed(name);
    feed(value);
  }
  return hash.toString(16).padStart(16, "0");
}
