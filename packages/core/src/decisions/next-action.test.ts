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
  "nothing delivered": [
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
      "page_resolved always, an info that is resolved: trigger",
      { wanted: { ...resolvedNow, severity: "info" } },
      "trigger",
      { pageResolved: "always" },
    ],
    ["and a resolve was adopted: resolve", { wanted: resolvedNow, adopted: true }, "resolve"],
    ["and a person acknowledged it: trigger first", { wanted: acknowledgedNow }, "trigger"],
  ],
  "trigger delivered": [
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
    [
      "and acknowledged, at a receiver without acknowledgements: nothing",
      { told: {}, wanted: acknowledgedNow },
      null,
      elsewhere,
    ],
    [
      "and acknowledged, then resolved: resolve",
      { told: {}, wanted: { ...acknowledgedNow, ...resolvedNow } },
      "resolve",
    ],
  ],
  "trigger maybe delivered": [
    ["and it fires: trigger again", { told: { certain: false } }, "trigger"],
    [
      "and it resolved, at a receiver that drops unknown resolves: only the resolve",
      { told: { certain: false }, wanted: resolvedNow },
      "resolve",
    ],
    [
      "and it resolved, at another receiver: the trigger is repeated first",
      { told: { certain: false }, wanted: resolvedNow },
      "trigger",
      elsewhere,
    ],
    [
      "after an accepted one, and it resolved, at another receiver: the resolve is enough",
      { told: { certain: false }, opened: true, wanted: resolvedNow },
      "resolve",
      elsewhere,
    ],
  ],
  "acknowledge delivered": [
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
  "resolve delivered": [
    ["and nothing changed: nothing", { told: { event: "resolve" }, wanted: resolvedNow }, null],
    ["maybe: resolve again", { told: { event: "resolve", certain: false }, wanted: resolvedNow }, "resolve"],
    ["maybe, and it fires again: trigger", { told: { event: "resolve", certain: false } }, "trigger"],
  ],
  "a late request of another owner may have undone the delivered state, so that": [
    ["a trigger is repeated", { told: {}, repeat: true }, "trigger"],
    ["a resolve is repeated", { told: { event: "resolve" }, repeat: true, wanted: resolvedNow }, "resolve"],
    [
      "an acknowledge follows its repeated trigger, since the incident may have been closed",
      { told: { event: "acknowledge" }, repeat: true, wanted: acknowledgedNow },
      "trigger",
    ],
    ["a new acknowledgement waits for the trigger", { told: {}, repeat: true, wanted: acknowledgedNow }, "trigger"],
    [
      "an alert that has resolved in between gets a resolve and no trigger",
      { told: {}, repeat: true, wanted: resolvedNow },
      "resolve",
    ],
    [
      "a resolve is repeated before the trigger of an alert that fires again",
      { told: { event: "resolve" }, repeat: true },
      "resolve",
    ],
  ],
  "a key that may be bad": [
    ["is checked before anything else", { told: {}, checkKey: true, wanted: resolvedNow }, "check"],
  ],
  "a change event": [
    ["is sent", { kind: "change" }, "change"],
    ["is sent only once", { kind: "change", told: { event: "change" } }, null],
    ["and again if its effect is unknown", { kind: "change", told: { event: "change", certain: false } }, "change"],
    ["and is never resolved", { kind: "change", told: { event: "change" }, wanted: resolvedNow }, null],
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

test("a delivered change event is not repeated; one that may be delivered is", () => {
  expect(nextAction(incidentOf({ kind: "change", told: { event: "change" } }), terms)).toBeNull();
  expect(nextAction(incidentOf({ kind: "change", told: { event: "change", certain: false } }), terms)).toBe("change");
});
