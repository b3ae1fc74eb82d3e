import { expect, test } from "vitest";
import { foldText } from "./fold-text.ts";

test("folds long texts only", () => {
  expect(foldText("x".repeat(125), 100)).toBeUndefined();
  expect(foldText("x".repeat(126), 100)).toEqual({ start: "x".repeat(100), hidden: 26 });
});

test("never cuts a character in two", () => {
  const folded = foldText("😀".repeat(100), 51);
  expect(folded).toEqual({ start: "😀".repeat(25), hidden: 150 });
  expect(folded?.start.isWellFormed()).toBe(true);
});
