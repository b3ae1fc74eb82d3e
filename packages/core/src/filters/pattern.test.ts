import fc from "fast-check";
import { RE2JS } from "re2js";
import { describe, expect, test } from "vitest";
import { compilePattern, InvalidPattern, maxSize } from "./pattern.ts";

describe("a pattern", () => {
  test.each([
    ["foo", "foo", true, true],
    ["foo", "foobar", false, true],
    ["api|web", "web", true, true],
    ["api|web", "webs", false, true],
    ["^Kube", "KubePodCrashLooping", false, true],
    ["prod-.*", "prod-eu\n1", true, true],
    [".*Crash.*", "KubePodCrashLooping", true, true],
    ["", "", true, true],
    ["", "x", false, true],
    ["(?i)CRIT", "crit", true, true],
    ["[[:alpha:]]+", "abc", true, true],
    ["a\\.b", "axb", false, false],
    ["\\Qa|b\\E", "a|b", true, true],
    ["a\\|b", "a|b", true, true],
    ["a\\|b", "b", false, false],
  ])("%j against %j: whole %j, part %j", (pattern, text, whole, part) => {
    expect(compilePattern(pattern, { whole: true })(text)).toBe(whole);
    expect(compilePattern(pattern, { whole: false })(text)).toBe(part);
  });

  test.each(["a(", "(?=x)", "(a)\\1", "x{1001}", "x".repeat(maxSize.pattern + 1), "[z-a]", "[a-z]x{900}".repeat(6)])(
    "%s is refused",
    (pattern) => {
      expect(() => compilePattern(pattern, { whole: true })).toThrow(InvalidPattern);
    },
  );

  test("tested by comparing strings gives the same result as the automaton", () => {
    const piece = fc.constantFrom(
      "a",
      "b",
      "ab",
      ".*",
      "|",
      "^",
      "$",
      "\\.",
      ".",
      "-",
      "\\|",
      "x",
      "\\\\",
      "(a|b)",
      " ",
    );
    const pattern = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(""));
    const text = fc.string({ unit: fc.constantFrom("a", "b", "x", ".", "-", "|", "\\", "\n", " "), maxLength: 6 });
    fc.assert(
      fc.property(pattern, text, (source, subject) => {
        let automaton: RE2JS;
        try {
          automaton = RE2JS.compile(source, RE2JS.DOTALL);
        } catch {
          return;
        }
        expect(compilePattern(source, { whole: true })(subject)).toBe(automaton.matches(subject));
        expect(compilePattern(source, { whole: false })(subject)).toBe(automaton.matcher(subject).find());
      }),
      { numRuns: 3_000 },
    );
  });

  test("that would backtrack for hours ends at once, also on a long text", () => {
    const slow = compilePattern("(a+)+(b+)+c", { whole: true });
    expect(slow("a".repeat(1_000_000))).toBe(false);
  });
});
