const uuid = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i;

/** Shorter words are names, or too short for a credential. */
const shortestMixed = 16;
const longMixed = 30;
const shortestSegment = 20;
const shortestHex = 32;

/**
 * Whether a word looks like a random text rather than a name. Words consist of letters, digits and `+/=_.~-`.
 *
 * Names survive because their parts between separators are short or are words: pods (`checkout-7d9f8b6c5d-x2x9k`), hosts, images,
 * CamelCase. UUIDs are names of things and are kept; hex of 32 digits and more is not, except for a digest after `sha256:`.
 */
export function isRandomWord(word: string): boolean {
  if (word.length < shortestMixed || uuid.test(word)) return false;
  if (/[a-z]/.test(word) && /[A-Z]/.test(word) && isMixedRandom(word)) return true;
  return word.split(/[^A-Za-z\d]+/).some(isRandomSegment);
}

/** Judges a word with upper and lower case: how often do the kinds of neighboring characters change? */
function isMixedRandom(word: string): boolean {
  const { length, changes, breaks } = changesIn(word);
  if (length < shortestMixed) return false;
  // Random base62 changes kind at 62 % of its characters, and breaks at 45 %; names of CamelCase at 15 to 40 %, and break at 8 to 20 %.
  // Long names come closer to their mean, so that less is enough.
  if (length >= longMixed) return breaks / length >= 0.21 || changes / length >= 0.42;
  if (length >= shortestSegment && /\d/.test(word)) return breaks / length >= 0.25 || changes / length >= 0.45;
  return breaks / length >= 0.34 || (length >= shortestSegment && changes / length >= 0.5);
}

function isRandomSegment(segment: string): boolean {
  if (segment.length >= shortestHex && /^[\da-f]+$/i.test(segment) && /[a-f]/i.test(segment) && /\d/.test(segment))
    return true;
  if (segment.length < shortestSegment || !/\d/.test(segment) || !/[A-Za-z]/.test(segment)) return false;
  const { length, breaks } = changesIn(segment);
  return breaks / length >= 0.2;
}

/** `changes`: neighbors of another kind. `breaks`: the same without a capital before a small letter, as words have them. */
function changesIn(word: string): { length: number; changes: number; breaks: number } {
  let [length, changes, breaks, last] = [0, 0, 0, ""];
  for (const character of word) {
    const kind = /\d/.test(character)
      ? "digit"
      : /[a-z]/.test(character)
        ? "lower"
        : /[A-Z]/.test(character)
          ? "upper"
          : "";
    if (kind === "") continue;
    length += 1;
    if (last !== "" && kind !== last) {
      changes += 1;
      if (last !== "upper" || kind !== "lower") breaks += 1;
    }
    last = kind;
  }
  return { length, changes, breaks };
}
