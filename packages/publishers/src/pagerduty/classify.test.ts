import { describe, expect, test } from "vitest";
import type { Reply } from "../transport.ts";
import { classify } from "./classify.ts";

const nowMs = Date.UTC(2026, 10, 23);
const terms = { degraded: false, nowMs };

function answered(status: number, { body = "", retryAfter }: { body?: string; retryAfter?: string } = {}): Reply {
  return { kind: "answered", status, body, retryAfter };
}

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
  ])("of %i means %j", (status, outcome) => {
    expect(classify(answered(status), terms)).toMatchObject({ ...outcome, status });
  });

  test("suspects the key after a 400 only", () => {
    const suspected = [401, 413, 422].map((status) => classify(answered(status), terms));
    expect(suspected.filter((outcome) => "suspectKey" in outcome)).toEqual([]);
  });

  test.each([200, 201, 202, 204])("of %i means accepted where a proxy stands in for PagerDuty", (status) => {
    expect(classify(answered(status), { ...terms, degraded: true }).kind).toBe("accepted");
  });

  test("has no key to suspect where a proxy adds it", () => {
    expect(classify(answered(400), { ...terms, degraded: true })).not.toHaveProperty("suspectKey");
  });

  test.each<[string, number | undefined]>([
    ["30", 30_000],
    ["0", 0],
    ["1.5", 1_500],
    ["86400", 3_600_000],
    ["Mon, 23 Nov 2026 00:02:00 GMT", 120_000],
    ["Sun, 22 Nov 2026 00:00:00 GMT", 0],
    ["Mon, 23 Nov 2027 00:00:00 GMT", 3_600_000],
    ["soon", undefined],
    ["-5", undefined],
    ["", undefined],
  ])("that says Retry-After: %s waits %d ms", (retryAfter, ms) => {
    for (const status of [429, 503, 408, 425]) {
      const { retryAfterMs } = classify(answered(status, { retryAfter }), terms) as { retryAfterMs?: number };
      expect(retryAfterMs).toBe(ms);
    }
  });

  test.each([
    [
      '{"status":"invalid event","message":"Event object is invalid","errors":["a","b"]}',
      "HTTP 400: Event object is invalid: a; b",
    ],
    ['{"message":"only this"}', "HTTP 400: only this"],
    ["<html>\n  no\u0000way\n</html>", "HTTP 400: <html> no way </html>"],
    ["", "HTTP 400"],
    ["null", "HTTP 400: null"],
    ['{"message":"cut', 'HTTP 400: {"message":"cut'],
    ["x".repeat(5_000), `HTTP 400: ${"x".repeat(499)}…`],
    [`\ud800${"😀".repeat(600)}`, `HTTP 400: \ufffd${"😀".repeat(249)}…`],
  ])("in the body %# is shown on one short line", (body, detail) => {
    expect(classify(answered(400, { body }), terms)).toMatchObject({ detail });
  });
});

describe("no answer of PagerDuty", () => {
  test.each<[Reply, object]>([
    [
      { kind: "failed", left: false, reason: "network", detail: "d" },
      { kind: "retry", reason: "network", detail: "d" },
    ],
    [
      { kind: "failed", left: true, reason: "network", detail: "d" },
      { kind: "ambiguous", reason: "network", detail: "d" },
    ],
    [
      { kind: "stopped", left: false, timeout: true },
      { kind: "retry", reason: "timeout" },
    ],
    [
      { kind: "stopped", left: true, timeout: true },
      { kind: "ambiguous", reason: "timeout" },
    ],
    [
      { kind: "stopped", left: false, timeout: false },
      { kind: "interrupted", left: false },
    ],
    [
      { kind: "stopped", left: true, timeout: false },
      { kind: "interrupted", left: true },
    ],
  ])("%j means %j", (reply, outcome) => {
    expect(classify(reply, terms)).toMatchObject(outcome);
  });
});
