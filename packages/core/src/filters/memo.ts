/**
 * Remembers what a pure function made of a text, for at most so many texts; then it starts afresh. Targets share patterns
 * and expressions, alerts share label values: most of what filters ask has been asked before. The second argument is passed on
 * when something has to be made.
 */
export function memo<Out, Using = undefined>(
  most: number,
  make: (text: string, using?: Using) => Out,
): (text: string, using?: Using) => Out {
  const made = new Map<string, Out>();
  return (text, using) => {
    let out = made.get(text);
    if (out === undefined) {
      out = make(text, using);
      if (made.size >= most) made.clear();
      made.set(text, out);
    }
    return out;
  };
}
