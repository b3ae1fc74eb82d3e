/** How deep values are looked into. Errors nest causes, requests and options. */
const maxDepth = 8;

/**
 * Whether a value, or anything that can be reached from it, holds such a text: in strings, names, lists, maps, errors, bytes.
 */
export function holdsText(
  value: unknown,
  isSuch: (text: string) => boolean,
  depth = 0,
  seen = new Set<unknown>(),
): boolean {
  if (typeof value === "string") return isSuch(value);
  if (typeof value !== "object" || value === null || depth > maxDepth || seen.has(value)) return false;
  seen.add(value);
  if (value instanceof Uint8Array) return isSuch(new TextDecoder().decode(value));
  const within = (inner: unknown): boolean => holdsText(inner, isSuch, depth + 1, seen);
  const names = Reflect.ownKeys(value);
  return (
    (value instanceof URL && isSuch(value.href)) ||
    (listsEntries(value) && Array.from(value).some(within)) ||
    names.some((name) => isSuch(String(name)) || within(read(value, name)))
  );
}

const listsEntries = (value: object): value is Iterable<unknown> =>
  value instanceof Map || value instanceof Set || value instanceof Headers;

/** A getter may throw. */
function read(value: object, name: string | symbol): unknown {
  try {
    return (value as Record<string | symbol, unknown>)[name];
  } catch {
    return undefined;
  }
}
