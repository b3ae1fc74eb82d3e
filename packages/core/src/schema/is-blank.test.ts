import { expect, test } from "vitest";
import { isBlank } from "./is-blank.ts";

test.each([
  ["", true],
  [" \t\n", true],
  ["\u0000\u200b\u0085", true],
  ["a", false],
  ["😀", false],
])("%j is blank: %j", (text, blank) => {
  expect(isBlank(text)).toBe(blank);
});
