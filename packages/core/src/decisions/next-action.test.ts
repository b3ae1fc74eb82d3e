import { forgetfulTraits, incidentOf, pagerdutyTraits } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { type DueTerms, nextAction } from "./next-action.ts";

const terms: DueTerms = {
  traits: pagerdutyTraits,
  retrigger: "severity",
  groupUpdates: true,
  pageResolved: "never",
  remind: 0,
  staleAfter: 86_400_000,
};
const elsewhere: DueTerms = { ...terms, traits: forgetfulTraits };
const resolvedNow = { status: "resolved" } as const;
const acknowledgedNow = { acknowledged: true } as const;

type Case = readonly [
  says: string,
  incident: Parameters<typeof incidentOf>[0],
  action: ReturnType<typeof nextAction>,
  terms?: Partial<DueTerms>,
];

const cases: Record<string, readonly Case[]> = {
  "told nothing": [
    ["and it fires: trigger", {}, "trigger"],
    ["and it resolved: nothing is sent", { wanted: resolvedNow }, null],
    [
      "and a critical resolved, page_resolved critical: trigger",
      { wanted: { ...resolvedNow, severity: "critical" } },
      "trigger",
      { pageResolved: "critical" },
    ],
    [
      "and an error resolved, page_resolved critical: nothing",
      { wanted: resolvedNow },
      null,
      { pageResolved: "critical" },
    ],
    [
      "and an info resolved, page_resolved always: trigger",
      { wanted: { ...resolvedNow, severity: "info" } },
      "trigger",
      { pageResolved: "always" },
    ],
    ["and a resolve was adopted: resolve", { wanted: resolvedNow, adopted: true }, "resolve"],
    ["and a person acknowledged it meanwhile: trigger first", { wanted: acknowledgedNow }, "trigger"],
  ],
  "told trigger": [
    ["and it fires: nothing", { told: {} }, null],
    ["and it resolved: resolve", { told: {}, wanted: resolvedNow }, "resolve"],
    ["and its severity rose: trigger again", { told: {}, wanted: { severity: "critical" } }, "trigger"],
    ["and its severity fell: nothing", { told: {}, wanted: { severity: "info" } }, null],
    [
      "and its severity rose, retrigger never: nothing",
      { told: {}, wanted: { severity: "critical" } },
      null,
      { retrigger: "never" },
    ],
    ["and a person acknowledged it: acknowledge", { told: {}, wanted: acknowledgedNow }, "acknowledge"],
    ["and acknowledged where nobody can be told so: nothing", { told: {}, wanted: acknowledgedNow }, null, elsewhere],
    [
      "and acknowledged, then resolved: resolve",
      { told: {}, wanted: { ...acknowledgedNow, ...resolvedNow } },
      "resolve",
    ],
  ],
  "told maybe trigger": [
    ["and it fires: trigger again", { told: { certain: false } }, "trigger"],
    [
      "and it resolved, where unknown resolves are dropped: only the resolve",
      { told: { certain: false }, wanted: resolvedNow },
      "resolve",
    ],
    [
      "and it resolved, elsewhere: the trigger is repeated first",
      { told: { certain: false }, wanted: resolvedNow },
      "trigger",
      elsewhere,
    ],
    [
      "again, and it resolved, elsewhere: it was opened before, so the resolve is enough",
      { told: { certain: false }, opened: true, wanted: resolvedNow },
      "resolve",
      elsewhere,
    ],
  ],
  "told acknowledge": [
    ["and nothing changed: nothing", { told: { event: "acknowledge" }, wanted: acknowledgedNow }, null],
    [
      "and it resolved: resolve",
      { told: { event: "acknowledge" }, wanted: { ...acknowledgedNow, ...resolvedNow } },
      "resolve",
    ],
    [
      "and its severity rose: trigger again",
      { told: { event: "acknowledge" }, wanted: { severity: "critical" } },
      "trigger",
    ],
    [
      "maybe: acknowledge again",
      { told: { event: "acknowledge", certain: false }, wanted: acknowledgedNow },
      "acknowledge",
    ],
  ],
  "told resolve": [
    ["and nothing changed: nothing", { told: { event: "resolve" }, wanted: resolvedNow }, null],
    ["maybe: resolve again", { told: { event: "resolve", certain: false }, wanted: resolvedNow }, "resolve"],
    ["maybe, and it fires again: trigger", { told: { event: "resolve", certain: false } }, "trigger"],
  ],
  "a late request of another owner may have undone what was told, so that": [
    ["a trigger is repeated", { told: {}, repeat: true }, "trigger"],
    ["a resolve is repeated", { told: { event: "resolve" }, repeat: true, wanted: resolvedNow }, "resolve"],
    [
      "an acknowledge is told after its trigger, which may have been closed",
      { told: { event: "acknowledge" }, repeat: true, wanted: acknowledgedNow },
      "trigger",
    ],
    [
      "an acknowledgement that is wanted now waits for the trigger",
      { told: {}, repeat: true, wanted: acknowledgedNow },
      "trigger",
    ],
    [
      "no trigger leaves for what has resolved meanwhile: resolve",
      { told: {}, repeat: true, wanted: resolvedNow },
      "resolve",
    ],
    [
      "a resolve is repeated before the alert that fires again is told",
      { told: { event: "resolve" }, repeat: true },
      "resolve",
    ],
  ],
  "a key that is in doubt": [
    ["is checked before anything else", { told: {}, checkKey: true, wanted: resolvedNow }, "check"],
  ],
  "a change event": [
    ["is told", { kind: "change" }, "change"],
    ["once", { kind: "change", told: { event: "change" } }, null],
    ["and again where that is in doubt", { kind: "change", told: { event: "change", certain: false } }, "change"],
    ["and has no end", { kind: "change", told: { event: "change" }, wanted: resolvedNow }, null],
  ],
};

describe.each(Object.entries(cases))("%s", (_told, table) => {
  test.each(table.map(([says, incident, action, other]) => ({ says, incident, action, other })))(
    "$says",
    ({ incident, action, other }) => {
      expect(nextAction(incidentOf(incident), { ...terms, ...other })).toBe(action);
    },
  );
});

test("a change event that was told is told; one that may have been is said again", () => {
  expect(nextAction(incidentOf({ kind: "change", told: { event: "change" } }), terms)).toBeNull();
  expect(nextAction(incidentOf({ kind: "change", told: { event: "change", certain: false } }), terms)).toBe("change");
});
