import { incidentOf } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import type { Unaccepted } from "../incidents/incident.ts";
import { eventIdentity } from "./event-identity.ts";

const unaccepted: Unaccepted = { token: 7, atMs: 70, action: "trigger", severity: "error", content: "a" };
const again = { action: "trigger", severity: "error", content: "a", token: 9, atMs: 90 } as const;

describe("an attempt after an attempt that was not accepted", () => {
  test("is the same event if its content is the same", () => {
    expect(eventIdentity(incidentOf({ unaccepted }), again)).toEqual({ token: 7, atMs: 70 });
  });

  test.each([
    ["another action", { action: "resolve" }],
    ["another severity", { severity: "critical" }],
    ["other text", { content: "b" }],
    ["text that is no longer tracked", { content: undefined }],
  ] as const)("is another event if it has %s", (_what, change) => {
    expect(eventIdentity(incidentOf({ unaccepted }), { ...again, ...change })).toEqual({ token: 9, atMs: 90 });
  });
});

describe("an attempt that repeats the delivered event", () => {
  const mark = { token: 5, atMs: 50 };
  const told = { severity: "error", content: "a", mark } as const;
  const other: Unaccepted = { token: 7, atMs: 70, action: "acknowledge", severity: "error" };

  test.each([
    ["to repair the effect of a late request", { told, repeat: true }],
    ["because its effect is unknown, after another event was refused", { told: { ...told, certain: false } }],
    [
      "because its effect is unknown, while another event is not accepted yet",
      { told: { ...told, certain: false }, unaccepted: other },
    ],
  ])("is the same event %s", (_why, given) => {
    expect(eventIdentity(incidentOf(given), again)).toEqual(mark);
  });

  test("is the same resolve, whatever the severity of the alert was", () => {
    const resolved = { event: "resolve", severity: "critical", mark } as const;
    expect(eventIdentity(incidentOf({ told: resolved, repeat: true }), { ...again, action: "resolve" })).toEqual(mark);
  });

  test.each([
    ["as a reminder", { told }, again],
    ["with other text", { told, repeat: true }, { ...again, content: "b" }],
    ["with another severity", { told, repeat: true }, { ...again, severity: "critical" }],
    ["by another action", { told, repeat: true }, { ...again, action: "resolve" }],
  ] as const)("is another event %s", (_how, given, attempt) => {
    expect(eventIdentity(incidentOf(given), attempt)).toEqual({ token: 9, atMs: 90 });
  });
});
