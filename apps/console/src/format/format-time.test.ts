import { expect, test } from "vitest";
import { formatTime, formatUtcTime } from "./format-time.ts";

const now = new Date(2026, 10, 30, 3, 7, 12);

test.each([
  [new Date(2026, 10, 30, 3, 7, 2), "03:07:02"],
  [new Date(2026, 10, 30, 0, 0, 0), "00:00:00"],
  [new Date(2026, 10, 29, 23, 59, 59), "Nov 29 23:59"],
  [new Date(2025, 11, 31, 23, 50), "2025 Dec 31 23:50"],
])("shows %s with the day unless it is today: %s", (at, text) => {
  expect(formatTime(at, now)).toBe(text);
});

test("shows UTC in full", () => {
  expect(formatUtcTime(new Date("2026-11-30T03:07:12.345Z"))).toBe("2026-11-30 03:07:12 UTC");
});
