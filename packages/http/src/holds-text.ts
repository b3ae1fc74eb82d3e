/** Depth to which values are searched. Errors nest causes, requests and options. */
const maxDepth = 8;

/**
 * Whether a value, or another value that can be reached from it, holds a matching text: in strings, names, lists, maps, errors,
 * bytes.
 */
export function holdsText(
  value: unknown,
  matches: (text: string) => boolean,
  depth = 0,
  seen = new Set<unknown>(),
): boolean {
  if (typeof value === "string") return matches(value);
  if (typeof value !== "object" || value === null || depth > maxDepth || seen.has(value)) return false;
  seen.add(value);
  if (value instanceof Uint8Array) return matches(new TextDecoder().decode(value));
  const within = (inner: unknown): boolean => holdsText(inner, matches, depth + 1, seen);
  const names = Reflect.ownKeys(value);
  return (
    (value instanceof URL && matches(value.href)) ||
    (listsEntries(value) && Array.from(value).some(within)) ||
    names.some((name) => matches(String(name)) || within(read(value, name)))
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
