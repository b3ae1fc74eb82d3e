import { epochMs as t0, incidentOf, memberOf } from "@tocsin/test";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { severities, severityRank } from "../alerts/severity.ts";
import type { Member } from "../incidents/incident.ts";
import { desiredState, leadingMember } from "./desired-state.ts";

const acknowledgedNow = { acknowledged: true } as const;

test("the content hash is that of the member whose text is shown", () => {
  const older = memberOf("b", { startsAtMs: t0 - 1, content: "older" });
  expect(desiredState([memberOf("a", { content: "newer" }), older], null, t0)).toMatchObject({
    content: expect.stringMatching(/^older\+/) as string,
  });
  expect(desiredState([memberOf("a")], null, t0)).not.toHaveProperty("content");
});

const wantedOf = (members: readonly Member[], before: Parameters<typeof desiredState>[1] = null) =>
  desiredState(members, before, t0);

describe("several alerts in one incident", () => {
  const over = { status: "resolved" } as const;
  test("fire while any fires, and are resolved with the last", () => {
    expect(wantedOf([memberOf("a", over), memberOf("b")]).status).toBe("firing");
    expect(wantedOf([memberOf("a", over), memberOf("b", over)]).status).toBe("resolved");
  });

  test("are as severe as the most severe that fires", () => {
    const members = [
      memberOf("a", { severity: "critical", ...over }),
      memberOf("b", { severity: "warning" }),
      memberOf("c", { severity: "info" }),
    ];
    expect(wantedOf(members).severity).toBe("warning");
  });

  test("keep the last severity when all have ended", () => {
    const before = wantedOf([memberOf("a", { severity: "critical" }), memberOf("b")]);
    expect(wantedOf([memberOf("a", { severity: "critical", ...over }), memberOf("b", over)], before).severity).toBe(
      "critical",
    );
  });

  test("show the oldest one that fires", () => {
    const members = [
      memberOf("a", { startsAtMs: t0, ...over, summary: "over" }),
      memberOf("c", { startsAtMs: t0 + 2, summary: "younger" }),
      memberOf("b", { startsAtMs: t0 + 1, summary: "oldest that fires" }),
    ];
    expect(wantedOf(members).summary).toBe("oldest that fires");
    expect(leadingMember(members.map((member) => ({ ...member, ...over }))).summary).toBe("over");
  });

  test("show the same one in any order of arrival", () => {
    const same = [memberOf("b"), memberOf("a"), memberOf("c")];
    expect(leadingMember(same).fingerprint).toBe("a");
    expect(leadingMember(same.toReversed()).fingerprint).toBe("a");
  });

  test("are at least one", () => {
    expect(() => leadingMember([])).toThrow(/at least one/);
  });
});

describe("a person's acknowledgement", () => {
  const before = incidentOf({ wanted: acknowledgedNow }).wanted;

  test("stays after repeats and after a lower severity", () => {
    expect(desiredState([memberOf("a")], before, t0 + 1).acknowledged).toBe(true);
    expect(desiredState([memberOf("a", { severity: "info" })], before, t0 + 1).acknowledged).toBe(true);
  });

  test("is cleared by a higher severity", () => {
    expect(desiredState([memberOf("a", { severity: "critical" })], before, t0 + 1).acknowledged).toBe(false);
  });
});

test("the desired state has the time of its last change, and a repeat does not move it", () => {
  const { wanted } = incidentOf();
  expect(desiredState([memberOf("a", { summary: "other words" })], wanted, t0 + 5)).toMatchObject({
    atMs: t0,
    summary: "other words",
  });
  expect(desiredState([memberOf("a", { severity: "critical" })], wanted, t0 + 5).atMs).toBe(t0 + 5);
  expect(desiredState([memberOf("a", { status: "resolved" })], wanted, t0 + 5).atMs).toBe(t0 + 5);
});

const anyMember = fc.record({
  fingerprint: fc.string({ minLength: 1, maxLength: 2 }),
  status: fc.constantFrom("firing" as const, "resolved" as const),
  severity: fc.constantFrom(...severities),
  startsAtMs: fc.integer({ min: t0, max: t0 + 3 }),
});

test("an incident fires exactly if one of its members does, and is at least as severe as each of them", () => {
  fc.assert(
    fc.property(fc.array(anyMember, { minLength: 1, maxLength: 6 }), (given) => {
      const members = given.map((member) => memberOf(member.fingerprint, member));
      const { status, severity } = desiredState(members, null, t0);
      const burning = members.filter((member) => member.status === "firing");
      expect(status).toBe(burning.length > 0 ? "firing" : "resolved");
      for (const member of burning) expect(severityRank(severity)).toBeLessThanOrEqual(severityRank(member.severity));
      expect(members.map((member) => member.severity)).toContain(severity);
    }),
  );
});
