import { epochMs as t0, incidentOf, pagerdutyTraits } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { type DueTerms, nextAction } from "./next-action.ts";
import { confirmedRepeatAtMs, isConfirmed, refreshAtMs, reminderAtMs } from "./reminders.ts";

const terms: DueTerms = {
  traits: pagerdutyTraits,
  retrigger: "severity",
  groupUpdates: true,
  pageResolved: "never",
  remind: 0,
  staleAfter: 86_400_000,
};
const resolvedNow = { status: "resolved" } as const;
const acknowledgedNow = { acknowledged: true } as const;

describe("a reminder", () => {
  const hour = 3_600_000;
  const remind: DueTerms = { ...terms, remind: 4 * hour };

  test("repeats a firing, unacknowledged alert 4 hours after it was last sent", () => {
    expect(reminderAtMs(incidentOf({ told: { atMs: t0 + hour } }), remind)).toBe(t0 + 5 * hour);
  });

  test("reaches a receiver that forgets alerts in half that time, whatever other settings say", () => {
    const forgets: DueTerms = { ...terms, traits: { ...pagerdutyTraits, forgetsAfterMs: 6 * hour } };
    const told = { atMs: t0 };
    expect(reminderAtMs(incidentOf({ told, wanted: acknowledgedNow }), forgets)).toBe(t0 + 3 * hour);
    expect(reminderAtMs(incidentOf({ told }), { ...forgets, remind: 2 * hour })).toBe(t0 + 2 * hour);
    expect(reminderAtMs(incidentOf({ told, wanted: resolvedNow }), forgets)).toBeNull();
  });

  test("counts from the start of the last attempt, or from its end in rows that an older version wrote", () => {
    expect(confirmedRepeatAtMs(incidentOf({ told: { atMs: t0 + 9_000, sinceMs: t0 } }), remind)).toBe(t0 + 4 * hour);
    expect(confirmedRepeatAtMs(incidentOf({ told: { atMs: t0 + 9_000 } }), remind)).toBe(t0 + 4 * hour + 9_000);
  });

  test("has no date while it waits for a confirmation, unless the receiver forgets alerts", () => {
    const waiting = incidentOf({ told: { atMs: t0 }, unconfirmed: true });
    const forgets: DueTerms = { ...remind, traits: { ...pagerdutyTraits, forgetsAfterMs: 24 * hour } };
    expect([confirmedRepeatAtMs(waiting, remind), reminderAtMs(waiting, remind)]).toEqual([null, null]);
    expect([refreshAtMs(waiting, forgets), reminderAtMs(waiting, forgets)]).toEqual([t0 + 12 * hour, t0 + 12 * hour]);
  });

  test.each([
    ["just confirmed", 0, true],
    ["confirmed just under half of remind ago", 2 * hour - 1, true],
    ["confirmed half of remind ago", 2 * hour, false],
    ["confirmed by the claim that caused the last attempt", 4 * hour, false],
  ])("may be sent for an alert %s: %j", (_says, agoMs, sent) => {
    expect(isConfirmed(t0, remind, t0 + agoMs)).toBe(sent);
  });

  test.each([
    [24 * hour - 1, true],
    [24 * hour, false],
  ])("remind: 0, an update may be sent %i ms after a confirmation: %j", (agoMs, sent) => {
    expect(isConfirmed(t0, terms, t0 + agoMs)).toBe(sent);
  });

  test("may not be sent for an alert that is stale", () => {
    const rare = { ...remind, remind: 100 * hour };
    expect([24 * hour - 1, 24 * hour].map((agoMs) => isConfirmed(t0, rare, t0 + agoMs))).toEqual([true, false]);
  });

  test.each([
    ["is not sent for an alert that ended", { told: {}, wanted: resolvedNow }, remind],
    ["is not sent for an acknowledged alert", { told: {}, wanted: acknowledgedNow }, remind],
    ["is not sent for an alert that was never sent", {}, remind],
    ["is not sent for a change event", { kind: "change", told: { event: "change" } }, remind],
    ["is never sent if remind is 0", { told: {} }, terms],
  ] as const)("%s", (_says, incident, how) => {
    expect(reminderAtMs(incidentOf(incident), how)).toBeNull();
  });
});

describe("changed text", () => {
  const minute = 60_000;
  const content: DueTerms = { ...terms, retrigger: "content" };
  const other = { told: { content: "one" }, wanted: { content: "two" } } as const;

  test("is sent five minutes after the last event, or earlier with a reminder", () => {
    expect(reminderAtMs(incidentOf(other), content)).toBe(t0 + 5 * minute);
    expect(reminderAtMs(incidentOf(other), { ...content, remind: 60 * minute })).toBe(t0 + 5 * minute);
    expect(reminderAtMs(incidentOf(other), { ...content, remind: minute })).toBe(t0 + minute);
  });

  test("is no action of its own, because the states are equal", () => {
    expect(nextAction(incidentOf(other), content)).toBeNull();
  });

  test("does not delay a higher severity", () => {
    expect(nextAction(incidentOf({ told: {}, wanted: { severity: "critical" } }), content)).toBe("trigger");
  });

  test.each([
    ["is not sent if the target only tracks severities", other, terms],
    ["is not sent if it is the delivered text", { told: { content: "one" }, wanted: { content: "one" } }, content],
    ["is not sent if the delivered text is unknown", { told: {}, wanted: { content: "two" } }, content],
    ["is not sent if the new text is unknown", { told: { content: "one" } }, content],
    ["is not sent if the alert ended", { ...other, wanted: { ...resolvedNow, content: "two" } }, content],
    [
      "is not sent if a person acknowledged the incident",
      { ...other, wanted: { ...acknowledgedNow, content: "two" } },
      content,
    ],
    ["is not sent if nothing was delivered", { wanted: { content: "two" } }, content],
  ] as const)("%s", (_says, incident, how) => {
    expect(reminderAtMs(incidentOf(incident), how)).toBeNull();
  });
});

describe("changed members", () => {
  const second = 1_000;
  const minute = 60 * second;
  const joined = { told: {}, wanted: { content: "+two" } } as const;
  const changed = { told: { content: "+two" }, wanted: { content: "+three" } } as const;

  test.each([
    ["10 s after the trigger of a single alert", joined, 10 * second],
    ["5 minutes after an event about several", changed, 5 * minute],
    ["5 minutes after an event about several, when one is left", { ...changed, wanted: {} }, 5 * minute],
    ["also after a person acknowledged", { ...joined, wanted: { ...acknowledgedNow, content: "+two" } }, 10 * second],
    ["also with tracked text", { told: { content: "one" }, wanted: { content: "one+two" } }, 10 * second],
  ] as const)("are sent %s", (_says, incident, afterMs) => {
    expect(reminderAtMs(incidentOf(incident), terms)).toBe(t0 + afterMs);
    expect(
      nextAction(incidentOf({ ...incident, wanted: { ...incident.wanted, acknowledged: false } }), terms),
    ).toBeNull();
  });

  test.each([
    ["if group_updates is off", joined, { ...terms, groupUpdates: false }],
    ["when nothing was sent yet", { wanted: { content: "+two" } }, terms],
    ["before a source confirms", { ...joined, unconfirmed: true }, terms],
    ["when they are equal to those that were sent", { ...changed, wanted: { content: "+two" } }, terms],
    ["when all ended", { ...changed, wanted: { ...resolvedNow, content: "+three" } }, terms],
    [
      "when only the text changes and it is not tracked",
      { told: { content: "a+two" }, wanted: { content: "b+two" } },
      terms,
    ],
  ] as const)("are not sent %s", (_says, incident, how) => {
    expect(reminderAtMs(incidentOf(incident), how)).toBeNull();
  });

  test("do not hide changed text", () => {
    const content: DueTerms = { ...terms, retrigger: "content", groupUpdates: false };
    expect(reminderAtMs(incidentOf(changed), content)).toBeNull();
    const words = { told: { content: "a+two" }, wanted: { content: "b+three" } } as const;
    expect(reminderAtMs(incidentOf(words), content)).toBe(t0 + 5 * minute);
  });
});
