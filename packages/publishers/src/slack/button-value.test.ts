import { expect, test } from "vitest";
import { parseButtonValue, printButtonValue } from "./button-value.ts";

test("reads what a button holds", () => {
  const value = { target: "team-a/chat", key: 'a"b\\c' };
  expect(parseButtonValue(printButtonValue(value))).toEqual(value);
});

test.each([undefined, 5, "x", "null", "[]", '{"target":"chat"}', '{"target":"chat","key":""}'])(
  "refuses %j",
  (text) => {
    expect(parseButtonValue(text)).toBeUndefined();
  },
);
