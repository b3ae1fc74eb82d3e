import { epochMs as t0, incidentOf, pagerdutyTraits } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import type { Flight, Incident } from "../incidents/incident.ts";
import { deriveState } from "./derive-state.ts";
import type { DueTerms } from "./next-action.ts";
import { settle } from "./settle.ts";

const minute = 60_000;
const terms: DueTerms = {
  traits: pagerdutyTraits,
  retrigger: "severity",
  groupUpdates: true,
  pageResolved: "never",
  remind: 0,
  staleAfter: 24 * 60 * minute,
  fallbackAfterMs: 2 * minute,
  confirmWithinMs: 5 * minute,
};
const critical = { severity: "critical" } as const;
const confirmBy = { atMs: t0 + 5 * minute };
const attempt: Pick<Flight, "action" | "severity" | "sinceMs" | "event"> = {
  action: "trigger",
  severity: "critical",
  sinceMs: t0,
  event: { token: 1, atMs: t0 },
};
const accepted = { kind: "accepted", receipt: "" } as const;

const settled = (
  given: Parameters<typeof incidentOf>[0],
  confirmWithinMs: number | undefined,
  more: Partial<Flight> = {},
) =>
  settle(incidentOf(given), { ...attempt, ...more }, accepted, {
    nowMs: t0,
    retry: { initial: 0, max: 0, giveUpAfter: 0 },
    random: 0,
    keyWasDoubtful: false,
    confirmWithinMs,
  }).confirmBy;
describe("an accepted trigger must be confirmed", () => {
  test.each<[string, Parameters<typeof incidentOf>[0], number | undefined, Partial<Flight>, Incident["confirmBy"]]>([
    ["from its acceptance on", {}, 5 * minute, {}, confirmBy],
    ["not without the option", {}, undefined, {}, undefined],
    ["not if a shadow only pretended to send it", {}, 5 * minute, { shadow: true }, undefined],
    [
      "not again when a reminder is accepted",
      { opened: true, confirmBy: { atMs: t0 + 1 } },
      5 * minute,
      {},
      { atMs: t0 + 1 },
    ],
    ["not if it was opened before the option was set", { opened: true }, 5 * minute, {}, undefined],
    ["not if a resolve is accepted", { opened: false }, 5 * minute, { action: "resolve" }, undefined],
  ])("%s", (_says, given, withinMs, more, expected) => {
    expect(settled(given, withinMs, more)).toEqual(expected);
  });
});

describe("an unconfirmed critical", () => {
  const told = { wanted: critical, told: critical, confirmBy } as const;
  test.each<[string, Parameters<typeof incidentOf>[0], Partial<DueTerms>, number | null]>([
    ["is sent to the fallback at that time", told, {}, confirmBy.atMs],
    ["has that time without a fallback too", told, { fallbackAfterMs: undefined as never }, confirmBy.atMs],
    ["has it although its fallback got it before, undelivered", { ...told, fellBack: true }, {}, confirmBy.atMs],
    ["is not waited for once it is known as missed", { ...told, confirmBy: { ...confirmBy, missed: true } }, {}, null],
    ["is confirmed", { ...told, receiver: { confirmedAtMs: t0 } }, {}, null],
    ["is over", { ...told, wanted: { ...critical, status: "resolved" } }, {}, null],
    ["is acknowledged", { ...told, wanted: { ...critical, acknowledged: true } }, {}, null],
    ["is not critical", { ...told, wanted: { severity: "error" } }, {}, null],
    ["is at a target whose option was removed", told, { confirmWithinMs: undefined as never }, null],
    ["is not delivered: its own time counts", { wanted: critical }, {}, t0 + 2 * minute],
  ])("%s", (_says, given, others, expected) => {
    expect(deriveState(incidentOf(given), { ...terms, ...others }, t0).fallbackAtMs).toBe(expected);
  });

  test("shows that it is unconfirmed from then on, until the receiver confirms it", () => {
    const missed = incidentOf({ ...told, confirmBy: { ...confirmBy, missed: true } });
    expect(deriveState(missed, terms, t0)).toMatchObject({ state: "told", reason: "unconfirmed" });
    const late = deriveState({ ...missed, receiver: { confirmedAtMs: t0 } }, terms, t0);
    expect(late).toMatchObject({ state: "told", reason: "delivered" });
    expect(late).not.toHaveProperty("confirmBy");
  });

  test("becomes a problem at once if it rises to critical after that time", () => {
    const error = deriveState(incidentOf({ ...told, wanted: { severity: "error" } }), terms, t0 + 9 * minute);
    expect(error.fallbackAtMs).toBeNull();
    const risen = deriveState({ ...error, wanted: { ...error.wanted, ...critical } }, terms, t0 + 9 * minute);
    expect(risen.fallbackAtMs).toBe(confirmBy.atMs);
  });
});
