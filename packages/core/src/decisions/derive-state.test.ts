import { epochMs as t0, incidentOf, memberOf, pagerdutyTraits } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { contentRetriggerMs } from "../incidents/delivery-settings.ts";
import { urgency } from "../incidents/event.ts";
import type { Flight, Incident } from "../incidents/incident.ts";
import type { DueTerms } from "./next-action.ts";
import { deriveState, deriveStateAfterChange } from "./derive-state.ts";

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
const flight: Flight = {
  event: { token: 1, atMs: t0 },
  token: 7,
  owner: "w",
  action: "trigger",
  severity: "error",
  sinceMs: t0,
  leaseUntilMs: t0 + 30_000,
};
const failure = { reason: "server", detail: "HTTP 500", atMs: t0 } as const;

const planned = (given: Parameters<typeof incidentOf>[0], nowMs = t0) => deriveState(incidentOf(given), terms, nowMs);

describe("state and reason follow from the facts", () => {
  test.each([
    ["something to tell now", {}, "due", "waiting_turn", t0],
    ["something to tell later", { dueAtMs: t0 + 1 }, "due", "waiting_retry", t0 + 1],
    ["something to tell, never planned", { dueAtMs: null }, "due", "waiting_turn", t0],
    ["told perhaps", { told: { certain: false } }, "due", "ambiguous", t0],
    ["an attempt under way", { flight }, "in_flight", "in_flight", t0 + 30_000],
    ["told, and it fires", { told: {} }, "told", "delivered", t0 + 4 * hour],
    [
      "told, and acknowledged",
      { told: { event: "acknowledge" }, wanted: { acknowledged: true } },
      "told",
      "delivered",
      null,
    ],
    ["told its end", { told: { event: "resolve" }, wanted: over }, "closed", "delivered", null],
    ["a change event told", { kind: "change", told: { event: "change" } }, "closed", "delivered", null],
    ["over before it was told", { wanted: over }, "not_told", "resolved_before_told", null],
    [
      "not told for another reason",
      { wanted: over, state: "not_told", reason: "filtered" },
      "not_told",
      "filtered",
      null,
    ],
    ["dead", { state: "dead", reason: "dead_invalid", dueAtMs: null }, "dead", "dead_invalid", null],
  ] as const)("%s", (_says, given, state, reason, dueAtMs) => {
    expect(planned(given)).toMatchObject({ state, reason, dueAtMs });
  });

  test("what is due has the urgency of what it says, what rests the lowest", () => {
    expect(planned({ wanted: { severity: "critical" } }).urgency).toBe(urgency.criticalTrigger);
    expect(planned({ told: { severity: "critical" }, wanted: over }).urgency).toBe(urgency.criticalFollowUp);
    expect(planned({ told: {} }).urgency).toBe(urgency.reminder);
  });

  test("planning twice changes nothing", () => {
    for (const given of [{}, { told: {} }, { flight }, { wanted: over }, { told: { certain: false } }]) {
      const once = planned(given);
      expect(deriveState(once, terms, t0)).toEqual(once);
    }
  });
});

describe("a reminder", () => {
  test("that failed waits as long as its backoff says", () => {
    const given = { told: { atMs: t0 - 5 * hour }, failures: 1, lastFailure: failure, dueAtMs: t0 + 700 } as const;
    expect(planned(given)).toMatchObject({ state: "told", dueAtMs: t0 + 700 });
  });

  test("is due when it is due, whatever failed before the last event was told", () => {
    expect(planned({ told: { atMs: t0 - 5 * hour }, dueAtMs: null }).dueAtMs).toBe(t0 - hour);
  });
});

describe("after the wanted side changed", () => {
  const changed = (before: Incident, change: Partial<Incident>, nowMs: number) =>
    deriveStateAfterChange(before, { ...before, ...change }, terms, nowMs);
  const waiting = deriveState(incidentOf({ dueAtMs: t0 + 60_000, failures: 3 }), terms, t0);

  test("another action is due at once, whatever backoff the old one was in", () => {
    const told = deriveState(
      incidentOf({ told: {}, wanted: { severity: "critical" }, dueAtMs: t0 + 60_000 }),
      terms,
      t0,
    );
    const after = changed(told, { wanted: { ...told.wanted, ...over } }, t0 + 5);
    expect(after).toMatchObject({ state: "due", reason: "waiting_turn", dueAtMs: t0 + 5 });
  });

  test("the same action stays in its backoff", () => {
    const after = changed(waiting, { members: [memberOf("a", { summary: "other words" })] }, t0 + 5);
    expect(after).toMatchObject({ state: "due", dueAtMs: t0 + 60_000 });
  });

  test("a reminder that failed stays in its backoff whatever is said meanwhile", () => {
    const given = { told: { atMs: t0 - 5 * hour }, failures: 1, lastFailure: failure, dueAtMs: t0 + 700 } as const;
    const after = changed(planned(given), { members: [memberOf("a", { summary: "other words" })] }, t0 + 5);
    expect(after).toMatchObject({ state: "told", dueAtMs: t0 + 700 });
  });

  test("new content is sent in time although an attempt failed before, and its backoff is over", () => {
    const byContent: DueTerms = { ...terms, retrigger: "content" };
    const given = { told: { content: "a" }, wanted: { content: "a" }, lastFailure: failure } as const;
    const told = deriveState(incidentOf(given), byContent, t0);
    expect(told).toMatchObject({ state: "told", dueAtMs: t0 + 4 * hour });
    const after = deriveStateAfterChange(
      told,
      { ...told, wanted: { ...told.wanted, content: "b" } },
      byContent,
      t0 + 5,
    );
    expect(after).toMatchObject({ state: "told", dueAtMs: t0 + contentRetriggerMs });
  });

  test("an end before it was told leaves nothing to do", () => {
    expect(changed(waiting, { wanted: { ...waiting.wanted, ...over } }, t0 + 5)).toMatchObject({
      state: "not_told",
      dueAtMs: null,
    });
  });

  const dead = incidentOf({ state: "dead", reason: "dead_expired", dueAtMs: null });

  test("a dead incident that still fires stays dead", () => {
    expect(changed(dead, {}, t0 + 5)).toMatchObject({ state: "dead", dueAtMs: null });
  });

  test("a dead incident that was told, or may have been, is still resolved when its alert resolves", () => {
    for (const certain of [true, false]) {
      const told = incidentOf({ ...dead, told: { certain }, state: "dead" });
      const after = changed(told, { wanted: { ...told.wanted, ...over } }, t0 + 5);
      expect(after).toMatchObject({ state: "due", dueAtMs: t0 + 5, urgency: urgency.followUp });
    }
  });

  test("a dead incident that was never told rests when its alert resolves", () => {
    expect(changed(dead, { wanted: { ...dead.wanted, ...over } }, t0 + 5)).toMatchObject({ state: "not_told" });
  });
});
