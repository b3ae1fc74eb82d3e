import { epochMs as t0, incidentOf, receiverEventOf } from "@tocsin/test/makers";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Incident, ReceiverFacts, Told } from "../incidents/incident.ts";
import type { ReceiverEvent } from "../ports/ledger/receiver-events.ts";
import { mergeReceiverEvent } from "./merge-receiver-event.ts";

const nowMs = t0 + 3_600_000;
const acknowledgedAt = (atMs: number, id = "m"): ReceiverFacts => ({ status: { is: "acknowledged", atMs, id } });
const merge = (incident: Incident, event: Partial<ReceiverEvent>) =>
  mergeReceiverEvent(incident, undefined, receiverEventOf({ atMs: t0 + 1_000, ...event }), nowMs);
const told = (given: Partial<Told>, incident: Partial<Omit<Incident, "told" | "wanted">> = {}): Incident =>
  incidentOf({ told: given, attempts: 1, ...incident });

describe("what the target has of ours after an event", () => {
  test.each<[Partial<Told>, Partial<ReceiverEvent>, Partial<Told>]>([
    [{}, { kind: "acknowledged" }, { event: "acknowledge", certain: true }],
    [{ event: "acknowledge" }, { kind: "acknowledged" }, { event: "acknowledge" }],
    [{ certain: false }, { kind: "acknowledged" }, { event: "trigger", certain: false }],
    // The answer to our acknowledge was lost.
    [{ event: "acknowledge", certain: false }, { kind: "acknowledged" }, { event: "acknowledge", certain: true }],
    [{ event: "resolve", certain: false }, { kind: "resolved" }, { event: "resolve", certain: false }],
    [{}, { kind: "acknowledged", own: true }, { event: "trigger" }],
    [{ event: "acknowledge" }, { kind: "unacknowledged" }, { event: "trigger" }],
    [{}, { kind: "resolved" }, { event: "resolve", certain: true }],
    [{ certain: false }, { kind: "resolved" }, { event: "trigger", certain: false }],
    [{}, { kind: "resolved", own: true }, { event: "trigger" }],
    [{ event: "acknowledge" }, { kind: "resolved" }, { event: "resolve" }],
    [{ event: "acknowledge", sinceMs: t0 + 2_000 }, { kind: "resolved" }, { event: "acknowledge" }],
    // Begun after the resolve by our clock: perhaps it opened the incident again.
    [{ sinceMs: t0 + 2_000 }, { kind: "resolved" }, { event: "trigger" }],
    [{ event: "resolve" }, { kind: "acknowledged" }, { event: "resolve" }],
    [{ event: "resolve" }, { kind: "opened" }, { event: "resolve" }],
    [{ event: "resolve" }, { kind: "noted" }, { event: "resolve" }],
  ])("told %j, event %j: told %j", (before, event, after) => {
    expect(merge(told(before), event)?.incident.told).toMatchObject(after);
  });

  test("its own message, unchanged until the next event changes it", () => {
    for (const kind of ["acknowledged", "resolved"] as const)
      expect(merge(told({}, { receipt: "C1:1.2" }), { kind, receiverIncident: "C1:1.2" })?.incident.told).toMatchObject(
        {
          event: "trigger",
        },
      );
  });

  test("nothing if nothing was accepted", () => {
    expect(merge(incidentOf({ told: null, attempts: 1 }), { kind: "resolved" })?.incident.told).toBeNull();
  });

  test("a trigger, if it opened another incident after a person's resolve", () => {
    const resolved = told(
      { event: "resolve" },
      { receiver: { incident: "P1", openedAtMs: t0, status: { is: "resolved", atMs: t0 + 10, id: "" } } },
    );
    const merged = merge(resolved, { kind: "opened", by: "Tocsin", receiverIncident: "P2", openedAtMs: t0 + 20 });
    expect(merged?.incident.told).toMatchObject({ event: "trigger" });
    expect(merged?.incident.receiver).toMatchObject({ incident: "P2", openedAtMs: t0 + 20, status: { is: "open" } });
  });
});

describe("what a person wants", () => {
  test.each([
    ["opened", null],
    ["acknowledged", "acknowledge"],
    ["unacknowledged", "unacknowledge"],
    ["resolved", "resolve"],
    ["reopened", "reopen"],
    ["noted", null],
  ] as const)("%s: %s", (kind, wish) => {
    expect(merge(told({}), { kind })?.wish).toBe(wish);
    expect(merge(told({}), { kind, own: true })?.wish).toBeNull();
  });
});

describe("an event is outdated", () => {
  test.each<[string, Incident, Partial<ReceiverEvent>, boolean]>([
    [
      "if a newer status is known",
      told({}, { receiver: { confirmedAtMs: 1, ...acknowledgedAt(t0 + 2_000) } }),
      {},
      true,
    ],
    ["not if it confirms the incident", told({}, { receiver: acknowledgedAt(t0 + 2_000) }), {}, false],
    [
      "not if it names the incident",
      told({}, { receiver: { confirmedAtMs: 1, ...acknowledgedAt(t0 + 2_000) } }),
      { receiverIncident: "P1" },
      false,
    ],
    [
      "not if it is a note",
      told({}, { receiver: { confirmedAtMs: 1, ...acknowledgedAt(t0 + 2_000) } }),
      { kind: "noted" },
      false,
    ],
    [
      "of two at the same time, if its id is the smaller one",
      told({}, { receiver: { confirmedAtMs: 1, ...acknowledgedAt(t0 + 1_000) } }),
      { kind: "resolved", id: "a" },
      true,
    ],
    [
      "of two at the same time, not if its id is the greater one",
      told({}, { receiver: { confirmedAtMs: 1, ...acknowledgedAt(t0 + 1_000) } }),
      { kind: "resolved", id: "z" },
      false,
    ],
    [
      "if it opens an incident at the time of another event",
      told({}, { receiver: { confirmedAtMs: 1, openedAtMs: t0, ...acknowledgedAt(t0 + 1_000) } }),
      { kind: "opened", id: "z" },
      true,
    ],
    [
      "not if the incident was opened at the same time",
      told({}, { receiver: { confirmedAtMs: 1, status: { is: "open", atMs: t0 + 1_000, id: "" } } }),
      { id: "a" },
      false,
    ],
    [
      "not if it reopens an incident at the time of its resolve",
      told(
        { event: "resolve" },
        { receiver: { confirmedAtMs: 1, status: { is: "resolved", atMs: t0 + 1_000, id: "a" } } },
      ),
      { kind: "reopened", id: "b" },
      false,
    ],
    [
      "if it is a resolve, and a trigger left more than a minute later",
      told({ sinceMs: t0 + 62_000 }),
      { kind: "resolved" },
      true,
    ],
    ["not if that trigger left within the minute", told({ sinceMs: t0 + 61_000 }), { kind: "resolved" }, false],
    ["not if it reports our own resolve", told({ sinceMs: t0 + 62_000 }), { kind: "resolved", own: true }, false],
    ["if it belongs to an earlier episode", incidentOf(), {}, true],
  ])("%s", (_title, incident, event, isOutdated) => {
    expect(merge(incident, event) === null).toBe(isOutdated);
  });
});

test("confirms the incident once, by our clock", () => {
  const first = merge(told({}), { kind: "opened" })?.incident as Incident;
  expect(first.receiver).toMatchObject({ confirmedAtMs: nowMs, openedAtMs: t0 + 1_000 });
  const second = mergeReceiverEvent(first, undefined, receiverEventOf({ atMs: t0 + 2_000 }), nowMs + 5);
  expect(second?.incident.receiver?.confirmedAtMs).toBe(nowMs);
});

const statusAfter = (all: readonly Partial<ReceiverEvent>[]) => {
  const start = told({ sinceMs: t0 - 1 });
  const end = all.reduce((one, given) => merge(one, given)?.incident ?? one, start);
  return end.receiver?.status;
};

test("the same status follows, in whichever order the events arrive", () => {
  const event = fc.record({
    id: fc.constantFrom("a", "b", "c", "d"),
    kind: fc.constantFrom("opened", "acknowledged", "unacknowledged", "resolved", "reopened", "noted"),
    atMs: fc.integer({ min: t0, max: t0 + 4 }),
  } as const);
  const events = fc.uniqueArray(event, { selector: ({ id }) => id, minLength: 2 });
  const shuffled = events.chain((all) =>
    fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
  );
  fc.assert(
    fc.property(shuffled, ([one, other]) => {
      expect(statusAfter(one)).toEqual(statusAfter(other));
    }),
  );
});
