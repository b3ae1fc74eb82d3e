import { type Urgency, urgencies, urgency } from "@tocsin/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emptyUse, reserveOf, limiterRoom, type Window } from "./limiter.ts";

const pagerduty = { reserve: 0.2 };

const windowOf = (used: Partial<Record<Urgency, number>>, waiting: readonly Urgency[] = []): Window => ({
  used: { ...emptyUse(), ...used },
  waiting: new Set(waiting),
});

const { criticalTrigger, criticalFollowUp, errorTrigger, followUp, warningTrigger, infoTrigger, reminder } = urgency;

describe("the reserve for criticals", () => {
  test("is its share of the limit, rounded down, and at least 1 if the limit allows 2", () => {
    expect([120, 50, 10, 5, 4, 2].map((limit) => reserveOf(limit, 0.2))).toEqual([24, 10, 2, 1, 1, 1]);
    expect(reserveOf(1, 0.2)).toBe(0);
    expect(reserveOf(120, 0)).toBe(0);
    expect(reserveOf(120, 1)).toBe(120);
  });

  test("is left alone by everything else", () => {
    expect(limiterRoom(120, pagerduty, windowOf({}, [warningTrigger]), warningTrigger)).toBe(96);
    expect(limiterRoom(120, pagerduty, windowOf({ [warningTrigger]: 96 }), warningTrigger)).toBe(0);
    expect(limiterRoom(120, pagerduty, windowOf({ [warningTrigger]: 96 }), criticalTrigger)).toBe(24);
  });

  test("shrinks by the critical triggers that were sent", () => {
    expect(limiterRoom(120, pagerduty, windowOf({ [criticalTrigger]: 24, [warningTrigger]: 50 }), warningTrigger)).toBe(
      46,
    );
    expect(limiterRoom(120, pagerduty, windowOf({ [criticalTrigger]: 60 }), warningTrigger)).toBe(60);
  });
});

describe("a waiting urgency is guaranteed", () => {
  test("a tenth of the window for resolves and acknowledges together", () => {
    const storm = windowOf({}, [criticalTrigger, followUp]);
    expect(limiterRoom(120, pagerduty, storm, criticalTrigger)).toBe(108);
    const half = windowOf({ [criticalTrigger]: 108 }, [criticalTrigger, followUp]);
    expect(limiterRoom(120, pagerduty, half, criticalTrigger)).toBe(0);
    expect(limiterRoom(120, pagerduty, half, followUp)).toBe(12);
    const both = windowOf({ [criticalTrigger]: 108, [criticalFollowUp]: 5 }, [criticalTrigger, followUp]);
    expect(limiterRoom(120, pagerduty, both, followUp)).toBe(7);
  });

  test("the same for either of the two, and neither keeps anything free for the other", () => {
    const waiting = [criticalTrigger, criticalFollowUp];
    expect(limiterRoom(120, pagerduty, windowOf({ [criticalTrigger]: 108 }, waiting), criticalFollowUp)).toBe(12);
    const used = { [criticalTrigger]: 100, [criticalFollowUp]: 3, [followUp]: 4 };
    expect(limiterRoom(120, pagerduty, windowOf(used, waiting), criticalTrigger)).toBe(8);
    const ends = windowOf({}, [criticalFollowUp, followUp]);
    expect([criticalFollowUp, followUp].map((of) => limiterRoom(120, pagerduty, ends, of))).toEqual([96, 96]);
  });

  test("one attempt, for every other class", () => {
    const all = windowOf({ [criticalTrigger]: 100 }, [
      criticalTrigger,
      errorTrigger,
      warningTrigger,
      infoTrigger,
      reminder,
    ]);
    expect(limiterRoom(120, pagerduty, all, criticalTrigger)).toBe(16);
    const full = windowOf({ [criticalTrigger]: 119 }, [criticalTrigger, infoTrigger]);
    expect(limiterRoom(120, pagerduty, full, criticalTrigger)).toBe(0);
    expect(limiterRoom(120, pagerduty, full, infoTrigger)).toBe(1);
  });

  test("nothing more if it had its attempt already; an urgency that does not wait is guaranteed nothing", () => {
    expect(limiterRoom(120, pagerduty, windowOf({}, [criticalTrigger]), criticalTrigger)).toBe(120);
    const had = windowOf({ [infoTrigger]: 1 }, [criticalTrigger, infoTrigger]);
    expect(limiterRoom(120, pagerduty, had, criticalTrigger)).toBe(119);
  });
});

describe("a limit", () => {
  test("that is 0 means no limit", () => {
    expect(limiterRoom(0, pagerduty, windowOf({ [warningTrigger]: 1_000_000 }), warningTrigger)).toBe(
      Number.POSITIVE_INFINITY,
    );
  });

  test("that is 1 gives its one attempt to a critical trigger, whatever else waits", () => {
    const waiting = [criticalTrigger, followUp, warningTrigger];
    expect(limiterRoom(1, pagerduty, windowOf({}, waiting), criticalTrigger)).toBe(1);
    expect(limiterRoom(1, pagerduty, windowOf({ [criticalTrigger]: 1 }, waiting), warningTrigger)).toBe(0);
  });

  test("that is 1 gives it to any waiting urgency if no critical trigger waits", () => {
    for (const of of [followUp, errorTrigger, warningTrigger, reminder])
      expect(limiterRoom(1, pagerduty, windowOf({}, [of]), of)).toBe(1);
  });
});

const anyUse = fc.record(Object.fromEntries(urgencies.map((each) => [each, fc.nat(40)]))) as fc.Arbitrary<
  Record<Urgency, number>
>;
const anyWindow = fc
  .tuple(anyUse, fc.subarray([...urgencies]))
  .map(([used, waiting]): Window => ({ used, waiting: new Set(waiting) }));
const anyUrgency = fc.constantFrom(...urgencies);
const anyLimit = fc.integer({ min: 1, max: 200 });
const totalOf = (window: Window): number => Object.values(window.used).reduce((sum, each) => sum + each, 0);

test("no urgency gets more than the rest of the limit", () => {
  fc.assert(
    fc.property(anyLimit, anyWindow, anyUrgency, (limit, window, of) => {
      const found = limiterRoom(limit, pagerduty, window, of);
      expect(found).toBeGreaterThanOrEqual(0);
      expect(found).toBeLessThanOrEqual(Math.max(0, limit - totalOf(window)));
    }),
  );
});

/** Fills one window, class by class, in order of urgency, as far as each has room. */
function fill(limit: number, waiting: readonly Urgency[]): Window {
  const used = emptyUse();
  for (const of of urgencies) {
    const taken = waiting.includes(of) ? limiterRoom(limit, pagerduty, { used, waiting: new Set(waiting) }, of) : 0;
    used[of] += taken;
  }
  return { used, waiting: new Set(waiting) };
}

test("in each window every waiting class gets an attempt if the limit has room for all of them", () => {
  fc.assert(
    fc.property(fc.integer({ min: 7, max: 200 }), fc.subarray([...urgencies]), (limit, waiting) => {
      const { used } = fill(limit, waiting);
      const alone = (of: Urgency): boolean => of !== followUp || !waiting.includes(criticalFollowUp);
      for (const of of waiting.filter(alone)) expect([of, used[of]]).not.toEqual([of, 0]);
    }),
  );
});

test("critical triggers still have their reserve after others filled the window", () => {
  const others = urgencies.filter((each) => each !== criticalTrigger);
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 200 }), fc.subarray(others), (limit, waiting) => {
      const window = fill(limit, waiting);
      const withCritical = { ...window, waiting: new Set([...waiting, criticalTrigger]) };
      expect(limiterRoom(limit, pagerduty, withCritical, criticalTrigger)).toBeGreaterThanOrEqual(
        reserveOf(limit, 0.2),
      );
    }),
  );
});
