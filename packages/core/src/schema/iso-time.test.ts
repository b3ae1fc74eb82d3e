import { expect, test } from "vitest";
import { isoTime } from "./iso-time.ts";

test.each([
  [0, "1970-01-01T00:00:00.000Z"],
  [Number.NaN, undefined],
  [8.64e15 + 1, undefined],
  [Infinity, undefined],
])("%d ms is %j", (ms, text) => {
  expect(isoTime(ms)).toBe(text);
});
