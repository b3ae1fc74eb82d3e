import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mrkdwnDate, mrkdwnText, mrkdwnLine, mrkdwnLink } from "./mrkdwn.ts";

describe("a text of another vendor", () => {
  test.each([
    ["<!channel> a & b", "&lt;!channel&gt; a &amp; b"],
    ["&amp;", "&amp;amp;"],
    ["a\u0000b\u001b[31mc\nd\te", "a b [31mc\nd\te"],
    ["lone \ud800 one", "lone \ufffd one"],
    ["", ""],
  ])("%j is %j", (text, escaped) => {
    expect(mrkdwnText(text, 100)).toBe(escaped);
  });

  test.each([
    ["abcd", 4, "abcd"],
    ["abcde", 4, "abc…"],
    ["<<", 8, "&lt;&lt;"],
    ["<<", 7, "&lt;…"],
    ["a😀", 3, "a😀"],
    ["a😀b", 3, "a…"],
    ["a😀😀", 4, "a😀…"],
  ])("%j in %i is %j", (text, most, cut) => {
    expect(mrkdwnText(text, most)).toBe(cut);
  });

  test("is put on one line if requested", () => {
    expect(mrkdwnLine(" a\n\n b\tc ", 20)).toBe(" a b c ");
  });

  const hostile = fc.array(fc.constantFrom("&", "<", ">", "😀", "\ud800", "\u0000", "a", "é"), { maxLength: 60 });

  test("fits, is well-formed, and begins like the whole text, for any text", () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 50 }), (characters, most) => {
        const text = characters.join("");
        const cut = mrkdwnText(text, most);
        expect(cut.length).toBeLessThanOrEqual(most);
        expect(cut.isWellFormed()).toBe(true);
        expect(cut.replaceAll(/&(amp|lt|gt);/g, "")).not.toMatch(/[&<>]/);
        expect(mrkdwnText(text, 1_000).startsWith(cut.replace(/…$/, ""))).toBe(true);
      }),
    );
  });
});

test("no address can end its link", () => {
  expect(mrkdwnLink(new URL("https://a.example.com/x|y>z<?q=1&r=|>").href, "Runbook")).toBe(
    "<https://a.example.com/x%7Cy%3Ez%3C?q=1&amp;r=%7C%3E|Runbook>",
  );
});

test.each([
  [Date.UTC(2026, 10, 23, 3, 0, 0, 250), "<!date^1795402800^{date_short_pretty} {time_secs}|2026-11-23T03:00:00.000Z>"],
  [Number.NaN, undefined],
  [-1, undefined],
  [Number.POSITIVE_INFINITY, undefined],
  [8.64e15, undefined],
])("the instant %d is shown as %s", (atMs, shown) => {
  expect(mrkdwnDate(atMs)).toBe(shown);
});
