import { epochMs as t0, incidentOf, pagerdutyTraits } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { urgency } from "../incidents/event.ts";
import { deriveState } from "./derive-state.ts";
import { repairLateAttempts } from "./late-attempts.ts";
import type { DueTerms } from "./next-action.ts";

const hour = 3_600_000;
const terms: DueTerms = {
  traits: pagerdutyTraits,
  retrigger: "severity",
  groupUpdates: true,
  pageResolved: "never",
  remind: 4 * hour,
  staleAfter: 24 * hour,
};
const over = { status: "resolved" } as const;
const planned = (given: Parameters<typeof incidentOf>[0], nowMs = t0) => deriveState(incidentOf(given), terms, nowMs);

describe("a request of an owner that lost its lease", () => {
  const late = { token: 3, action: "trigger", untilMs: t0 + 40_000 } as const;
  test("is checked when it can no longer arrive", () => {
    expect(planned({ told: { event: "resolve" }, wanted: over, lateAttempts: [late] })).toMatchObject({
      state: "closed",
      dueAtMs: t0 + 40_000,
    });
    expect(planned({ told: {}, lateAttempts: [late] }).dueAtMs).toBe(t0 + 40_000);
  });

  test.each([
    ["trigger", "resolve", true],
    ["trigger", "acknowledge", false],
    ["trigger", "trigger", false],
    ["resolve", "trigger", true],
    ["resolve", "acknowledge", true],
    ["resolve", "resolve", false],
    // A receiver drops an acknowledge of a resolved incident, and a trigger does not undo one.
    ["acknowledge", "resolve", false],
    ["acknowledge", "trigger", false],
    ["acknowledge", "acknowledge", false],
  ] as const)("a late %s after a certain %s is repaired: %s", (action, event, repeat) => {
    const incident = incidentOf({ told: { event }, lateAttempts: [{ ...late, action }] });
    expect(repairLateAttempts(incident, () => true)).toMatchObject({ repeat, lateAttempts: [] });
  });

  test("a late resolve after an acknowledge of unknown effect is repaired: a closed incident drops the acknowledge", () => {
    const told = { event: "acknowledge", certain: false } as const;
    const repaired = (action: "resolve" | "acknowledge") =>
      repairLateAttempts(incidentOf({ told, lateAttempts: [{ ...late, action }] }), () => true).repeat;
    expect([repaired("resolve"), repaired("acknowledge")]).toEqual([true, false]);
  });

  test("that arrived before the last event was sent needs no repair", () => {
    for (const [sinceMs, repeat] of [
      [late.untilMs, true],
      [late.untilMs + 1, false],
    ] as const) {
      const incident = incidentOf({ told: { event: "resolve", sinceMs, atMs: sinceMs + 9 }, lateAttempts: [late] });
      expect(repairLateAttempts(incident, () => true)).toMatchObject({ repeat, lateAttempts: [] });
    }
  });

  test("that differs from the delivered event makes that event be sent again", () => {
    const incident = incidentOf({ told: { event: "resolve" }, wanted: over, lateAttempts: [late] });
    const repaired = repairLateAttempts(incident, () => true);
    expect(repaired).toMatchObject({ repeat: true, lateAttempts: [] });
    expect(deriveState(repaired, terms, t0)).toMatchObject({ state: "due", urgency: urgency.followUp });
  });

  test("that was the same event needs no repair", () => {
    expect(repairLateAttempts(incidentOf({ told: {}, lateAttempts: [late] }), () => true)).toMatchObject({
      repeat: false,
      lateAttempts: [],
    });
  });

  test("needs no repair if the delivered event is uncertain, since it is sent again anyway", () => {
    const incident = incidentOf({ told: { event: "resolve", certain: false }, wanted: over, lateAttempts: [late] });
    expect(repairLateAttempts(incident, () => true)).toMatchObject({ repeat: false, lateAttempts: [] });
  });

  test("that had other text makes the current text be sent again", () => {
    const told = { content: "new" };
    const old = { ...late, content: "old" };
    expect(repairLateAttempts(incidentOf({ told, lateAttempts: [old] }), () => true).repeat).toBe(true);
    // If the late text is unknown, it may have been different.
    expect(repairLateAttempts(incidentOf({ told, lateAttempts: [late] }), () => true).repeat).toBe(true);
    expect(
      repairLateAttempts(incidentOf({ told, lateAttempts: [{ ...late, content: "new" }] }), () => true).repeat,
    ).toBe(false);
  });

  test("that was a trigger of an earlier episode counts as maybe delivered if this one ended undelivered", () => {
    const untold = incidentOf({ told: null, wanted: over, lateAttempts: [late] });
    expect(deriveState(untold, terms, t0)).toMatchObject({ state: "not_told", dueAtMs: t0 + 40_000 });
    const repaired = repairLateAttempts(untold, () => true);
    expect(repaired.told).toMatchObject({ event: "trigger", certain: false });
    expect(deriveState({ ...repaired, dueAtMs: null }, terms, t0)).toMatchObject({ state: "due", reason: "ambiguous" });
    const resolve = { ...late, action: "resolve" } as const;
    expect(planned({ told: null, wanted: over, lateAttempts: [resolve] }).dueAtMs).toBeNull();
    expect(repairLateAttempts(incidentOf({ told: null, lateAttempts: [late] }), () => true).told).toBeNull();
  });

  test("is kept until then", () => {
    const incident = incidentOf({ told: { event: "resolve" }, lateAttempts: [late] });
    expect(repairLateAttempts(incident, () => false)).toBe(incident);
    const two = incidentOf({ told: { event: "resolve" }, lateAttempts: [late, { ...late, token: 4 }] });
    expect(repairLateAttempts(two, ({ token }) => token === 3).lateAttempts).toEqual([{ ...late, token: 4 }]);
  });
});
