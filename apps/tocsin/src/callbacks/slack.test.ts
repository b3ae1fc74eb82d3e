import { describe, expect, test } from "vitest";
import { nowMs, openCallbacks, readAs, secret, signed } from "./callback.fixture.ts";

const value = JSON.stringify({ target: "chat", key: "dedup-1" });

/** A press of a button, in the shape of https://docs.slack.dev/reference/interaction-payloads/block_actions-payload. */
const press = (action: Record<string, unknown> = {}, more: Record<string, unknown> = {}) => ({
  type: "block_actions",
  user: { id: "U01AZ88AQQ4", username: "phoebe", name: "phoebe.ng", team_id: "T01B5M3VC1X" },
  api_app_id: "A01BGTV24LQ",
  token: "unused",
  container: { type: "message", message_ts: "1796036400.015400", channel_id: "C01ACC2E8S3", is_ephemeral: false },
  trigger_id: "1388105719492.1379717998065.9bc16389",
  team: { id: "T01B5M3VC1X", domain: "acme" },
  channel: { id: "C01ACC2E8S3", name: "alerts" },
  response_url: "https://hooks.slack.com/actions/T01B5M3VC1X/1/2",
  actions: [
    {
      type: "button",
      action_id: "tocsin_acknowledge",
      block_id: "b",
      text: { type: "plain_text", text: "Acknowledge" },
      value,
      action_ts: "1796040000.123456",
      ...action,
    },
  ],
  ...more,
});

function eventIn(body: unknown) {
  const reading = readAs("slack", body);
  if (!("event" in reading)) throw new Error(JSON.stringify(reading));
  return reading.event;
}

describe("a button in Slack", () => {
  test("reports the person, the incident and the time of the press", () => {
    expect(eventIn(press())).toEqual({
      id: expect.stringMatching(/^[\da-f]{64}$/),
      callback: "slack",
      targets: ["chat"],
      kind: "acknowledged",
      dedupKeys: ["dedup-1"],
      receiverIncident: "C01ACC2E8S3:1796036400.015400",
      openedAtMs: 1_796_036_400_015,
      by: "phoebe.ng",
      own: false,
      atMs: 1_796_040_000_123,
      onResolve: "reopen",
      lookUp: false,
    });
    expect(eventIn(press({ action_id: "tocsin_resolve" })).kind).toBe("resolved");
  });

  test("is one event however often it arrives, and another one for another press, person, message or button", () => {
    const ids = [
      press(),
      press(),
      press({ action_ts: "1796040000.123457" }),
      press({ action_id: "tocsin_resolve" }),
      press({}, { user: { id: "U02" } }),
      press({}, { container: { message_ts: "1796036400.015401" } }),
    ].map((body) => eventIn(body).id);
    expect(ids[0]).toBe(ids[1]);
    expect(new Set(ids).size).toBe(5);
  });

  test.each([
    ["the user name", { id: "U1", username: "phoebe" }, "phoebe"],
    ["the id", { id: "U1" }, "U1"],
  ])("names the person by %s if there is nothing better", (_, user, by) => {
    expect(eventIn(press({}, { user })).by).toBe(by);
  });

  test.each([
    ["an interaction of another kind", { type: "view_submission", view: {} }],
    ["a button of another app", press({ action_id: "approve" })],
    ["a button named like a property of objects", press({ action_id: "constructor" })],
    ["no action", press({}, { actions: [] })],
    ["actions that are no list", press({}, { actions: { 0: {} } })],
    ["a target of another callback", press({ value: JSON.stringify({ target: "pager", key: "dedup-1" }) })],
  ])("%s is ignored", (_, body) => {
    expect(readAs("slack", body)).toEqual({ ignored: expect.any(String) });
  });

  test.each([
    ["no value", press({ value: undefined }), "actions[].value"],
    ["a value that is no JSON", press({ value: "x" }), "actions[].value"],
    ["a value without a key", press({ value: '{"target":"chat"}' }), "actions[].value"],
    [
      "a value that is too long",
      press({ value: JSON.stringify({ target: "chat", key: "k".repeat(2_000) }) }),
      "actions[].value",
    ],
    ["no time", press({ action_ts: "now" }), "actions[].action_ts"],
    ["no user", press({}, { user: null }), "user.id"],
    ["no type", {}, "type"],
  ])("with %s is invalid", (_, body, path) => {
    expect(readAs("slack", body)).toEqual({ invalid: [{ path, message: expect.any(String) }] });
  });
});

describe("the signature of Slack", () => {
  const body = "payload=%7B%7D";
  const refusedOf = (headers: Record<string, string>, atMs = nowMs) => {
    const verified = openCallbacks([{ type: "slack" }]).verify("slack", {
      headers,
      body: Buffer.from(body),
      nowMs: atMs,
    });
    return "refused" in verified ? verified.refused : undefined;
  };

  test("matches Slack's published example", () => {
    // https://docs.slack.dev/authentication/verifying-requests-from-slack
    const example =
      "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const callbacks = openCallbacks([{ type: "slack", secrets: ["8f742231b10e8888abcd99yyyzzz85a5"] }]);
    const headers = {
      "x-slack-request-timestamp": "1531420618",
      "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    };
    expect(callbacks.verify("slack", { headers, body: Buffer.from(example), nowMs: 1_531_420_618_000 })).toHaveProperty(
      "read",
    );
  });

  test("is valid for five minutes before and after its time", () => {
    const headers = signed.slack(body);
    expect([-300_000, 0, 300_000].map((ms) => refusedOf(headers, nowMs + ms))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect([-300_001, 300_001].map((ms) => refusedOf(headers, nowMs + ms))).toEqual(
      Array(2).fill(expect.stringContaining("5 minutes")),
    );
  });

  const right = signed.slack(body);
  test.each([
    ["no headers", {}],
    ["no time", { "x-slack-signature": right["x-slack-signature"] }],
    ["another time", { ...right, "x-slack-request-timestamp": String(nowMs / 1_000 + 1) }],
    ["a time that is no number", { ...right, "x-slack-request-timestamp": "1e9" }],
    ["another version", { ...right, "x-slack-signature": right["x-slack-signature"].replace("v0", "v1") }],
    ["another secret", signed.slack(body, `${secret}!`)],
    ["the signature of another body", signed.slack(`${body}&`)],
  ])("does not match: %s", (_, headers) => {
    expect(refusedOf(headers)).toEqual(expect.any(String));
  });
});
