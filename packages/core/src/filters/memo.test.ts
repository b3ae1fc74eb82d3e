import { expect, test } from "vitest";
import { memo } from "./memo.ts";

test("a memo computes each text once, and empties its cache instead of growing", () => {
  const asked: string[] = [];
  const size = memo(2, (text) => {
    asked.push(text);
    return text.length;
  });
  expect(["a", "bb", "a", "bb", "ccc", "a"].map((text) => size(text))).toEqual([1, 2, 1, 2, 3, 1]);
  expect(asked).toEqual(["a", "bb", "ccc", "a"]);
});

test("a memo does not cache a failure", () => {
  let fails = true;
  const make = memo(2, (text) => {
    if (fails) throw new Error("no");
    return text;
  });
  expect(() => make("a")).toThrow("no");
  fails = false;
  expect(make("a")).toBe("a");
});
