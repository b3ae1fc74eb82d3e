import type { Decision, EpisodeVerdict, ExplainedIncident, Explanation, Incident } from "@tocsin/core";
import { expect, test } from "vitest";
import { explainKnown } from "./explain.ts";
import { classificationOfIncident } from "./shown-classification.ts";

const verdict: EpisodeVerdict = {
  severity: "error",
  confidence: 0.87,
  reasoning: "The disk is almost full.",
  recommendations: ["Delete logs."],
  category: "capacity",
  model: "small-1",
  provider: "openai",
};
const shown = { ...verdict, fallback: false, ofShape: false };
const alert = { fingerprint: "f", labels: { alertname: "A" }, annotations: {}, startsAtMs: 0 };
const member = {
  fingerprint: "f",
  status: "firing",
  severity: "error",
  byVerdict: "filled",
  sinceMs: 0,
} as unknown as Incident["members"][0];

test("shows what the verdict of the leading alert changed", () => {
  const incident = { members: [member], wanted: { severity: "error" }, updatedAtMs: 20 } as const;
  expect(classificationOfIncident(incident, { classification: { atMs: 10, verdict } })).toEqual({
    ...shown,
    changed: "filled",
  });
  const { byVerdict: _, ...unchanged } = member;
  const fallback = { ...verdict, provider: "rules", model: "disk", fallback: true, ofShape: true } as const;
  expect(
    classificationOfIncident(
      { ...incident, members: [unchanged] },
      { classification: { atMs: 10, verdict: fallback } },
    ),
  ).toMatchObject({ provider: "rules", model: "disk", fallback: true, ofShape: true, changed: null });
});

test("says that the verdict changed nothing, if the severity comes from a more severe member", () => {
  const incident = { members: [member], wanted: { severity: "critical" }, updatedAtMs: 20 } as const;
  const leading = { classification: { atMs: 10, verdict } };
  expect(classificationOfIncident(incident, leading)).toMatchObject({ severity: "error", changed: null });
});

test("shows no verdict if there is none, or if it belongs to a later episode", () => {
  const incident = { members: [member], wanted: { severity: "error" }, updatedAtMs: 20 } as const;
  expect(classificationOfIncident(incident, undefined)).toBeUndefined();
  expect(classificationOfIncident(incident, {})).toBeUndefined();
  expect(classificationOfIncident(incident, { classification: { atMs: 10, absent: "late" } })).toBeUndefined();
  expect(classificationOfIncident(incident, { classification: { atMs: 21, verdict } })).toBeUndefined();
});

test("is part of the explanation of an incident, and of the event that a target would receive", () => {
  const decision: Decision = { target: "new", send: true, dedupKey: "f", severity: "error", summary: "A" };
  const content = { incident: 7, target: "pager", dedupKey: "f", severity: "error", summary: "A" } as const;
  const explained = {
    incident: { id: 7, target: "pager", fallbackOf: null, told: null, lastFailure: null },
    state: "told",
    reason: "delivered",
    content: { ...content, firing: 1, alertJson: "{}", sender: "", verdict, byVerdict: "raised" },
  } as unknown as ExplainedIncident;
  const explanation: Explanation = {
    alert: {
      alert,
      sender: "am",
      claims: [],
      status: "firing",
      firstSeenAtMs: 0,
      confirmedAtMs: 0,
      classification: { atMs: 10, verdict },
    },
    incidents: [explained],
  };
  const rows = explainKnown(explanation, {
    decisions: [
      { ...decision, target: "pager" },
      { ...decision, byVerdict: "filled" },
      { ...decision, target: "other" },
    ],
    invalid: [],
    shadows: new Set(),
    nowMs: 0,
    render: (facts) => [facts.verdict?.severity, facts.byVerdict],
  });
  expect(rows[0]!.classification).toEqual({ ...shown, changed: "raised" });
  expect(rows.map(({ event }) => event)).toEqual([
    ["error", "raised"],
    ["error", "filled"],
    ["error", undefined],
  ]);
});
