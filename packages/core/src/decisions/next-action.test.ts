import { epochMs as t0, forgetfulTraits, incidentOf, memberOf, pagerdutyTraits } from "@tocsin/test";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { urgency } from "../incidents/event.ts";
import type { Member } from "../incidents/incident.ts";
import { severities, severityRank } from "../alerts/severity.ts";
import {
  type DueTerms,
  leadingMember,
  isConfirmed,
  nextAction,
  refreshAtMs,
  confirmedRepeatAtMs,
  tellAgainAtMs,
  urgencyOf,
  wantedBy,
} from "./next-action.ts";

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
  it.each(table.map(([says, incident, action, other]) => ({ says, incident, action, other })))(
    "$says",
    ({ incident, action, other }) => {
      expect(nextAction(incidentOf(incident), { ...terms, ...other })).toBe(action);
    },
  );
});

const of = (incident: Parameters<typeof incidentOf>[0], action: Parameters<typeof urgencyOf>[1]) =>
  urgencyOf(incidentOf(incident), action);

describe("the order of work", () => {
  it("is critical triggers, follow-ups of told criticals, errors, other follow-ups, warnings, infos, changes, the rest", () => {
    const inOrder = [
      of({ wanted: { severity: "critical" } }, "trigger"),
      of({ told: { severity: "critical" } }, "resolve"),
      of({}, "trigger"),
      of({ told: {} }, "acknowledge"),
      of({ wanted: { severity: "warning" } }, "trigger"),
      of({ wanted: { severity: "info" } }, "trigger"),
      of({ kind: "change" }, "change"),
      of({ adopted: true, wanted: { severity: "critical", status: "resolved" } }, "resolve"),
    ];
    expect(inOrder).toEqual(Object.values(urgency));
    expect(inOrder).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it("gives a follow-up the severity that the target was told, not the one wanted now", () => {
    expect(of({ told: { severity: "critical" }, wanted: { severity: "info" } }, "resolve")).toBe(
      urgency.criticalFollowUp,
    );
    expect(of({ told: { severity: "info" }, wanted: { severity: "critical" } }, "resolve")).toBe(urgency.followUp);
    expect(of({ told: null, wanted: { severity: "critical" } }, "resolve")).toBe(urgency.criticalFollowUp);
  });

  it("asks for a key as urgently as its event", () => {
    expect(of({ wanted: { severity: "critical" } }, "check")).toBe(urgency.criticalTrigger);
  });
});

describe("a reminder", () => {
  const hour = 3_600_000;
  const remind: DueTerms = { ...terms, remind: 4 * hour };

  it("repeats what fires and is not acknowledged, 4 hours after it was last told", () => {
    expect(tellAgainAtMs(incidentOf({ told: { atMs: t0 + hour } }), remind)).toBe(t0 + 5 * hour);
  });

  it("reaches a receiver that forgets in half its time, whatever else is said", () => {
    const forgets: DueTerms = { ...terms, traits: { ...pagerdutyTraits, forgetsAfterMs: 6 * hour } };
    const told = { atMs: t0 };
    expect(tellAgainAtMs(incidentOf({ told, wanted: acknowledgedNow }), forgets)).toBe(t0 + 3 * hour);
    expect(tellAgainAtMs(incidentOf({ told }), { ...forgets, remind: 2 * hour })).toBe(t0 + 2 * hour);
    expect(tellAgainAtMs(incidentOf({ told, wanted: resolvedNow }), forgets)).toBeNull();
  });

  it("counts from when the last attempt began, or from its end where an older version wrote the row", () => {
    expect(confirmedRepeatAtMs(incidentOf({ told: { atMs: t0 + 9_000, sinceMs: t0 } }), remind)).toBe(t0 + 4 * hour);
    expect(confirmedRepeatAtMs(incidentOf({ told: { atMs: t0 + 9_000 } }), remind)).toBe(t0 + 4 * hour + 9_000);
  });

  it("has no date while it waits for a confirmation; what keeps a receiver from forgetting has", () => {
    const waiting = incidentOf({ told: { atMs: t0 }, unconfirmed: true });
    const forgets: DueTerms = { ...remind, traits: { ...pagerdutyTraits, forgetsAfterMs: 24 * hour } };
    expect([confirmedRepeatAtMs(waiting, remind), tellAgainAtMs(waiting, remind)]).toEqual([null, null]);
    expect([refreshAtMs(waiting, forgets), tellAgainAtMs(waiting, forgets)]).toEqual([t0 + 12 * hour, t0 + 12 * hour]);
  });

  it.each([
    ["just confirmed", 0, true],
    ["confirmed just under half of remind ago", 2 * hour - 1, true],
    ["confirmed half of remind ago", 2 * hour, false],
    ["confirmed by the word that caused the last attempt", 4 * hour, false],
  ])("may be sent for an alert %s: %j", (_says, agoMs, sent) => {
    expect(isConfirmed(t0, remind, t0 + agoMs)).toBe(sent);
  });

  it.each([
    [24 * hour - 1, true],
    [24 * hour, false],
  ])("remind: 0, an update may be sent %i ms after a confirmation: %j", (agoMs, sent) => {
    expect(isConfirmed(t0, terms, t0 + agoMs)).toBe(sent);
  });

  it("may not be sent for an alert that is stale", () => {
    const rare = { ...remind, remind: 100 * hour };
    expect([24 * hour - 1, 24 * hour].map((agoMs) => isConfirmed(t0, rare, t0 + agoMs))).toEqual([true, false]);
  });

  it.each([
    ["is told of nothing that ended", { told: {}, wanted: resolvedNow }, remind],
    ["is told of nothing that a person acknowledged", { told: {}, wanted: acknowledgedNow }, remind],
    ["is told of nothing that was never told", {}, remind],
    ["is told of no change event", { kind: "change", told: { event: "change" } }, remind],
    ["is never told where remind is 0", { told: {} }, terms],
  ] as const)("%s", (_says, incident, how) => {
    expect(tellAgainAtMs(incidentOf(incident), how)).toBeNull();
  });
});

it("a change event that was told is told; one that may have been is said again", () => {
  expect(nextAction(incidentOf({ kind: "change", told: { event: "change" } }), terms)).toBeNull();
  expect(nextAction(incidentOf({ kind: "change", told: { event: "change", certain: false } }), terms)).toBe("change");
});

describe("words that change", () => {
  const minute = 60_000;
  const content: DueTerms = { ...terms, retrigger: "content" };
  const other = { told: { content: "one" }, wanted: { content: "two" } } as const;

  it("are told five minutes after the last event, or with the reminder where that comes sooner", () => {
    expect(tellAgainAtMs(incidentOf(other), content)).toBe(t0 + 5 * minute);
    expect(tellAgainAtMs(incidentOf(other), { ...content, remind: 60 * minute })).toBe(t0 + 5 * minute);
    expect(tellAgainAtMs(incidentOf(other), { ...content, remind: minute })).toBe(t0 + minute);
  });

  it("are no action of their own: nothing is to be made equal", () => {
    expect(nextAction(incidentOf(other), content)).toBeNull();
  });

  it("a severity that rises is told at once all the same", () => {
    expect(nextAction(incidentOf({ told: {}, wanted: { severity: "critical" } }), content)).toBe("trigger");
  });

  it.each([
    ["unless the target asks for severities only", other, terms],
    ["unless they are what was told", { told: { content: "one" }, wanted: { content: "one" } }, content],
    ["unless nobody knows what words were told", { told: {}, wanted: { content: "two" } }, content],
    ["unless nobody knows what they are", { told: { content: "one" } }, content],
    ["unless it is over", { ...other, wanted: { ...resolvedNow, content: "two" } }, content],
    ["unless a person acknowledged", { ...other, wanted: { ...acknowledgedNow, content: "two" } }, content],
    ["unless nothing was told", { wanted: { content: "two" } }, content],
  ] as const)("%s", (_says, incident, how) => {
    expect(tellAgainAtMs(incidentOf(incident), how)).toBeNull();
  });

  it("are those of the member whose text is shown", () => {
    const older = memberOf("b", { startsAtMs: t0 - 1, content: "older" });
    expect(wantedBy([memberOf("a", { content: "newer" }), older], null, t0)).toMatchObject({
      content: expect.stringMatching(/^older\+/) as string,
    });
    expect(wantedBy([memberOf("a")], null, t0)).not.toHaveProperty("content");
  });
});

describe("members that change", () => {
  const second = 1_000;
  const minute = 60 * second;
  const joined = { told: {}, wanted: { content: "+two" } } as const;
  const changed = { told: { content: "+two" }, wanted: { content: "+three" } } as const;

  it.each([
    ["10 s after the trigger of a single alert", joined, 10 * second],
    ["5 minutes after an event about several", changed, 5 * minute],
    ["5 minutes after an event about several of which one is left", { ...changed, wanted: {} }, 5 * minute],
    ["also once a person acknowledged", { ...joined, wanted: { ...acknowledgedNow, content: "+two" } }, 10 * second],
    ["also with tracked words", { told: { content: "one" }, wanted: { content: "one+two" } }, 10 * second],
  ] as const)("are sent %s", (_says, incident, afterMs) => {
    expect(tellAgainAtMs(incidentOf(incident), terms)).toBe(t0 + afterMs);
    expect(
      nextAction(incidentOf({ ...incident, wanted: { ...incident.wanted, acknowledged: false } }), terms),
    ).toBeNull();
  });

  it.each([
    ["where group_updates is off", joined, { ...terms, groupUpdates: false }],
    ["when nothing was sent yet", { wanted: { content: "+two" } }, terms],
    ["before a source confirms", { ...joined, unconfirmed: true }, terms],
    ["when they are those that were sent", { ...changed, wanted: { content: "+two" } }, terms],
    ["when all ended", { ...changed, wanted: { ...resolvedNow, content: "+three" } }, terms],
    [
      "when the words change and only members count",
      { told: { content: "a+two" }, wanted: { content: "b+two" } },
      terms,
    ],
  ] as const)("are not sent %s", (_says, incident, how) => {
    expect(tellAgainAtMs(incidentOf(incident), how)).toBeNull();
  });

  it("count beside changed words", () => {
    const content: DueTerms = { ...terms, retrigger: "content", groupUpdates: false };
    expect(tellAgainAtMs(incidentOf(changed), content)).toBeNull();
    const words = { told: { content: "a+two" }, wanted: { content: "b+three" } } as const;
    expect(tellAgainAtMs(incidentOf(words), content)).toBe(t0 + 5 * minute);
  });
});

const wantedOf = (members: readonly Member[], before: Parameters<typeof wantedBy>[1] = null) =>
  wantedBy(members, before, t0);

describe("several alerts in one incident", () => {
  const over = { status: "resolved" } as const;
  it("fire while any fires, and are resolved with the last", () => {
    expect(wantedOf([memberOf("a", over), memberOf("b")]).status).toBe("firing");
    expect(wantedOf([memberOf("a", over), memberOf("b", over)]).status).toBe("resolved");
  });

  it("are as severe as the most severe that fires", () => {
    const members = [
      memberOf("a", { severity: "critical", ...over }),
      memberOf("b", { severity: "warning" }),
      memberOf("c", { severity: "info" }),
    ];
    expect(wantedOf(members).severity).toBe("warning");
  });

  it("keep the severity that they had when they end", () => {
    const before = wantedOf([memberOf("a", { severity: "critical" }), memberOf("b")]);
    expect(wantedOf([memberOf("a", { severity: "critical", ...over }), memberOf("b", over)], before).severity).toBe(
      "critical",
    );
  });

  it("show the oldest that fires", () => {
    const members = [
      memberOf("a", { startsAtMs: t0, ...over, summary: "over" }),
      memberOf("c", { startsAtMs: t0 + 2, summary: "younger" }),
      memberOf("b", { startsAtMs: t0 + 1, summary: "oldest that fires" }),
    ];
    expect(wantedOf(members).summary).toBe("oldest that fires");
    expect(leadingMember(members.map((member) => ({ ...member, ...over }))).summary).toBe("over");
  });

  it("show the same one whatever order they came in", () => {
    const same = [memberOf("b"), memberOf("a"), memberOf("c")];
    expect(leadingMember(same).fingerprint).toBe("a");
    expect(leadingMember(same.toReversed()).fingerprint).toBe("a");
  });

  it("are at least one", () => {
    expect(() => leadingMember([])).toThrow(/at least one/);
  });
});

describe("a person's acknowledgement", () => {
  const before = incidentOf({ wanted: acknowledgedNow }).wanted;

  it("stays with repeats and with a lower severity", () => {
    expect(wantedBy([memberOf("a")], before, t0 + 1).acknowledged).toBe(true);
    expect(wantedBy([memberOf("a", { severity: "info" })], before, t0 + 1).acknowledged).toBe(true);
  });

  it("is cleared by a higher severity", () => {
    expect(wantedBy([memberOf("a", { severity: "critical" })], before, t0 + 1).acknowledged).toBe(false);
  });
});

it("what is wanted says since when, and a repeat does not move that", () => {
  const { wanted } = incidentOf();
  expect(wantedBy([memberOf("a", { summary: "other words" })], wanted, t0 + 5)).toMatchObject({
    atMs: t0,
    summary: "other words",
  });
  expect(wantedBy([memberOf("a", { severity: "critical" })], wanted, t0 + 5).atMs).toBe(t0 + 5);
  expect(wantedBy([memberOf("a", { status: "resolved" })], wanted, t0 + 5).atMs).toBe(t0 + 5);
});

const anyMember = fc.record({
  fingerprint: fc.string({ minLength: 1, maxLength: 2 }),
  status: fc.constantFrom("firing" as const, "resolved" as const),
  severity: fc.constantFrom(...severities),
  startsAtMs: fc.integer({ min: t0, max: t0 + 3 }),
});

it("whoever the members are, the incident fires exactly if one of them does, and is never less severe than one that does", () => {
  fc.assert(
    fc.property(fc.array(anyMember, { minLength: 1, maxLength: 6 }), (given) => {
      const members = given.map((member) => memberOf(member.fingerprint, member));
      const { status, severity } = wantedBy(members, null, t0);
      const burning = members.filter((member) => member.status === "firing");
      expect(status).toBe(burning.length > 0 ? "firing" : "resolved");
      for (const member of burning) expect(severityRank(severity)).toBeLessThanOrEqual(severityRank(member.severity));
      expect(members.map((member) => member.severity)).toContain(severity);
    }),
  );
});
