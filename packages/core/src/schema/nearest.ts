/**
 * The candidate that a mistyped word most likely stands for: the same but for case, `_` and `-`, or with few letters
 * added, missing, replaced or swapped.
 *
 * @example
 * nearest("listne", ["listen", "tls"]); // "listen"
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const written = plain(word);
  // A third of the letters: with more, short words would be near to everything.
  let allowed = Math.max(1, Math.floor(written.length / 3));
  let found: string | undefined;
  for (const candidate of candidates) {
    const distance = edits(written, plain(candidate), allowed);
    if (distance > allowed || (found !== undefined && distance === allowed)) continue;
    [found, allowed] = [candidate, distance];
  }
  return found;
}

const plain = (word: string): string => word.toLowerCase().replace(/[\s_-]/g, "");

/** Edits between two words, where two swapped neighbors are one edit; beyond `most`, any larger number. */
function edits(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return Number.POSITIVE_INFINITY;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        last[j]! + 1,
        row[j - 1]! + 1,
        last[j - 1]! + (isSame ? 0 : 1),
        isSwap ? beforeLast[j - 2]! + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length]!;
}
