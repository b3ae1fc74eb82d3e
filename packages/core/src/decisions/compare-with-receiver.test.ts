import { incidentOf } from "@tocsin/test/makers";
import { expect, test } from "vitest";
import { compareWithReceiver, receiverLagMs } from "./compare-with-receiver.ts";

const told = (event: "trigger" | "acknowledge" | "resolve", certain = true) => ({
  event,
  certain,
  severity: "critical" as const,
  atMs: 0,
});
const ended = { status: "resolved" as const };
const flight = {
  token: 1,
  owner: "o",
  action: "resolve" as const,
  severity: "critical" as const,
  event: { token: 1, atMs: 0 },
  sinceMs: 0,
  leaseUntilMs: 1,
};

type Given = Parameters<typeof incidentOf>[0];

test.each<[string, Given, object]>([
  [
    "a delivered alert that fires",
    { state: "told", told: told("trigger") },
    { open: undefined, closed: "closed_there" },
  ],
  ["an acknowledged one", { state: "told", told: told("acknowledge") }, { open: undefined, closed: "closed_there" }],
  [
    "one that has ended",
    { state: "closed", told: told("resolve"), wanted: ended },
    { open: "orphan", closed: undefined },
  ],
  [
    "a resolve that was given up",
    { state: "dead", told: told("trigger"), wanted: ended },
    { open: "orphan", closed: undefined },
  ],
  [
    "a trigger that was given up",
    { state: "dead", told: told("trigger", false) },
    { open: undefined, closed: undefined },
  ],
  ["one that was never sent", { state: "not_told", told: null }, { open: undefined, closed: undefined }],
  [
    "a shadow",
    { state: "not_told", told: { ...told("trigger"), shadow: true as const } },
    { open: undefined, closed: undefined },
  ],
  ["one that is due", { state: "due", told: told("trigger"), wanted: ended }, { open: undefined, closed: undefined }],
  ["one in flight", { state: "in_flight", told: told("trigger"), flight }, { open: undefined, closed: undefined }],
  [
    "one with a late attempt",
    {
      state: "closed",
      told: told("resolve"),
      wanted: ended,
      lateAttempts: [{ token: 1, action: "trigger", untilMs: 9 }],
    },
    { open: undefined, closed: undefined },
  ],
  [
    "a change",
    { kind: "change", state: "closed", told: told("trigger"), wanted: ended },
    { open: undefined, closed: undefined },
  ],
])("%s", (_, given, difference) => {
  const incident = incidentOf(given);
  const at = (isOpenThere: boolean) => compareWithReceiver(incident, isOpenThere, receiverLagMs);
  expect({ open: at(true), closed: at(false) }).toEqual(difference);
});

test("finds no difference for two minutes after the last event, because the receiver applies events later than it accepts them", () => {
  const incident = incidentOf({ state: "closed", told: told("resolve"), wanted: ended });
  expect(compareWithReceiver(incident, true, receiverLagMs - 1)).toBe(undefined);
  expect(compareWithReceiver(incident, true, receiverLagMs)).toBe("orphan");
});
