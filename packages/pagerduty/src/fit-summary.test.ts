import fc from "fast-check";
import { expect, test } from "vitest";
import { cutText, fitsCodePoints, fitSummary } from "./fit-summary.ts";

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
const split = (text: string) => Array.from(graphemes.segment(text), ({ segment }) => segment);
const codePoints = (whole: string) => Array.from(whole).length;
const family = "👨‍👩‍👧‍👦";
const flag = "🇩🇪";

test.each([
  ["1,024 letters", "x".repeat(1024)],
  ["1,024 code points of two units each", "😀".repeat(1024)],
  ["nothing", ""],
])("%s stay as they are", (_, text) => {
  expect(fitSummary(text)).toBe(text);
});

test.each([
  ["1,025 letters", "x".repeat(1025), `${"x".repeat(1023)}…`],
  ["1,025 code points of two units each", "😀".repeat(1025), `${"😀".repeat(1023)}…`],
  ["a family across the limit", "x".repeat(1020) + family, `${"x".repeat(1020)}…`],
  ["a family that ends just at the cut", `${"x".repeat(1016)}${family}yz`, `${"x".repeat(1016)}${family}…`],
  ["a flag across the limit", `${"x".repeat(1022)}${flag}y`, `${"x".repeat(1022)}…`],
  ["an accent across the limit", `${"x".repeat(1022)}e\u0301y`, `${"x".repeat(1022)}…`],
  ["CR LF across the limit", `${"x".repeat(1022)}\r\nyy`, `${"x".repeat(1022)}…`],
  ["one letter under 2,000 accents", `e${"\u0301".repeat(2000)}`, `e${"\u0301".repeat(1022)}…`],
])("%s are cut at a whole character", (_, text, cut) => {
  expect(fitSummary(text)).toBe(cut);
});

test.each([
  ["\ud800", "\ufffd"],
  ["a\udc00b", "a\ufffdb"],
  [`${"x".repeat(1022)}\ud800yy`, `${"x".repeat(1022)}\ufffd…`],
  [`${"x".repeat(1023)}\ud83dy`, `${"x".repeat(1023)}…`],
])("%j has its lone surrogates replaced", (text, fitted) => {
  expect(fitSummary(text)).toBe(fitted);
});

test("cuts 20 MB without reading all of it", () => {
  expect(fitSummary("😀x".repeat(5_000_000))).toHaveLength(512 * 2 + 511 + 1);
});

const text = fc.array(fc.constantFrom("a", "é", "e\u0301", "😀", family, flag, "\r\n", "\ud800", "각"), {
  maxLength: 40,
});

test("a text that fits stays, apart from its lone surrogates", () => {
  fc.assert(
    fc.property(text, (pieces) => {
      const whole = pieces.join("");
      expect(cutText(whole, codePoints(whole))).toBe(whole.toWellFormed());
    }),
  );
});

test("a cut text is as long as possible, well-formed, and equals the start of the whole text", () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 2, max: 60 }), (pieces, most) => {
      const whole = pieces.join("");
      const characters = split(whole.toWellFormed());
      fc.pre(!fitsCodePoints(whole, most) && codePoints(characters[0]!) < most);
      const cut = cutText(whole, most);
      expect([cut.isWellFormed(), cut.endsWith("…")]).toEqual([true, true]);
      const kept = split(cut.slice(0, -1)).length;
      expect(cut).toBe(`${characters.slice(0, kept).join("")}…`);
      expect(codePoints(cut)).toBeLessThanOrEqual(most);
      expect(codePoints(characters.slice(0, kept + 1).join("")) + 1).toBeGreaterThan(most);
    }),
    { numRuns: 500 },
  );
});

test("fitsCodePoints counts code points", () => {
  expect([
    fitsCodePoints("😀😀", 2),
    fitsCodePoints("😀😀", 1),
    fitsCodePoints("", 0),
    fitsCodePoints("ab", 1),
  ]).toEqual([true, false, true, false]);
});
