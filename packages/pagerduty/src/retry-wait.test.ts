import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  PagerDutyApiError,
  PagerDutyNetworkError,
  PagerDutyRateLimitError,
  PagerDutyValidationError,
} from "./errors.ts";
import { retryPolicy, retryWaitMs } from "./retry-wait.ts";

const policy = retryPolicy();
const almostOne = () => 1 - Number.EPSILON;
const lost = new PagerDutyNetworkError("reset", "", { requestSent: true });

describe("the wait after an attempt", () => {
  test("doubles from 100 ms to 5 s, and is random below that", () => {
    const ceilings = Array.from({ length: 9 }, (_, i) =>
      retryWaitMs(lost, i + 1, retryPolicy({ retries: 9 }), almostOne),
    );
    expect(ceilings.map((ms) => Math.round(ms!))).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
    expect(retryWaitMs(lost, 3, policy, () => 0)).toBe(0);
    expect(retryWaitMs(lost, 3, policy, () => 0.5)).toBe(200);
  });

  test("ends after the third retry", () => {
    expect([retryWaitMs(lost, 3, policy, almostOne), retryWaitMs(lost, 4, policy, almostOne)]).toEqual([
      expect.any(Number),
      undefined,
    ]);
  });

  test("is none when there are no retries", () => {
    expect(retryWaitMs(lost, 1, retryPolicy({ retries: 0 }), almostOne)).toBeUndefined();
  });

  test.each([
    ["a validation error", new PagerDutyValidationError("invalid_event", [])],
    ["a 400", new PagerDutyApiError(400, "")],
    ["a 413 with Retry-After", new PagerDutyApiError(413, "", { retryAfterMs: 1 })],
  ])("is none after %s", (_, error) => {
    expect(retryWaitMs(error, 1, policy, almostOne)).toBeUndefined();
  });

  test("is 30 s after a 429 without Retry-After", () => {
    expect(retryWaitMs(new PagerDutyRateLimitError("", { status: 429 }), 1, policy, almostOne)).toBe(30_000);
  });

  test.each([
    ["a 429", new PagerDutyRateLimitError("", { status: 429, retryAfterMs: 7000 }), 7000],
    ["a 503", new PagerDutyApiError(503, "", { retryAfterMs: 7000 }), 7000],
    ["a 429 that names 0 s", new PagerDutyRateLimitError("", { status: 429, retryAfterMs: 0 }), 0],
    ["a 429 that names a day", new PagerDutyRateLimitError("", { status: 429, retryAfterMs: 86_400_000 }), 300_000],
  ])("is the one that %s asked for, within bounds", (_, error, waitMs) => {
    expect(retryWaitMs(error, 1, policy, almostOne)).toBe(waitMs);
  });

  test("stays between 0 and its ceiling", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, random) => {
          const waitMs = retryWaitMs(lost, attempt, retryPolicy({ retries: 1000 }), () => random)!;
          expect(waitMs).toBeGreaterThanOrEqual(0);
          expect(waitMs).toBeLessThan(5000);
        },
      ),
    );
  });
});

test("missing or undefined options have their defaults", () => {
  const retries = undefined as unknown as number;
  expect(retryPolicy({ retries, maxMs: 1 })).toEqual({
    retries: 3,
    initialMs: 100,
    maxMs: 1,
    rateLimitWaitMs: 30_000,
    maxRetryAfterMs: 300_000,
    deadlineMs: 600_000,
  });
});
