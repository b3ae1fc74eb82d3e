import { RE2JS, RE2JSException } from "re2js";
import type { FilterBudget } from "./budget.ts";
import { memo } from "./memo.ts";

/** Returns whether a text matches. @throws tooCostly if the budget does not suffice */
export type Test = (text: string, budget?: FilterBudget) => boolean;

/**
 * Limits of a pattern: its length in characters, the instructions that it may compile to, and the length of a text that RE2 tests
 * as a whole. RE2 tests only the start of a longer text. Time is linear in instructions and text: a usual pattern takes
 * microseconds. The worst pattern that we could write (`(a|b)*a(a|b){200}c`) takes 45 ms for a text of the full length.
 */
export const maxSize = { pattern: 1_000, instructions: 5_000, subject: 4_096 };

/** Characters that a string comparison covers in one step. Texts up to `freeCharacters` cost nothing. */
const charactersPerStep = 16;
const freeCharacters = 256;

/**
 * Cache sizes: how many compiled patterns to keep, and for each pattern the results of how many texts of at most how many
 * characters.
 */
const kept = { patterns: 10_000, texts: 64, characters: 256 };

/**
 * Compiles an RE2 pattern. Every pattern takes linear time; RE2 has no look-around and no back-references. The dot matches
 * newlines too, as in Prometheus 3.
 *
 * @param whole true: the pattern must match the whole text, as in Prometheus' matchers; false: any part of it
 * @throws InvalidPattern with a message of one line that names the mistake
 */
export function compilePattern(pattern: string, { whole }: { whole: boolean }): Test {
  return (whole ? compileWhole : compilePart)(pattern);
}

const compileWhole = memo(kept.patterns, (pattern) => compile(pattern, true));
const compilePart = memo(kept.patterns, (pattern) => compile(pattern, false));

function compile(pattern: string, whole: boolean): Test {
  if (pattern.length > maxSize.pattern) throw new InvalidPattern(`longer than ${maxSize.pattern} characters`);
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
  if (instructions > maxSize.instructions) throw new InvalidPattern("too large: it repeats too much");
  const test = whole ? (text: string) => re2.testExact(text) : (text: string) => re2.test(text);
  const charged: Test = (text, budget) => {
    budget?.take(instructions * text.length);
    return test(text);
  };
  const remembered = memo(kept.texts, charged);
  return (text, budget) => {
    if (text.length <= kept.characters) return remembered(text, budget);
    return charged(text.length > maxSize.subject ? text.slice(0, maxSize.subject) : text, budget);
  };
}

/** `.*literal.*`: both `.*` are optional, and the literal may contain escapes. */
const plainBranch = /^(\^?)(\.\*)?((?:[\w \-/:@%,;~#&=!<>"']|\\[.\-+*?()[\]{}|^$\\])*)(\.\*)?(\$?)$/;

/**
 * Tests simple patterns without RE2. Most patterns in practice are words, alternatives of words, or words with `.*` around.
 * String comparison is ten times faster for them than the automaton.
 */
function plainTest(pattern: string, whole: boolean): ((text: string) => boolean) | undefined {
  const branches = pattern.split("|").map((branch) => plainBranch.exec(branch));
  const words = new Set<string>();
  const tests: ((text: string) => boolean)[] = [];
  for (const branch of branches) {
    // An escaped `|` was split too. It leaves a single backslash, which `plainBranch` never matches.
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
