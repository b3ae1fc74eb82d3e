import { incidentOf } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import type { Unaccepted } from "../incidents/incident.ts";
import { eventIdentity } from "./event-identity.ts";

const unaccepted: Unaccepted = { token: 7, atMs: 70, action: "trigger", severity: "error", content: "a" };
const again = { action: "trigger", severity: "error", content: "a", token: 9, atMs: 90 } as const;

describe("an attempt after one that was not accepted", () => {
  test("makes the same event where it says the same", () => {
    expect(eventIdentity(incidentOf({ unaccepted }), again)).toEqual({ token: 7, atMs: 70 });
  });

  test.each([
    ["another action", { action: "resolve" }],
    ["another severity", { severity: "critical" }],
    ["other words", { content: "b" }],
    ["words that nobody watches any more", { content: undefined }],
  ] as const)("makes another event where it says %s", (_what, change) => {
    expect(eventIdentity(incidentOf({ unaccepted }), { ...again, ...change })).toEqual({ token: 9, atMs: 90 });
  });
});

describe("an attempt that says again what is told", () => {
  const mark = { token: 5, atMs: 50 };
  const told = { severity: "error", content: "a", mark } as const;
  const other: Unaccepted = { token: 7, atMs: 70, action: "acknowledge", severity: "error" };

  test.each([
    ["to repair what a late request undid", { told, repeat: true }],
    ["since that is in doubt, and another event was refused meanwhile", { told: { ...told, certain: false } }],
    ["in doubt, with another event unaccepted", { told: { ...told, certain: false }, unaccepted: other }],
  ])("makes the same event %s", (_why, given) => {
    expect(eventIdentity(incidentOf(given), again)).toEqual(mark);
  });

  test("makes the same resolve, however severe the alert was", () => {
    const resolved = { event: "resolve", severity: "critical", mark } as const;
    expect(eventIdentity(incidentOf({ told: resolved, repeat: true }), { ...again, action: "resolve" })).toEqual(mark);
  });

  test.each([
    ["as a reminder", { told }, again],
    ["with other words", { told, repeat: true }, { ...again, content: "b" }],
    ["with another severity", { told, repeat: true }, { ...again, severity: "critical" }],
    ["by another action", { told, repeat: true }, { ...again, action: "resolve" }],
  ] as const)("makes another event %s", (_how, given, attempt) => {
    expect(eventIdentity(incidentOf(given), attempt)).toEqual({ token: 9, atMs: 90 });
  });
});
