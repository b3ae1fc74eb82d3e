import { epochMs as t0, incidentOf } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { failureOf, isOver, judgeRound, patienceMs, type RoundTerms } from "./canary-round.ts";

const round = { startedAtMs: t0 };
const second = 1_000;
const early: RoundTerms = { nowMs: t0 + second, patienceMs: 30 * second, proof: "callback", isFound: false };
const late = { ...early, nowMs: t0 + 30 * second };
const opened = incidentOf({ told: {}, state: "told" });
const confirmed = { ...opened, receiver: { confirmedAtMs: t0 } };
const failed = (reason: "auth" | "network", detail: string) =>
  incidentOf({ reason: "waiting_retry", lastFailure: { reason, detail, atMs: t0 } });

describe("a round", () => {
  test.each<[string, Parameters<typeof judgeRound>[1], RoundTerms]>([
    ["that was just begun", undefined, early],
    ["whose event waits", incidentOf(), early],
    ["whose first attempt failed", failed("network", "ECONNREFUSED"), early],
    ["whose receiver has not reported yet", opened, early],
    ["that the receiver's API does not show yet", opened, { ...early, proof: "look_up" }],
  ])("is not decided: %s", (_says, incident, terms) => {
    expect(judgeRound(round, incident, terms)).toBeUndefined();
  });

  test.each<[string, Parameters<typeof judgeRound>[1], RoundTerms]>([
    ["its receiver reported it", confirmed, early],
    ["also at the last moment", confirmed, late],
    ["the receiver's API shows it", opened, { ...early, proof: "look_up", isFound: true }],
    ["it was delivered, and nothing can show more", opened, { ...early, proof: "delivery" }],
  ])("succeeds: %s", (_says, incident, terms) => {
    expect(judgeRound(round, incident, terms)).toEqual({ detail: "", proof: terms.proof, atMs: terms.nowMs });
  });

  test.each<[string, Parameters<typeof judgeRound>[1], RoundTerms, string]>([
    ["the ledger has none", undefined, late, "not recorded"],
    ["the key is revoked", failed("auth", "HTTP 401"), late, "not delivered (unauthorized)"],
    [
      "the receiver refused the event first, and then the key",
      incidentOf({ lastFailure: { reason: "invalid", detail: "HTTP 400", atMs: t0 } }),
      { ...late, heldBack: { reason: "waiting_auth", detail: "HTTP 400" } },
      "not delivered (unauthorized)",
    ],
    ["the network is cut", failed("network", "ECONNREFUSED"), late, "not delivered (network)"],
    [
      "the refused key holds it back without an attempt",
      incidentOf(),
      { ...late, heldBack: { reason: "waiting_auth", detail: "HTTP 401" } },
      "not delivered (unauthorized)",
    ],
    [
      "it is dead before its time is over",
      incidentOf({ state: "dead", reason: "dead_invalid" }),
      early,
      "not delivered (dead_invalid)",
    ],
    ["the service is disabled", opened, late, "delivered but not confirmed"],
    ["the receiver's API does not show it", opened, { ...late, proof: "look_up" }, "delivered but not confirmed"],
  ])("fails: %s", (_says, incident, terms, failure) => {
    const verdict = judgeRound(round, incident, terms);
    expect(verdict && failureOf(verdict)).toBe(failure);
  });
});

test("an ended round is over when its resolve was delivered, or nothing was", () => {
  expect(isOver(undefined)).toBe(true);
  expect(isOver({ state: "closed" })).toBe(true);
  expect(isOver({ state: "not_told" })).toBe(true);
  expect(isOver({ state: "due" })).toBe(false);
  expect(isOver({ state: "dead" })).toBe(false);
});

test("a round, with the wait for its resolve, ends before the next one begins", () => {
  expect(patienceMs(10 * second)).toBe(5 * second);
  expect(patienceMs(3_600 * second)).toBe(120 * second);
});
