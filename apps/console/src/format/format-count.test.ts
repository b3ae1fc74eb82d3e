import { expect, test } from "vitest";
import { countOf, formatCount, formatRate } from "./format-count.ts";

test.each([
  [0, "0"],
  [999, "999"],
  [1_000, "1\u202F000"],
  [1_234_567, "1\u202F234\u202F567"],
])("%d is shown as %s", (count, text) => {
  expect(formatCount(count)).toBe(text);
});

test.each([
  [0, "0"],
  [0.44, "0.4"],
  [9.96, "10.0"],
  [12.4, "12"],
])("a rate of %d is shown as %s", (rate, text) => {
  expect(formatRate(rate)).toBe(text);
});

test("uses the plural for all counts but one", () => {
  expect([0, 1, 2].map((count) => countOf(count, "alert"))).toEqual(["0 alerts", "1 alert", "2 alerts"]);
});
