import fc from "fast-check";
import { RE2JS } from "re2js";
import { expect, test } from "vitest";
import { compilePattern } from "./pattern.ts";

test("a pattern tested by comparing strings gives the same result as the automaton", () => {
  const piece = fc.constantFrom("a", "b", "ab", ".*", "|", "^", "$", "\\.", ".", "-", "\\|", "x", "\\\\", "(a|b)", " ");
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
