import type { Alert, Decision, IncidentState, IncidentView, Reason } from "@tocsin/core";
import { describe, expect, test } from "vitest";

import { type Episode, explainHypothetical, explainKnown, type Known } from "./explain.ts";

const alert: Alert = { fingerprint: "f", labels: { alertname: "A" }, annotations: {}, startsAtMs: 0 };
const tells: Decision = { target: "pager", tell: true, dedupKey: "f", severity: "critical", summary: "A is wrong" };
const filters: Decision = {
  target: "pager",
  tell: false,
  reason: "filtered",
  detail: "filters.severity does not list info",
};

const episode = (state: IncidentState, reason: Reason, told: "trigger" | null = null): Episode => ({
  view: { incident: { id: 7, told: told && { event: told } }, state, reason } as unknown as IncidentView,
  history: [{ incident: 7, atMs: 0, what: "trigger" }],
});

const known = (decision: Decision, now?: Episode, status: Known["status"] = "firing"): Known => ({
  alert,
  status,
  nowMs: Date.UTC(2026, 10, 23),
  decisions: [decision],
  episodes: new Map(now ? [["pager", now]] : []),
  render: (target, { action, dedupKey, severity }) => `${action} ${dedupKey} ${severity} to ${target}`,
});

describe("an alert that came", () => {
  test.each<[string, Decision, Episode | undefined, object]>([
    ["told", tells, episode("told", "delivered"), { state: "told", reason: "delivered", incident: 7, wouldTell: true }],
    ["waiting", tells, episode("due", "waiting_limit"), { state: "due", reason: "waiting_limit", wouldTell: true }],
    [
      "filtered",
      filters,
      undefined,
      { state: "not_told", reason: "filtered", wouldTell: false, detail: filters.detail },
    ],
    [
      "told before a filter was edited",
      filters,
      episode("told", "delivered"),
      { state: "told", reason: "delivered", wouldTell: false },
    ],
    ["resolved unheard", tells, undefined, { state: "not_told", reason: "resolved_before_told", wouldTell: true }],
  ])("and was %s says so", (_, decision, now, expected) => {
    expect(explainKnown(known(decision, now))).toEqual([expect.objectContaining({ target: "pager", ...expected })]);
  });

  test("shows what would be sent only where it would", () => {
    expect(explainKnown(known(tells))[0]?.event).toBe("trigger f critical to pager");
    expect(explainKnown(known(filters))[0]).not.toHaveProperty("event");
  });

  test("was told to a target that is gone: it is named too, with what was recorded there", () => {
    const explained = explainKnown({ ...known(tells), episodes: new Map([["gone", episode("told", "delivered")]]) });
    expect(explained).toMatchObject([
      { target: "pager" },
      { target: "gone", state: "told", wouldTell: false, incident: 7 },
    ]);
  });
});

const ask = (decision: Decision, now?: Episode, status: Known["status"] = "firing", more = {}) =>
  explainHypothetical({
    ...known(decision, now, status),
    unheardOf: now === undefined,
    adopts: () => true,
    ...more,
  })[0];

describe("an alert that is asked about", () => {
  test.each<[string, object, ReturnType<typeof ask>]>([
    ["new", { state: "due", reason: "would_tell", wouldTell: true, event: "trigger f critical to pager" }, ask(tells)],
    ["filtered", { state: "not_told", reason: "filtered", wouldTell: false }, ask(filters)],
    [
      "open already",
      { state: "told", reason: "duplicate", wouldTell: false, incident: 7 },
      ask(tells, episode("told", "delivered", "trigger")),
    ],
    [
      "waiting to be told",
      { state: "due", reason: "would_tell", wouldTell: true },
      ask(tells, episode("due", "waiting_limit")),
    ],
    [
      "of an episode that is over",
      { state: "due", reason: "would_tell", wouldTell: true },
      ask(tells, episode("closed", "delivered", "trigger")),
    ],
    [
      "the end of what was told",
      { state: "due", wouldTell: true, event: "resolve f critical to pager" },
      ask(tells, episode("told", "delivered", "trigger"), "resolved"),
    ],
    [
      "the end of what was told before a filter was edited",
      { state: "due", wouldTell: true },
      ask(filters, episode("told", "delivered", "trigger"), "resolved"),
    ],
    [
      "the end of what was never told",
      { state: "not_told", reason: "resolved_before_told", wouldTell: false },
      ask(tells, episode("due", "waiting_turn"), "resolved"),
    ],
    [
      "the end of what was filtered",
      { state: "not_told", reason: "filtered", wouldTell: false },
      ask(filters, undefined, "resolved"),
    ],
    [
      "the end of what was never heard of",
      { state: "due", reason: "would_tell", wouldTell: true },
      ask(tells, undefined, "resolved"),
    ],
    [
      "the same where nobody adopts it",
      { state: "not_told", wouldTell: false },
      ask(tells, undefined, "resolved", { adopts: () => false }),
    ],
  ])("and is %s", (_, expected, explained) => {
    expect(explained).toMatchObject({ target: "pager", ...expected });
  });
});
