import { RE2JS, RE2JSException } from "re2js";
import { memo } from "./memo.ts";

/** Tells whether a text matches. */
export type Test = (text: string) => boolean;

/**
 * Longest pattern, and the longest text that is judged whole; of a longer one its start is. Time is linear in both: a usual
 * pattern takes microseconds, the worst that we could write (`(a|b)*a(a|b){200}c`) a quarter of a second.
 */
export const longest = { pattern: 1_000, subject: 4_096 };

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
  return plainTest(pattern, whole) ?? re2Test(pattern, whole);
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
  const test: Test = whole ? (text) => re2.testExact(text) : (text) => re2.test(text);
  const remembered = memo(kept.texts, test);
  return (text) => {
    if (text.length <= kept.characters) return remembered(text);
    return test(text.length > longest.subject ? text.slice(0, longest.subject) : text);
  };
}

/** `.*literal.*`, either star optional, the literal possibly escaped. */
const plainBranch = /^(\^?)(\.\*)?((?:[\w \-/:@%,;~#&=!<>"']|\\[.\-+*?()[\]{}|^$\\])*)(\.\*)?(\$?)$/;

/**
 * Most patterns in practice are words, alternatives of words, or words with `.*` around. String comparison judges them
 * ten times faster than the automaton.
 */
function plainTest(pattern: string, whole: boolean): Test | undefined {
  const branches = pattern.split("|").map((branch) => plainBranch.exec(branch));
  const words = new Set<string>();
  const tests: Test[] = [];
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
