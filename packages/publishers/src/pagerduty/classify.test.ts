import { describe, expect, test } from "vitest";
import type { Reply } from "@tocsin/http";
import { classify } from "./classify.ts";

const nowMs = Date.UTC(2026, 10, 23);
const terms = { degraded: false, nowMs };

const answered = (status: number, body = ""): Reply => ({ kind: "answered", status, body, retryAfter: undefined });

describe("an answer of PagerDuty", () => {
  test.each([
    [202, { kind: "accepted" }],
    [200, { kind: "retry", reason: "server" }],
    [204, { kind: "retry", reason: "server" }],
    [301, { kind: "retry", reason: "server" }],
    [400, { kind: "refused", reason: "invalid", suspectKey: true }],
    [401, { kind: "blocked", state: "unauthorized", reason: "auth" }],
    [403, { kind: "blocked", state: "unauthorized", reason: "auth" }],
    [404, { kind: "blocked", state: "misconfigured" }],
    [405, { kind: "blocked", state: "misconfigured" }],
    [408, { kind: "ambiguous", reason: "timeout" }],
    [413, { kind: "refused", reason: "invalid" }],
    [418, { kind: "retry", reason: "server" }],
    [422, { kind: "refused", reason: "invalid" }],
    [425, { kind: "retry", reason: "server" }],
    [429, { kind: "retry", reason: "rate_limited" }],
    [500, { kind: "ambiguous", reason: "server" }],
    [503, { kind: "ambiguous", reason: "server" }],
    [599, { kind: "ambiguous", reason: "server" }],
  ])("with %i becomes %j", (status, outcome) => {
    expect(classify(answered(status), terms)).toMatchObject({ ...outcome, status });
  });

  test("suspects the key after a 400 only", () => {
    const suspected = [401, 413, 422].map((status) => classify(answered(status), terms));
    expect(suspected.filter((outcome) => "suspectKey" in outcome)).toEqual([]);
  });

  test.each([200, 201, 202, 204])("with %i counts as accepted if a proxy answers for PagerDuty", (status) => {
    expect(classify(answered(status), { ...terms, degraded: true }).kind).toBe("accepted");
  });

  test("suspects no key if a proxy adds it", () => {
    expect(classify(answered(400), { ...terms, degraded: true })).not.toHaveProperty("suspectKey");
  });

  test.each([
    [
      '{"status":"invalid event","message":"Event object is invalid","errors":["a","b"]}',
      "HTTP 400: Event object is invalid: a; b",
    ],
    ['{"message":"only this"}', "HTTP 400: only this"],
    ["", "HTTP 400"],
    ["null", "HTTP 400: null"],
    ['{"message":"cut', 'HTTP 400: {"message":"cut'],
  ])("in the body %# is shown on one short line", (body, detail) => {
    expect(classify(answered(400, body), terms)).toMatchObject({ detail });
  });
});

test("a missing answer of PagerDuty is classified as everywhere", () => {
  const reply: Reply = { kind: "failed", left: true, reason: "network", detail: "d" };
  expect(classify(reply, terms)).toEqual({ kind: "ambiguous", reason: "network", detail: "d" });
});
