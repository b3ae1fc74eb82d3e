import { expect, test } from "vitest";
import { wordsOf } from "./words-of.ts";

test.each([
  ["waiting_limit", "waiting limit"],
  ["told", "delivered"],
  ["not_told", "not sent"],
  ["constructor", "constructor"],
])("%s is %s", (name, text) => {
  expect(wordsOf(name)).toBe(text);
});
