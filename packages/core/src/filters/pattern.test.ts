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

  test("that would backtrack for hours ends at once, also on a long text", () => {
    const slow = compilePattern("(a+)+(b+)+c", { whole: true });
    expect(slow("a".repeat(1_000_000))).toBe(false);
  });
});
