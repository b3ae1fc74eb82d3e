import { incidentOf } from "@tocsin/test";
import { expect, test } from "vitest";
import { repeatCause } from "./repeat-cause.ts";

const text = (hash: string, members = "") => ({ content: members === "" ? hash : `${hash}+${members}` });

test.each([
  ["nothing changed", {}, "trigger", "reminder"],
  ["the severity rose", { wanted: { severity: "critical" } }, "trigger", "severity"],
  [
    "the severity rose after an acknowledgement",
    { wanted: { severity: "critical" }, told: { event: "acknowledge" } },
    "trigger",
    "severity",
  ],
  ["the text changed", { wanted: text("b"), told: text("a") }, "trigger", "text"],
  ["other members fire", { wanted: text("a", "2"), told: text("a", "1") }, "trigger", "members"],
  ["several members fire", { wanted: text("", "2") }, "trigger", "members"],
  ["an end was lost", { renew: true, wanted: { severity: "critical" } }, "trigger", "episode"],
  ["a late request undid the trigger", { repeat: true }, "trigger", "repair"],
  ["a late request undid the resolve", { repeat: true, told: { event: "resolve" } }, "resolve", "repair"],
  ["nothing was sent yet", { told: null }, "trigger", undefined],
  ["the result of the last attempt is unknown", { told: { certain: false } }, "trigger", undefined],
  ["the alert ended", { wanted: { status: "resolved" } }, "resolve", undefined],
  ["a person acknowledged it", { wanted: { acknowledged: true } }, "acknowledge", undefined],
  ["the key is checked", {}, "check", undefined],
] as const)("%s: %j, %s", (_, incident, action, cause) => {
  expect(repeatCause(incidentOf({ told: {}, ...incident }), action)).toBe(cause);
});
