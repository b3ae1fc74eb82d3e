import { incidentOf } from "@tocsin/testkit";
import { describe, expect, it } from "vitest";
import type { Unaccepted } from "../model/incident.ts";
import { eventOf } from "./event-mark.ts";

const unaccepted: Unaccepted = { token: 7, atMs: 70, action: "trigger", severity: "error", content: "a" };
const again = { action: "trigger", severity: "error", content: "a", token: 9, atMs: 90 } as const;

describe("an attempt after one that was not accepted", () => {
  it("makes the same event where it says the same", () => {
    expect(eventOf(incidentOf({ unaccepted }), again)).toEqual({ token: 7, atMs: 70 });
  });

  it.each([
    ["another action", { action: "resolve" }],
    ["another severity", { severity: "critical" }],
    ["other words", { content: "b" }],
    ["words that nobody watches any more", { content: undefined }],
  ] as const)("makes another event where it says %s", (_what, change) => {
    expect(eventOf(incidentOf({ unaccepted }), { ...again, ...change })).toEqual({ token: 9, atMs: 90 });
  });
});
