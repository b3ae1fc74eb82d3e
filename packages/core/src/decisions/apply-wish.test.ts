import { epochMs as t0, incidentOf } from "@tocsin/test/makers";
import { describe, expect, test } from "vitest";
import { applyWish, isNewest, type PersonalAct, withoutAcknowledgement, withoutHold } from "./apply-wish.ts";

const hour = 3_600_000;
const terms = { nowMs: t0 + 2 * hour, manualResolveFor: hour };
const act = (given: Partial<PersonalAct> = {}): PersonalAct => ({
  wish: "acknowledge",
  by: "Jane",
  named: true,
  atMs: t0 + hour,
  id: "m",
  onResolve: "reopen",
  ...given,
});
const apply = (incident: Parameters<typeof incidentOf>[0], given: Partial<PersonalAct> = {}) =>
  applyWish(incidentOf(incident), act(given), terms);

describe("an acknowledgement", () => {
  test("sets the flag and the name, with the time of the action", () => {
    expect(apply({})).toMatchObject({
      wanted: { acknowledged: true, atMs: terms.nowMs },
      acknowledgedBy: { by: "Jane", atMs: t0 + hour },
      lastActions: { acknowledged: { atMs: t0 + hour, id: "m" } },
      updatedAtMs: terms.nowMs,
    });
  });

  test("of a second person replaces the name; that of nobody does not", () => {
    const acknowledged = { wanted: { acknowledged: true, atMs: 5 }, acknowledgedBy: { by: "Ann", atMs: t0 } };
    expect(apply(acknowledged)).toMatchObject({ acknowledgedBy: { by: "Jane" }, wanted: { atMs: 5 } });
    expect(apply(acknowledged, { named: false, by: "pd" })).toMatchObject({ acknowledgedBy: { by: "Ann", atMs: t0 } });
    expect(apply({ wanted: { acknowledged: true } }, { named: false, by: "pd" })).toMatchObject({
      acknowledgedBy: { by: "pd" },
    });
  });

  test.each([
    [t0 + hour + 1, null],
    [t0 + hour, null],
    [t0 + hour - 1, "Jane"],
  ])("after a higher severity at %i: %s", (renewedAtMs, by) => {
    expect(apply({ wanted: { renewedAtMs } })?.acknowledgedBy?.by ?? null).toBe(by);
  });

  test("is withdrawn, with the name", () => {
    const acknowledged = { wanted: { acknowledged: true }, acknowledgedBy: { by: "Ann", atMs: t0 } };
    const after = apply(acknowledged, { wish: "unacknowledge" });
    expect(after?.wanted).toMatchObject({ acknowledged: false, atMs: terms.nowMs });
    expect(after).not.toHaveProperty("acknowledgedBy");
    expect(apply({ wanted: { atMs: 5 } }, { wish: "unacknowledge" })?.wanted.atMs).toBe(5);
  });
});

describe("a resolve", () => {
  test.each([
    [t0 + hour, t0 + 2 * hour],
    // A clock that runs ahead must not hold longer.
    [t0 + 9 * hour, t0 + 3 * hour],
  ])("at %i holds until %i", (atMs, manualUntilMs) => {
    const after = apply({}, { wish: "resolve", atMs });
    expect(after).toMatchObject({ wanted: { status: "resolved" }, members: [{ status: "resolved" }], manualUntilMs });
    expect(after).not.toHaveProperty("heldUntilEnd");
  });

  test("may hold until the alerts end", () => {
    expect(apply({}, { wish: "resolve", onResolve: "stay" })).toMatchObject({ heldUntilEnd: true });
  });

  test("changes nothing if the alerts have ended", () => {
    expect(apply({ wanted: { status: "resolved" } }, { wish: "resolve" })).toBeNull();
  });
});

test.each<[Parameters<typeof incidentOf>[0], Partial<PersonalAct>]>([
  [{ state: "closed" }, {}],
  [{ lastActions: { acknowledged: { atMs: t0 + hour + 1, id: "" } } }, {}],
  [{ lastActions: { acknowledged: { atMs: t0 + hour, id: "m" } } }, {}],
  [{ lastActions: { resolved: { atMs: t0 + hour, id: "z" } } }, { wish: "resolve" }],
  [{}, { wish: "reopen" }],
])("changes nothing at %j: %j", (incident, given) => {
  expect(apply(incident, given)).toBeNull();
});

test("is newer than actions of its kind only", () => {
  const later = { atMs: t0 + 9 * hour, id: "" };
  const acknowledged = incidentOf({ lastActions: { acknowledged: later } });
  expect(isNewest(act({ wish: "resolve" }), acknowledged)).toBe(true);
  expect(isNewest(act({ wish: "unacknowledge" }), acknowledged)).toBe(false);
  expect(isNewest(act({ wish: "reopen" }), incidentOf({ lastActions: { resolved: later } }))).toBe(false);
});

test("keeps the name while the acknowledgement counts", () => {
  const acknowledged = incidentOf({ wanted: { acknowledged: true }, acknowledgedBy: { by: "Ann", atMs: t0 } });
  expect(withoutAcknowledgement(acknowledged)).toBe(acknowledged);
  expect(withoutAcknowledgement({ ...acknowledged, wanted: incidentOf().wanted })).not.toHaveProperty("acknowledgedBy");
});

test("ends a hold", () => {
  const after = withoutHold(incidentOf({ manualUntilMs: 5, heldUntilEnd: true }));
  expect(after.manualUntilMs).toBeNull();
  expect(after).not.toHaveProperty("heldUntilEnd");
});
