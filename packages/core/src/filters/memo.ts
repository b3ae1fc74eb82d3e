/**
 * Caches the results of a pure function of a text, for at most `max` texts; then it empties the cache. Targets share patterns and
 * expressions, and alerts share label values, so most calls by filters repeat an earlier one. The second argument is passed on
 * when a result is not cached.
 */
export function memo<Out, Using = undefined>(
  max: number,
  make: (text: string, using?: Using) => Out,
): (text: string, using?: Using) => Out {
  const made = new Map<string, Out>();
  return (text, using) => {
    let out = made.get(text);
    if (out === undefined) {
      out = make(text, using);
      if (made.size >= max) made.clear();
      made.set(text, out);
    }
    return out;
  };
}
