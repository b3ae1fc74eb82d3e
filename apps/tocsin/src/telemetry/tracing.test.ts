import { describe, expect, test } from "vitest";
import { formatTraceparent, parseTraceparent, traceIdOf } from "./tracing.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const spanId = "00f067aa0ba902b7";
const whole = `00-${traceId}-${spanId}-01`;

describe("a traceparent", () => {
  test.each([
    [whole, 1],
    [`00-${traceId}-${spanId}-00`, 0],
    [`00-${traceId}-${spanId}-03`, 1],
    [`00-${traceId}-${spanId}-fe`, 0],
    // A later version may have more fields.
    [`01-${traceId}-${spanId}-01`, 1],
    [`cc-${traceId}-${spanId}-01-what-the-future-brings`, 1],
  ])("%s is read", (text, traceFlags) => {
    expect(parseTraceparent(text)).toEqual({ traceId, spanId, traceFlags });
  });

  test.each([
    "",
    "garbage",
    `ff-${traceId}-${spanId}-01`,
    `00-${"0".repeat(32)}-${spanId}-01`,
    `00-${traceId}-${"0".repeat(16)}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${traceId}-${spanId}-1`,
    `00-${traceId}-${spanId}-01-more`,
    `01-${traceId}-${spanId}-011`,
    `00-${traceId}-${spanId}`,
    ` ${whole}`,
    `${whole},${whole}`,
    `${whole}\n`,
  ])("%j is not valid", (text) => {
    expect(parseTraceparent(text)).toBeUndefined();
  });

  test("is written as it was read, and names its trace", () => {
    expect(formatTraceparent(parseTraceparent(whole)!)).toBe(whole);
    expect(traceIdOf(whole)).toBe(traceId);
  });
});
