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
    ["something to send now", {}, "due", "waiting_turn", t0],
    ["something to send later", { dueAtMs: t0 + 1 }, "due", "waiting_retry", t0 + 1],
    ["something to send, without a date yet", { dueAtMs: null }, "due", "waiting_turn", t0],
    ["maybe delivered", { told: { certain: false } }, "due", "ambiguous", t0],
    ["an attempt in flight", { flight }, "in_flight", "in_flight", t0 + 30_000],
    ["delivered, and it fires", { told: {} }, "told", "delivered", t0 + 4 * hour],
    [
      "delivered and acknowledged",
      { told: { event: "acknowledge" }, wanted: { acknowledged: true } },
      "told",
      "delivered",
      null,
    ],
    ["resolve delivered", { told: { event: "resolve" }, wanted: over }, "closed", "delivered", null],
    ["change event delivered", { kind: "change", told: { event: "change" } }, "closed", "delivered", null],
    ["ended before it was sent", { wanted: over }, "not_told", "resolved_before_told", null],
    [
      "not sent for another reason",
      { wanted: over, state: "not_told", reason: "filtered" },
      "not_told",
      "filtered",
      null,
    ],
    ["dead", { state: "dead", reason: "dead_invalid", dueAtMs: null }, "dead", "dead_invalid", null],
  ] as const)("%s", (_says, given, state, reason, dueAtMs) => {
    expect(planned(given)).toMatchObject({ state, reason, dueAtMs });
  });

  test("a due incident has the urgency of its next event, and any other the lowest", () => {
    expect(planned({ wanted: { severity: "critical" } }).urgency).toBe(urgency.criticalTrigger);
    expect(planned({ told: { severity: "critical" }, wanted: over }).urgency).toBe(urgency.criticalFollowUp);
    expect(planned({ told: {} }).urgency).toBe(urgency.reminder);
  });

  test("deriving the state twice changes nothing", () => {
    for (const given of [{}, { told: {} }, { flight }, { wanted: over }, { told: { certain: false } }]) {
      const once = planned(given);
      expect(deriveState(once, terms, t0)).toEqual(once);
    }
  });
});

describe("a reminder", () => {
  test("that failed waits until its backoff ends", () => {
    const given = { told: { atMs: t0 - 5 * hour }, failures: 1, lastFailure: failure, dueAtMs: t0 + 700 } as const;
    expect(planned(given)).toMatchObject({ state: "told", dueAtMs: t0 + 700 });
  });

  test("is due at its own time, whatever failed before the last delivered event", () => {
    expect(planned({ told: { atMs: t0 - 5 * hour }, dueAtMs: null }).dueAtMs).toBe(t0 - hour);
  });
});

describe("after the desired state changed", () => {
  const changed = (before: Incident, change: Partial<Incident>, nowMs: number) =>
    deriveStateAfterChange(before, { ...before, ...change }, terms, nowMs);
  const waiting = deriveState(incidentOf({ dueAtMs: t0 + 60_000, failures: 3 }), terms, t0);

  test("another action is due at once, even if the old one was in backoff", () => {
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

  test("a failed reminder stays in its backoff, whatever the sources report meanwhile", () => {
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

  test("an end before anything was sent leaves nothing to do", () => {
    expect(changed(waiting, { wanted: { ...waiting.wanted, ...over } }, t0 + 5)).toMatchObject({
      state: "not_told",
      dueAtMs: null,
    });
  });

  const dead = incidentOf({ state: "dead", reason: "dead_expired", dueAtMs: null });

  test("a dead incident that still fires stays dead", () => {
    expect(changed(dead, {}, t0 + 5)).toMatchObject({ state: "dead", dueAtMs: null });
  });

  test("a dead incident that was delivered, or may be, is still resolved when its alert resolves", () => {
    for (const certain of [true, false]) {
      const told = incidentOf({ ...dead, told: { certain }, state: "dead" });
      const after = changed(told, { wanted: { ...told.wanted, ...over } }, t0 + 5);
      expect(after).toMatchObject({ state: "due", dueAtMs: t0 + 5, urgency: urgency.followUp });
    }
  });

  test("a dead incident that was never delivered has nothing to do when its alert resolves", () => {
    expect(changed(dead, { wanted: { ...dead.wanted, ...over } }, t0 + 5)).toMatchObject({ state: "not_told" });
  });
});
