import type { Incident } from "@tocsin/core/decisions";
import { epochMs, incidentOf } from "@tocsin/test";
import fc from "fast-check";
import { expect, test } from "vitest";
import { incidentFacts, fromWaitingSince, sameRow, waitingSince, withFacts } from "./incident-facts.ts";

/** Each value differs from the usual one. */
const unusual: Partial<Incident> = {
  kind: "change",
  told: { event: "trigger", certain: false, severity: "error", atMs: epochMs },
  opened: true,
  settledToken: 3,
  unaccepted: { token: 1, atMs: 1, action: "trigger", severity: "error" },
  lateAttempts: [{ token: 1, action: "trigger", untilMs: epochMs }],
  repeat: true,
  checkKey: true,
  adopted: true,
  fellBack: true,
  fallbackOf: 0,
  attempts: 1,
  failures: 1,
  lastFailure: { reason: "timeout", detail: "it took too long", atMs: epochMs },
  retriedForMs: 1,
  manualUntilMs: 0,
  confirmedAtMs: 7,
  receipt: "C1:1.0",
  acknowledgedBy: { by: "ada", atMs: epochMs },
  confirmBy: { atMs: epochMs, missed: true },
};
const some = fc.subarray(Object.keys(unusual) as (keyof Incident)[]).map((facts) => ({
  ...incidentOf(),
  ...Object.fromEntries(facts.map((fact) => [fact, unusual[fact]])),
}));

const columnsOf = (incident: Incident) => {
  const { id, target, dedupKey, endpoint, state, urgency, dueAtMs, fallbackAtMs, flight, updatedAtMs } = incident;
  const since = fromWaitingSince(waitingSince(incident), state);
  return { id, target, dedupKey, endpoint, state, urgency, dueAtMs, fallbackAtMs, flight, ...since, updatedAtMs };
};

test("reads an incident as it was written", () => {
  fc.assert(
    fc.property(some, (incident) => {
      expect(withFacts(JSON.stringify(incidentFacts(incident)), columnsOf(incident))).toEqual(incident);
    }),
  );
});

test.each<Partial<Incident>>([
  { state: "due", acceptedAtMs: 1, dueSinceMs: 1 },
  { state: "due", acceptedAtMs: 1, dueSinceMs: 5 },
  { state: "in_flight", acceptedAtMs: 1, dueSinceMs: 5 },
  { state: "in_flight", acceptedAtMs: 1, dueSinceMs: null },
  { state: "told", acceptedAtMs: 1, dueSinceMs: null },
  { state: "closed", acceptedAtMs: 1, dueSinceMs: null },
])("keeps when an incident was accepted and since when it is due: %j", (facts) => {
  const incident = incidentOf(facts);
  expect(withFacts(JSON.stringify(incidentFacts(incident)), columnsOf(incident))).toEqual(incident);
});

test("writes only the facts that differ between usual incidents", () => {
  expect(Object.keys(incidentFacts(incidentOf()))).toEqual(["members", "wanted", "reason", "confirmedAtMs"]);
});

test("stores late attempts under the name that earlier versions gave them", () => {
  const lateAttempts = [{ token: 1, action: "trigger", untilMs: epochMs }] as const;
  expect(incidentFacts(incidentOf({ lateAttempts }))).toMatchObject({ overtaken: lateAttempts });
});

test("reads rows that were written in full, and prefers their facts to the columns", () => {
  const incident = incidentOf({ target: "a\0b", dedupKey: "long" });
  const { flight: _, lateAttempts, ...others } = incident;
  const facts = { ...others, overtaken: lateAttempts };
  expect(withFacts(JSON.stringify(facts), { ...columnsOf(incident), target: "#1", dedupKey: "#2" })).toEqual(incident);
});

test("a row is the same if only the facts that a lease changes differ", () => {
  const one = incidentOf();
  expect(sameRow(one, { ...one, state: "in_flight", reason: "in_flight", dueAtMs: 1, updatedAtMs: 1 })).toBe(true);
  for (const fact of Object.keys(unusual) as (keyof Incident)[])
    expect([fact, sameRow(one, { ...one, [fact]: unusual[fact] })]).toEqual([fact, false]);
});
