import { incidentOf } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { urgency } from "../incidents/event.ts";
import { urgencyOf } from "./urgency.ts";

const of = (incident: Parameters<typeof incidentOf>[0], action: Parameters<typeof urgencyOf>[1]) =>
  urgencyOf(incidentOf(incident), action);

describe("the order of work", () => {
  test("is critical triggers, follow-ups of delivered criticals, errors, other follow-ups, warnings, infos, changes, the rest", () => {
    const inOrder = [
      of({ wanted: { severity: "critical" } }, "trigger"),
      of({ told: { severity: "critical" } }, "resolve"),
      of({}, "trigger"),
      of({ told: {} }, "acknowledge"),
      of({ wanted: { severity: "warning" } }, "trigger"),
      of({ wanted: { severity: "info" } }, "trigger"),
      of({ kind: "change" }, "change"),
      of({ adopted: true, wanted: { severity: "critical", status: "resolved" } }, "resolve"),
    ];
    expect(inOrder).toEqual(Object.values(urgency));
    expect(inOrder).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test("ranks a follow-up by the delivered severity, not by the desired one", () => {
    expect(of({ told: { severity: "critical" }, wanted: { severity: "info" } }, "resolve")).toBe(
      urgency.criticalFollowUp,
    );
    expect(of({ told: { severity: "info" }, wanted: { severity: "critical" } }, "resolve")).toBe(urgency.followUp);
    expect(of({ told: null, wanted: { severity: "critical" } }, "resolve")).toBe(urgency.criticalFollowUp);
  });

  test("gives a check of the key the urgency of its event", () => {
    expect(of({ wanted: { severity: "critical" } }, "check")).toBe(urgency.criticalTrigger);
  });
});
