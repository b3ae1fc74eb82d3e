import { describe, expect, test } from "vitest";
import {
  acceptedOutcome,
  type Answer,
  detailOf,
  classifyErrorResponse,
  classifyUnanswered,
} from "./classify-response.ts";
import type { Reply } from "@tocsin/http";

const nowMs = Date.UTC(2026, 10, 23);

function answered(status: number, { body = "", retryAfter }: { body?: string; retryAfter?: string } = {}): Answer {
  return { kind: "answered", status, body, retryAfter };
}

const words = (body: string) => (body.startsWith("E:") ? body.slice(2) : undefined);

describe("an answer that is not a success", () => {
  test.each([
    [301, { kind: "retry", reason: "server" }],
    [400, { kind: "refused", reason: "invalid" }],
    [401, { kind: "blocked", state: "unauthorized", reason: "auth" }],
    [403, { kind: "blocked", state: "unauthorized", reason: "auth" }],
    [407, { kind: "blocked", state: "unauthorized", reason: "auth" }],
    [404, { kind: "blocked", state: "misconfigured" }],
    [405, { kind: "blocked", state: "misconfigured" }],
    [408, { kind: "ambiguous", reason: "timeout" }],
    [413, { kind: "refused", reason: "invalid" }],
    [418, { kind: "retry", reason: "server" }],
    [422, { kind: "refused", reason: "invalid" }],
    [425, { kind: "retry", reason: "server" }],
    [429, { kind: "retry", reason: "rate_limited" }],
    [500, { kind: "ambiguous", reason: "server" }],
    [599, { kind: "ambiguous", reason: "server" }],
  ])("with %i becomes %j, for every receiver", (status, outcome) => {
    expect(classifyErrorResponse(answered(status), nowMs)).toMatchObject({ ...outcome, status });
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
  ])("with Retry-After: %s waits %d ms", (retryAfter, ms) => {
    for (const status of [429, 503, 408, 425]) {
      const outcome = classifyErrorResponse(answered(status, { retryAfter }), nowMs) as { retryAfterMs?: number };
      expect(outcome.retryAfterMs).toBe(ms);
    }
  });

  test.each([
    ["<html>\n  no\u0000way\n</html>", "HTTP 400: <html> no way </html>"],
    ["", "HTTP 400"],
    ["x".repeat(5_000), `HTTP 400: ${"x".repeat(499)}…`],
    [`\ud800${"😀".repeat(600)}`, `HTTP 400: \ufffd${"😀".repeat(249)}…`],
  ])("is shown on one short line: body %#", (body, detail) => {
    expect(classifyErrorResponse(answered(400, { body }), nowMs)).toMatchObject({ detail });
  });

  test("is shown in the receiver's own words, if it has some", () => {
    expect(detailOf(answered(400, { body: "E:no such\nroom" }), words)).toBe("HTTP 400: no such room");
    expect(detailOf(answered(400, { body: "other" }), words)).toBe("HTTP 400: other");
  });
});

test("the message of a success is the receipt", () => {
  expect(acceptedOutcome(answered(204))).toEqual({ kind: "accepted", receipt: "HTTP 204", status: 204 });
  expect(acceptedOutcome(answered(200, { body: "ok\n" }))).toEqual({ kind: "accepted", receipt: "ok", status: 200 });
});

describe("no answer", () => {
  const failed = { kind: "failed", reason: "network", detail: "d" } as const;
  test.each<[Exclude<Reply, Answer>, object]>([
    [
      { ...failed, left: false },
      { kind: "retry", reason: "network", detail: "d" },
    ],
    [
      { ...failed, left: true },
      { kind: "ambiguous", reason: "network", detail: "d" },
    ],
    [
      { ...failed, left: false, reason: "proxy_auth" },
      { kind: "blocked", state: "unauthorized", reason: "auth", detail: "d" },
    ],
    [
      { ...failed, left: true, reason: "timeout" },
      { kind: "ambiguous", reason: "timeout", detail: "d" },
    ],
    [
      { ...failed, left: false, reason: "tls" },
      { kind: "retry", reason: "tls", detail: "d" },
    ],
    [
      { ...failed, left: false, reason: "invalid_header" },
      { kind: "retry", reason: "bug", detail: "d" },
    ],
    [
      { ...failed, left: false, reason: "dns" },
      { kind: "retry", reason: "network", detail: "d" },
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
  ])("%j becomes %j", (reply, outcome) => {
    expect(classifyUnanswered(reply)).toMatchObject(outcome);
  });
});
