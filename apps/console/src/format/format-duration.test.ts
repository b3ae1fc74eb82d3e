import { expect, test } from "vitest";
import { formatAge, formatDuration } from "./format-duration.ts";

test.each([
  [-5, "0 s"],
  [0, "0 s"],
  [0.4, "1 ms"],
  [850, "850 ms"],
  [1_000, "1 s"],
  [42_900, "42 s"],
  [60_000, "1 min"],
  [185_000, "3 min 5 s"],
  [3_600_000, "1 h"],
  [3_605_000, "1 h"],
  [187_200_000, "2 d 4 h"],
])("%d ms last %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test.each([
  [-1, "0 s"],
  [999, "0 s"],
  [59_999, "59 s"],
  [185_000, "3 min"],
  [7_199_999, "1 h"],
  [187_200_000, "2 d"],
])("an age of %d ms is %s", (ms, text) => {
  expect(formatAge(ms)).toBe(text);
});
