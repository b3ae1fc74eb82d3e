import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { effectiveLimit, type Throttle, throttled, unpaused, unthrottled } from "./throttle.ts";

const t0 = Date.UTC(2026, 0, 1);
const minute = 60_000;
const answered429 = (
  throttle: Throttle,
  at: { startedAtMs?: number; nowMs?: number; waitMs?: number; limit?: number },
) => throttled(throttle, { startedAtMs: t0, nowMs: t0, waitMs: 30_000, limit: 120, ...at });

const paused = answered429(unthrottled, {});

describe("a 429", () => {
  test("pauses the credential for as long as it asks", () => {
    expect(paused).toMatchObject({ pausedAtMs: t0, pausedUntilMs: t0 + 30_000, probe: null });
  });

  test("halves the limit once per pause, however many attempts were in flight", () => {
    expect(effectiveLimit(paused, 120, t0)).toBe(60);
    const again = answered429(paused, { startedAtMs: t0 - 1, nowMs: t0 + 5_000 });
    expect(effectiveLimit(again, 120, t0)).toBe(60);
    expect(again.pausedUntilMs).toBe(t0 + 35_000);
  });

  test("for an attempt that began before the pause never shortens it", () => {
    expect(answered429(paused, { startedAtMs: t0 - 1, nowMs: t0 + 1, waitMs: 1 }).pausedUntilMs).toBe(t0 + 30_000);
  });

  test("for the probe begins another pause and halves the limit again", () => {
    const probe = answered429(paused, { startedAtMs: t0 + 30_000, nowMs: t0 + 30_100 });
    expect(effectiveLimit(probe, 120, t0 + 30_100)).toBe(30);
    expect(probe.pausedUntilMs).toBe(t0 + 60_100);
  });

  test("for an attempt that began at the same instant as the pause begins another pause", () => {
    expect(effectiveLimit(answered429(paused, { nowMs: t0 + 1 }), 120, t0 + 1)).toBe(30);
    expect(unpaused(paused, t0)).toMatchObject({ pausedAtMs: null, pausedUntilMs: null });
  });

  test("never lowers the limit below 1", () => {
    let throttle: Throttle = unthrottled;
    for (let pause = 0; pause < 20; pause++) {
      const nowMs = t0 + pause * 31_000;
      throttle = answered429(throttle, { startedAtMs: nowMs, nowMs });
    }
    expect(throttle.limit).toBe(1);
  });

  test("pauses a credential without a limit, and sets no limit", () => {
    const unlimited = answered429(unthrottled, { limit: 0 });
    expect(unlimited.pausedUntilMs).toBe(t0 + 30_000);
    expect(unlimited.limit).toBeNull();
    expect(effectiveLimit(unlimited, 0, t0)).toBe(0);
    expect(effectiveLimit(paused, 0, t0), "the limit was removed since").toBe(0);
  });
});

describe("the limit after a halving", () => {
  test("grows by a tenth of the full limit with each minute without a 429, up to the full limit", () => {
    const limits = [0, 0.99, 1, 2, 4, 5, 50].map((minutes) => effectiveLimit(paused, 120, t0 + minutes * minute));
    expect(limits).toEqual([60, 60, 72, 84, 108, 120, 120]);
  });

  test("is never above the limit, nor below 1, nor less as time passes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.nat(100), fc.nat(100), (limit, earlier, later) => {
        const throttle = answered429(unthrottled, { limit });
        const [first, second] = [earlier, earlier + later].map((m) => effectiveLimit(throttle, limit, t0 + m * minute));
        expect(first).toBeGreaterThanOrEqual(1);
        expect(second).toBeGreaterThanOrEqual(first ?? 0);
        expect(second).toBeLessThanOrEqual(limit);
      }),
    );
  });
});

describe("an answer that is not a 429", () => {
  test("ends the pause and keeps the lowered limit", () => {
    const over = unpaused(paused, t0 + 30_000);
    expect(over).toMatchObject({ pausedAtMs: null, pausedUntilMs: null, probe: null });
    expect(effectiveLimit(over, 120, t0)).toBe(60);
  });

  test("to an attempt that began before the pause does not end it", () => {
    expect(unpaused(paused, t0 - 1)).toBe(paused);
  });

  test("without a pause changes nothing", () => {
    expect(unpaused(unthrottled, t0)).toBe(unthrottled);
  });
});
