/**
 * Remembers what a pure function made of a text, for at most so many texts; then it starts afresh. Targets share patterns
 * and expressions, alerts share label values: most of what filters ask has been asked before.
 */
export function memo<Out>(most: number, make: (text: string) => Out): (text: string) => Out {
  const made = new Map<string, Out>();
  return (text) => {
    let out = made.get(text);
    if (out === undefined) {
      out = make(text);
      if (made.size >= most) made.clear();
      made.set(text, out);
    }
    return out;
  };
}
