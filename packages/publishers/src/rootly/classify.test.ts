import { describe, expect, test } from "vitest";
import type { Reply } from "@tocsin/http";
import { classify, unheard } from "./classify.ts";

const nowMs = Date.UTC(2026, 10, 23);
const answered = (status: number, body: unknown = ""): Reply => ({
  kind: "answered",
  status,
  body: typeof body === "string" ? body : JSON.stringify(body),
  retryAfter: undefined,
});

const alert = {
  id: "7e248b28",
  type: "alerts",
  attributes: { short_id: "ALT1", url: "https://rootly.com/account/alerts/ALT1" },
};

describe("an answer of Rootly", () => {
  test.each<[string, Reply, object]>([
    [
      "201",
      answered(201, { data: alert }),
      { kind: "accepted", receipt: "ALT1 https://rootly.com/account/alerts/ALT1" },
    ],
    ["200", answered(200, { data: { id: "7e248b28" } }), { kind: "accepted", receipt: "7e248b28" }],
    ["204", answered(204), { kind: "accepted", receipt: "HTTP 204" }],
    ["401", answered(401), { kind: "blocked", state: "unauthorized", reason: "auth" }],
    ["404", answered(404), { kind: "blocked", state: "misconfigured" }],
    ["422", answered(422), { kind: "refused", reason: "invalid" }],
    ["429", answered(429), { kind: "retry", reason: "rate_limited" }],
    ["500", answered(500), { kind: "ambiguous", reason: "server" }],
    ["409", answered(409), { kind: "retry", reason: "server" }],
  ])("%s means %#", (_, reply, outcome) => {
    expect(classify(reply, nowMs)).toMatchObject(outcome);
  });

  test.each<[unknown, string]>([
    [
      { errors: [{ title: "Invalid", detail: "summary can't be blank", status: "422" }] },
      "Invalid: summary can't be blank",
    ],
    [
      {
        errors: [
          { title: "a", status: "422", detail: null },
          { title: "b", status: "422" },
        ],
      },
      "a; b",
    ],
    [{ error: "Rate limit exceeded. Try again later." }, "Rate limit exceeded. Try again later."],
    [{ errors: [null, 5] }, '{"errors":[null,5]}'],
    ["<html>", "<html>"],
    ["null", "null"],
  ])("with %j is shown in its own words", (body, words) => {
    expect(classify(answered(422, body), nowMs)).toMatchObject({ detail: `HTTP 422: ${words}` });
  });

  test.each<[Reply, object]>([
    [answered(503), { kind: "retry", reason: "server" }],
    [answered(401), { kind: "blocked", state: "unauthorized" }],
    [
      { kind: "failed", left: true, reason: "network", detail: "d" },
      { kind: "retry", reason: "network" },
    ],
    [
      { kind: "stopped", left: true, timeout: true },
      { kind: "retry", reason: "timeout" },
    ],
    [
      { kind: "stopped", left: true, timeout: false },
      { kind: "interrupted", left: false },
    ],
  ])("to a look-up leaves no doubt about the delivered state: %j", (reply, outcome) => {
    expect(unheard(reply, nowMs)).toMatchObject(outcome);
  });
});
