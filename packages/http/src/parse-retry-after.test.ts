import { describe, expect, test } from "vitest";
import { parseRetryAfter } from "./parse-retry-after.ts";

describe("a Retry-After header", () => {
  const nowMs = Date.UTC(1994, 10, 6, 8, 49, 0);

  test.each([
    ["0", 0],
    ["120", 120_000],
    [" 5 ", 5000],
    ["1.5", 1500],
    ["0.0001", 1],
    ["3601", 3_601_000],
    ["9".repeat(400), Number.POSITIVE_INFINITY],
    ["Sun, 06 Nov 1994 08:49:37 GMT", 37_000],
    ["Sunday, 06-Nov-94 08:49:37 GMT", 37_000],
    ["Sun Nov  6 08:49:37 1994", 37_000],
    ["Sun, 06 Nov 1994 08:48:00 GMT", 0],
    ["", undefined],
    ["-5", undefined],
    ["1e3", undefined],
    ["1.", undefined],
    ["5s", undefined],
    ["soon", undefined],
    ["Someday, GMT", undefined],
    ["2026-01-01T00:00:00Z", undefined],
    [null, undefined],
    [undefined, undefined],
  ])("%j asks for a wait of %s ms", (header, ms) => {
    expect(parseRetryAfter(header, nowMs)).toBe(ms);
  });

  test("in the oldest form of a date means GMT, whatever the zone of this machine", () => {
    const zone = process.env["TZ"];
    try {
      process.env["TZ"] = "Asia/Tokyo";
      expect(parseRetryAfter("Sun Nov  6 08:49:37 1994", nowMs)).toBe(37_000);
    } finally {
      if (zone === undefined) delete process.env["TZ"];
      else process.env["TZ"] = zone;
    }
  });
});
