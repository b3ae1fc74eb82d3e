import type {
  Alert,
  Decision,
  ExplainedIncident,
  Explanation,
  HeldBack,
  Incident,
  IncidentState,
  Reason,
} from "@tocsin/core";
import { describe, expect, test } from "vitest";
import {
  type Explained,
  explainHypothetical,
  explainKnown,
  hadNoTarget,
  type Hypothetical,
  wasReceived,
} from "./explain.ts";

const alert: Alert = { fingerprint: "f", labels: { alertname: "A" }, annotations: {}, startsAtMs: 0 };
const tells: Decision = { target: "pager", send: true, dedupKey: "f", severity: "critical", summary: "A is wrong" };
const filters: Decision = {
  target: "pager",
  send: false,
  reason: "filtered",
  detail: "filters.severity does not list info",
};

type Status = "firing" | "resolved";

const told = (event: "trigger" | "resolve" = "trigger", more: object = {}) =>
  ({ event, certain: true, severity: "critical", atMs: 0, ...more }) as const;

const incidentAt = (
  state: IncidentState,
  reason: Reason,
  more: Partial<Incident> & { readonly fallbackFor?: string; readonly heldBack?: HeldBack } = {},
): ExplainedIncident => {
  const { fallbackFor, heldBack, ...facts } = more;
  const incident = {
    id: 7,
    target: "pager",
    dedupKey: "f",
    kind: "alert",
    told: null,
    opened: false,
    fallbackOf: null,
    lastFailure: null,
    manualUntilMs: null,
    ...facts,
  } as Incident;
  return {
    incident,
    state,
    reason,
    labels: alert.labels,
    sources: ["am"],
    confirmedAtMs: 0,
    history: [{ incident: incident.id, atMs: 0, what: "trigger" }],
    content: {
      incident: incident.id,
      target: incident.target,
      dedupKey: incident.dedupKey,
      severity: "warning",
      summary: "as recorded",
      firing: 3,
      alertJson: JSON.stringify(alert),
      sender: "am",
    },
    ...(fallbackFor !== undefined && { fallbackFor }),
    ...(heldBack && { heldBack }),
  };
};

const explanation = (incidents: readonly ExplainedIncident[] = [], status: Status = "firing"): Explanation => ({
  alert: { alert, sender: "am", claims: [], status, firstSeenAtMs: 0, confirmedAtMs: 0 },
  incidents,
});

const now = (decision: Decision | undefined, more: Partial<Hypothetical> = {}): Hypothetical => ({
  decisions: decision ? [decision] : [],
  invalid: [],
  shadows: new Set(),
  nowMs: Date.UTC(2026, 10, 23),
  render: ({ action, dedupKey, severity, target, incident = 0, firing, sender }) =>
    `${action} ${dedupKey} ${severity} to ${target}, incident ${incident}, ${firing} firing, from ${sender}`,
  known: undefined,
  adopts: () => true,
  heldBack: () => undefined,
  ...more,
});

const eventOf = (decision: Decision, incidents: ExplainedIncident[] = []) =>
  explainKnown(explanation(incidents), now(decision))[0]?.event;

/** A target that accepts nothing now. */
const heldBack: HeldBack = { reason: "waiting_auth", detail: "HTTP 401" };

describe("an alert that was received", () => {
  const closed = incidentAt("closed", "delivered", { told: told("resolve"), opened: true });
  test.each<[string, Decision, ExplainedIncident[], object, Status?]>([
    [
      "and sent",
      tells,
      [incidentAt("told", "delivered")],
      { state: "told", reason: "delivered", incident: 7, wouldTell: true },
    ],
    [
      "and sent, at a target that refuses now",
      tells,
      [incidentAt("told", "delivered", { heldBack })],
      { state: "told", reason: "delivered", heldBack },
    ],
    ["and waits", tells, [incidentAt("due", "waiting_limit")], { state: "due", reason: "waiting_limit" }],
    [
      "and failed: with the answer",
      tells,
      [incidentAt("due", "waiting_retry", { lastFailure: { reason: "server", detail: "HTTP 500", atMs: 0 } })],
      { state: "due", reason: "waiting_retry", detail: "HTTP 500" },
    ],
    [
      "and filtered",
      filters,
      [],
      { state: "not_told", reason: "filtered", wouldTell: false, detail: "filters.severity does not list info" },
    ],
    [
      "and sent before a filter was edited",
      filters,
      [incidentAt("told", "delivered")],
      { state: "told", reason: "delivered", wouldTell: false },
    ],
    [
      "and fires again where it is filtered now",
      filters,
      [closed],
      { state: "not_told", reason: "filtered", incident: 7, history: closed.history },
    ],
    [
      "and sent although a filter was not applied",
      { ...tells, detail: "a filter was not applied" },
      [incidentAt("told", "delivered")],
      { state: "told", wouldTell: true, detail: "a filter was not applied" },
    ],
    ["and ended", filters, [closed], { state: "closed", reason: "delivered" }, "resolved"],
    ["but never recorded here", tells, [], { state: "not_told", reason: "would_tell", wouldTell: true }],
    ["and ended before", tells, [], { state: "not_told", reason: "resolved_before_told" }, "resolved"],
  ])("%s", (_, decision, incidents, expected, status) => {
    expect(explainKnown(explanation(incidents, status), now(decision))).toEqual([
      expect.objectContaining({ target: "pager", ...expected }),
    ]);
  });

  test("shows the event of its incident as it is sent, otherwise the first event, and none if the target does not receive it", () => {
    expect(eventOf(tells, [incidentAt("told", "delivered")])).toBe(
      "trigger f warning to pager, incident 7, 3 firing, from am",
    );
    expect(eventOf(tells)).toBe("trigger f critical to pager, incident 0, 1 firing, from am");
    expect(eventOf(filters)).toBeUndefined();
  });

  test.each<[string, ExplainedIncident[], object]>([
    [
      "its own incident, beside the one that it received as another target's fallback",
      [
        incidentAt("told", "delivered"),
        incidentAt("told", "fallback", { id: 8, dedupKey: "g", fallbackOf: 3, fallbackFor: "other" }),
      ],
      {
        incident: 7,
        reason: "delivered",
        fallback: { state: "told", reason: "fallback", incident: 8, detail: "received as the fallback of other" },
      },
    ],
    [
      "the incident received as a fallback, if its own is over",
      [
        incidentAt("closed", "delivered", { told: told("resolve") }),
        incidentAt("told", "fallback", { id: 8, fallbackOf: 3, fallbackFor: "other" }),
      ],
      { incident: 8, reason: "fallback", detail: "received as the fallback of other" },
    ],
    [
      "the incident received as a fallback, if it has none of its own",
      [incidentAt("told", "fallback", { id: 8, fallbackOf: 3 })],
      { incident: 8, reason: "fallback" },
    ],
  ])("shows %s", (_, incidents, expected) => {
    const [row, ...others] = explainKnown(explanation(incidents), now(tells));
    expect(others).toEqual([]);
    expect(row).toMatchObject(expected);
    expect(row && "fallback" in row).toBe("fallback" in expected);
  });

  test.each<[string, ExplainedIncident[], Status, object]>([
    ["nothing was recorded", [], "firing", { state: "not_told", reason: "target_invalid", detail: "wrong" }],
    [
      "it was sent, and is still open",
      [incidentAt("told", "delivered", { target: "broken" })],
      "firing",
      { state: "told", reason: "delivered", incident: 7 },
    ],
    [
      "only an earlier time was sent",
      [incidentAt("closed", "delivered", { target: "broken", told: told("resolve") })],
      "firing",
      { state: "not_told", reason: "target_invalid", detail: "wrong", incident: 7 },
    ],
  ])("names an invalid target: %s", (_, incidents, status, expected) => {
    const explained = explainKnown(
      explanation(incidents, status),
      now(undefined, { invalid: [{ target: "broken", reason: "target_invalid", detail: "wrong" }] }),
    );
    expect(explained).toEqual([expect.objectContaining({ target: "broken", wouldTell: false, ...expected })]);
  });

  test("names a removed target, with its recorded incidents", () => {
    const still = incidentAt("told", "delivered", { target: "gone" });
    const over = incidentAt("closed", "delivered", { target: "gone", told: told("resolve") });
    expect(explainKnown(explanation([still]), now(tells))).toMatchObject([
      { target: "pager" },
      { target: "gone", state: "told", wouldTell: false, incident: 7 },
    ]);
    expect(explainKnown(explanation([over]), now(tells))[1]).toMatchObject({
      target: "gone",
      state: "not_told",
      reason: "no_target",
    });
  });

  test("does not count a shadow as a target that receives it", () => {
    const shadow = incidentAt("not_told", "shadow", { told: told("trigger", { shadow: true }) });
    const [row] = explainKnown(explanation([shadow]), now(tells, { shadows: new Set(["pager"]) }));
    expect(row).toMatchObject({ state: "not_told", reason: "shadow", wouldTell: false, event: expect.any(String) });
  });

  test("leaves the events out of a summary", () => {
    const { render: _, ...others } = now(tells);
    expect(explainKnown(explanation(), others)[0]).not.toHaveProperty("event");
  });
});

describe("whether a target received the alert", () => {
  test.each<[boolean, string, ExplainedIncident[], Status?]>([
    [false, "nothing was recorded", []],
    [false, "it waits", [incidentAt("due", "waiting_retry")]],
    [false, "it is not known", [incidentAt("due", "ambiguous", { told: told("trigger", { certain: false }) })]],
    [true, "it was accepted", [incidentAt("told", "delivered", { told: told() })]],
    [
      true,
      "its end may have been accepted",
      [incidentAt("due", "ambiguous", { opened: true, told: told("resolve", { certain: false }) })],
    ],
    [false, "a shadow", [incidentAt("not_told", "shadow", { told: told("trigger", { shadow: true }) })]],
    [false, "an earlier time was accepted", [incidentAt("closed", "delivered", { told: told("resolve") })]],
    [true, "it ended", [incidentAt("closed", "delivered", { told: told("resolve") })], "resolved"],
    [true, "a person ended it", [incidentAt("closed", "delivered", { told: told("resolve"), manualUntilMs: 5 })]],
    [true, "a change", [incidentAt("closed", "delivered", { kind: "change", told: told() })]],
    [true, "another target", [incidentAt("dead", "dead_invalid"), incidentAt("told", "fallback", { told: told() })]],
  ])("%s: %s", (received, _, incidents, status) => {
    expect(wasReceived(explanation(incidents, status))).toBe(received);
  });
});

test.each<[boolean, readonly Reason[]]>([
  [true, []],
  [true, ["target_invalid", "target_disabled", "shadow", "no_target"]],
  [false, ["target_invalid", "filtered"]],
  [false, ["delivered"]],
])("there was no target: %s for %j", (none, reasons) => {
  const explained = reasons.map((reason): Explained => ({ target: "a", state: "not_told", reason, wouldTell: false }));
  expect(hadNoTarget(explained)).toBe(none);
});

const ask = (decision: Decision, incident?: ExplainedIncident, status: Status = "firing", more = {}) =>
  explainHypothetical(
    { alert, status, sender: "" },
    now(decision, { ...(incident && { known: explanation([incident]) }), ...more }),
  )[0];

const open = incidentAt("told", "delivered", { told: told(), opened: true });
const shadows = { shadows: new Set(["pager"]) };

describe("an alert that is asked about", () => {
  test.each<[string, object, ReturnType<typeof ask>]>([
    [
      "new",
      { state: "due", reason: "would_tell", wouldTell: true, event: expect.stringMatching(/^trigger f critical/) },
      ask(tells),
    ],
    ["filtered", { state: "not_told", reason: "filtered", wouldTell: false }, ask(filters)],
    [
      "sent although a filter is not applied",
      { reason: "would_tell", wouldTell: true, detail: "a filter is not applied" },
      ask({ ...tells, detail: "a filter is not applied" }),
    ],
    [
      "new, at a target that refuses now",
      { state: "due", reason: "would_tell", heldBack },
      ask(tells, undefined, "firing", { heldBack: () => heldBack }),
    ],
    [
      "open already, at a target that refuses now",
      { state: "told", reason: "duplicate", heldBack },
      ask(tells, incidentAt("told", "delivered", { told: told(), opened: true, heldBack })),
    ],
    [
      "the end of what was sent with a key that is refused now",
      { state: "due", reason: "would_tell", heldBack: { ...heldBack, reason: "orphaned_key" } },
      ask(
        tells,
        incidentAt("told", "delivered", {
          told: told(),
          opened: true,
          heldBack: { ...heldBack, reason: "orphaned_key" },
        }),
        "resolved",
      ),
    ],
    ["open already", { state: "told", reason: "duplicate", wouldTell: false, incident: 7 }, ask(tells, open)],
    [
      "waiting to be sent",
      { state: "due", reason: "would_tell", wouldTell: true, event: expect.stringContaining("incident 7") },
      ask(tells, incidentAt("due", "waiting_limit")),
    ],
    [
      "part of an earlier episode",
      { state: "due", reason: "would_tell", wouldTell: true, event: expect.stringContaining("incident 0") },
      ask(tells, incidentAt("closed", "delivered", { told: told("resolve") })),
    ],
    [
      "the end of what was sent",
      { state: "due", wouldTell: true, event: expect.stringMatching(/^resolve f critical/) },
      ask(tells, open, "resolved"),
    ],
    [
      "the end of what was sent before a filter was edited",
      { state: "due", wouldTell: true, event: expect.stringMatching(/^resolve f/) },
      ask(filters, open, "resolved"),
    ],
    [
      "the end of what was never sent",
      { state: "not_told", reason: "resolved_before_told", wouldTell: false },
      ask(tells, incidentAt("due", "waiting_turn"), "resolved"),
    ],
    [
      "the end of what was filtered",
      { state: "not_told", reason: "filtered", wouldTell: false },
      ask(filters, undefined, "resolved"),
    ],
    [
      "the end of what was never seen",
      { state: "due", reason: "would_tell", wouldTell: true },
      ask(tells, undefined, "resolved"),
    ],
    [
      "the same where the target does not adopt it",
      { state: "not_told", wouldTell: false },
      ask(tells, undefined, "resolved", { adopts: () => false }),
    ],
    [
      "new, at a shadow",
      { state: "not_told", reason: "shadow", wouldTell: false, event: expect.stringMatching(/^trigger/) },
      ask(tells, undefined, "firing", shadows),
    ],
    [
      "the end of what was really sent, at a target that is a shadow now",
      { state: "due", reason: "would_tell", wouldTell: true },
      ask(tells, open, "resolved", shadows),
    ],
  ])("and is %s", (_, expected, explained) => {
    expect(explained).toMatchObject({ target: "pager", ...expected });
  });

  test("names invalid targets too", () => {
    const explained = explainHypothetical(
      { alert, status: "firing", sender: "" },
      now(undefined, { invalid: [{ target: "broken", reason: "target_invalid", detail: "wrong" }] }),
    );
    expect(explained).toEqual([
      { target: "broken", state: "not_told", reason: "target_invalid", detail: "wrong", wouldTell: false },
    ]);
  });
});
