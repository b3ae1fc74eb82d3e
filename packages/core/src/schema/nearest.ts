/**
 * The candidate that a mistyped word most likely means: equal except for case, `_` and `-`, or with only a few letters added,
 * missing, replaced or swapped.
 *
 * @example
 * nearest("listne", ["listen", "tls"]); // "listen"
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const written = plain(word);
  // At most a third of the letters may differ. With more, a short word would be similar to every candidate.
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

/** Number of edits between two words. Swapping two neighbors counts as one edit. Above `max`, the result is any larger number. */
function edits(a: string, b: string, max: number): number {
  if (Math.abs(a.length - b.length) > max) return Number.POSITIVE_INFINITY;
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
