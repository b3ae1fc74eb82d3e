import { RE2JS, RE2JSException } from "re2js";
import type { FilterBudget } from "./budget.ts";
import { memo } from "./memo.ts";

/** Tells whether a text matches. @throws tooCostly where the budget does not suffice */
export type Test = (text: string, budget?: FilterBudget) => boolean;

/**
 * Longest pattern, most instructions that it may compile to, and the longest text that RE2 judges whole; of a longer text it judges
 * the start. Time is linear in instructions and text: a usual pattern takes microseconds, the worst that we could write for
 * a text of that length (`(a|b)*a(a|b){200}c`) 45 ms.
 */
export const longest = { pattern: 1_000, instructions: 5_000, subject: 4_096 };

/** A comparison of strings judges that many characters in a step. Shorter texts are not charged. */
const charactersPerStep = 16;
const freeCharacters = 256;

/** How many patterns are kept compiled, and how many texts each remembers, of at most so many characters. */
const kept = { patterns: 10_000, texts: 64, characters: 256 };

/**
 * Compiles an RE2 pattern: linear time whatever it says, no look-around, no back-references. The dot matches newlines too,
 * as in Prometheus 3.
 *
 * @param whole true: the pattern must match the whole text, as in Prometheus' matchers; false: any part of it
 * @throws InvalidPattern with what is wrong, in one line
 */
export function compilePattern(pattern: string, { whole }: { whole: boolean }): Test {
  return (whole ? compileWhole : compilePart)(pattern);
}

const compileWhole = memo(kept.patterns, (pattern) => compile(pattern, true));
const compilePart = memo(kept.patterns, (pattern) => compile(pattern, false));

function compile(pattern: string, whole: boolean): Test {
  if (pattern.length > longest.pattern) throw new InvalidPattern(`longer than ${longest.pattern} characters`);
  const plain = plainTest(pattern, whole);
  if (plain === undefined) return re2Test(pattern, whole);
  return (text, budget) => {
    if (text.length > freeCharacters) budget?.take(text.length / charactersPerStep);
    return plain(text);
  };
}

export class InvalidPattern extends Error {
  override readonly name = "InvalidPattern";
}

function re2Test(pattern: string, whole: boolean): Test {
  let re2: RE2JS;
  try {
    re2 = RE2JS.compile(pattern, RE2JS.DOTALL);
  } catch (error) {
    if (error instanceof RE2JSException) throw new InvalidPattern(error.message.replace(/^error parsing regexp: /, ""));
    throw error;
  }
  const instructions = re2.programSize();
  if (instructions > longest.instructions) throw new InvalidPattern("too large: it repeats too much");
  const test = whole ? (text: string) => re2.testExact(text) : (text: string) => re2.test(text);
  const charged: Test = (text, budget) => {
    budget?.take(instructions * text.length);
    return test(text);
  };
  const remembered = memo(kept.texts, charged);
  return (text, budget) => {
    if (text.length <= kept.characters) return remembered(text, budget);
    return charged(text.length > longest.subject ? text.slice(0, longest.subject) : text, budget);
  };
}

/** `.*literal.*`, either star optional, the literal possibly escaped. */
const plainBranch = /^(\^?)(\.\*)?((?:[\w \-/:@%,;~#&=!<>"']|\\[.\-+*?()[\]{}|^$\\])*)(\.\*)?(\$?)$/;

/**
 * Most patterns in practice are words, alternatives of words, or words with `.*` around. String comparison judges them
 * ten times faster than the automaton.
 */
function plainTest(pattern: string, whole: boolean): ((text: string) => boolean) | undefined {
  const branches = pattern.split("|").map((branch) => plainBranch.exec(branch));
  const words = new Set<string>();
  const tests: ((text: string) => boolean)[] = [];
  for (const branch of branches) {
    // An escaped `|` was split in two and leaves a lone backslash, which no branch matches.
    if (!branch) return undefined;
    const [, start, before, escaped, after, end] = branch;
    const word = escaped!.replace(/\\(.)/g, "$1");
    const fromStart = (whole || start) && !before;
    const toEnd = (whole || end) && !after;
    if (fromStart && toEnd) words.add(word);
    else if (fromStart) tests.push((text) => text.startsWith(word));
    else if (toEnd) tests.push((text) => text.endsWith(word));
    else tests.push((text) => text.includes(word));
  }
  if (tests.length === 0) return (text) => words.has(text);
  return (text) => words.has(text) || tests.some((test) => test(text));
}
