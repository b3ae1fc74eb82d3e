import { describe, expect, test } from "vitest";
import { Simulator } from "../../src/index.ts";
import { TestClock } from "../requests.ts";
import { api, botToken, button, fits, hook, section } from "../slack-requests.ts";

/** Slack's incoming webhooks and Web API, rule by rule, as its reference sheet has them. */

describe("incoming webhook", () => {
  test("answers plain text ok, not JSON", () => {
    const { status, body, headers, simulator } = hook({ text: "disk full" });
    expect([status, body, headers["content-type"]]).toEqual([200, "ok", "text/plain; charset=utf-8"]);
    expect(simulator.messages()).toMatchObject([{ receiver: "slack", text: "disk full" }]);
  });

  test.each<[string, unknown, number, string]>([
    ["no text, blocks or attachments", {}, 400, "no_text"],
    ["empty text", { text: "" }, 400, "no_text"],
    ["unparsable JSON", "{", 400, "invalid_payload"],
    ["text that is no string", { text: { a: 1 } }, 400, "invalid_payload"],
    [
      "101 attachments",
      { text: "x", attachments: Array.from({ length: 101 }, () => ({ text: "y" })) },
      400,
      "too_many_attachments",
    ],
    ["invalid blocks", { blocks: [{ type: "header" }] }, 400, "invalid_blocks"],
  ])("%s: a 4xx with the error as text", (_, message, status, error) => {
    expect(hook(message)).toMatchObject({ status, body: error });
  });

  test.each(["/services/nonsense", "/services/T1/B1", "/services/T1/B1/x/y"])(
    "%s is no webhook: 404 no_service",
    (path) => {
      expect(hook({ text: "x" }, new Simulator(), path)).toMatchObject({ status: 404, body: "no_service" });
    },
  );

  test("an unknown webhook, once the known ones are named: 404 no_service", () => {
    const simulator = new Simulator();
    simulator.setKeys(["/services/T9/B9/known"], "slack");
    expect(hook({ text: "x" }, simulator).status).toBe(404);
    expect(hook({ text: "x" }, simulator, "/services/T9/B9/known").status).toBe(200);
  });

  test("takes one message a second; 429 with Retry-After in whole seconds", () => {
    const clock = new TestClock();
    const simulator = new Simulator({ clock });
    expect(hook({ text: "1" }, simulator).status).toBe(200);
    clock.advance(400);
    expect(hook({ text: "2" }, simulator)).toMatchObject({ status: 429, headers: { "retry-after": "1" } });
    expect(hook({ text: "2" }, simulator, "/services/T0001/B0002/another").status).toBe(200);
    clock.advance(600);
    expect(hook({ text: "2" }, simulator).status).toBe(200);
  });

  test("shows no credential: its path is one", () => {
    const { simulator } = hook({ text: "x" });
    hook({}, simulator);
    const shown = JSON.stringify([simulator.messages(), simulator.requests(), simulator.refused(), simulator.report()]);
    expect(shown).not.toContain("abcdefghijklmnop");
  });
});

const attach = (attachment: unknown): string => hook({ text: "x", attachments: [attachment] }).body;

describe("Block Kit", () => {
  test.each<[string, number, (count: number) => unknown]>([
    ["blocks in a message", 50, (count) => Array.from({ length: count }, () => ({ type: "divider" }))],
    [
      "characters in a header",
      150,
      (count) => [{ type: "header", text: { type: "plain_text", text: "x".repeat(count) } }],
    ],
    ["characters in a section", 3000, (count) => [section("x".repeat(count))]],
    ["code points in a section", 3000, (count) => [section("🔥".repeat(count))]],
    [
      "fields in a section",
      10,
      (count) => [{ type: "section", fields: Array.from({ length: count }, () => ({ type: "mrkdwn", text: "x" })) }],
    ],
    [
      "characters in a field",
      2000,
      (count) => [{ type: "section", fields: [{ type: "mrkdwn", text: "x".repeat(count) }] }],
    ],
    [
      "elements in a context",
      10,
      (count) => [{ type: "context", elements: Array.from({ length: count }, () => ({ type: "mrkdwn", text: "x" })) }],
    ],
    [
      "elements in actions",
      25,
      (count) => [{ type: "actions", elements: Array.from({ length: count }, () => button()) }],
    ],
    [
      "characters on a button",
      75,
      (count) => [{ type: "actions", elements: [button({ text: { type: "plain_text", text: "x".repeat(count) } })] }],
    ],
    [
      "characters in a button's value",
      2000,
      (count) => [{ type: "actions", elements: [button({ value: "x".repeat(count) })] }],
    ],
    [
      "characters in a button's URL",
      3000,
      (count) => [{ type: "actions", elements: [button({ url: `https://example.com/${"x".repeat(count - 20)}` })] }],
    ],
    [
      "characters in an image's alt text",
      2000,
      (count) => [{ type: "image", image_url: "https://example.com/a.png", alt_text: "x".repeat(count) }],
    ],
    ["characters in a markdown block", 12_000, (count) => [{ type: "markdown", text: "x".repeat(count) }]],
    ["characters in a block id", 255, (count) => [{ type: "divider", block_id: "x".repeat(count) }]],
  ])("%s: %i, and not one more", (_, most, make) => {
    expect([fits(make(most)), fits(make(most + 1))]).toEqual([true, false]);
  });

  test.each<[string, unknown]>([
    ["an empty text object", [section("")]],
    ["a header in mrkdwn", [{ type: "header", text: { type: "mrkdwn", text: "x" } }]],
    ["a section with neither text nor fields", [{ type: "section" }]],
    ["an image without alt text", [{ type: "image", image_url: "https://example.com/a.png" }]],
    ["an unknown block type", [{ type: "marquee", text: "x" }]],
    [
      "a block id twice",
      [
        { type: "divider", block_id: "a" },
        { type: "divider", block_id: "a" },
      ],
    ],
    ["blocks that are no list", { type: "divider" }],
  ])("%s is invalid", (_, blocks) => {
    expect(fits(blocks)).toBe(false);
  });

  test("applies inside attachments too, which need text or fallback without blocks, and a real color", () => {
    expect(attach({ color: "danger", blocks: [section("x")] })).toBe("ok");
    expect(attach({ color: "#439FE0", text: "x" })).toBe("ok");
    expect(attach({ color: "crimson", text: "x" })).toBe("invalid_attachments");
    expect(attach({ color: "danger" })).toBe("invalid_attachments");
    expect(attach({ text: "x", footer: "y".repeat(301) })).toBe("invalid_attachments");
    expect(attach({ color: "danger", blocks: [section("")] })).toBe("invalid_attachments");
  });
});

describe("chat.postMessage and chat.update", () => {
  test("answer ok with the channel's id and a ts that is a string", () => {
    const simulator = new Simulator();
    const { status, body } = api(simulator, "chat.postMessage", { channel: "#alerts", text: "disk full" });
    expect([status, body]).toMatchObject([200, { ok: true, message: { text: "disk full" } }]);
    expect(body["channel"]).toMatch(/^C[0-9A-F]{10}$/);
    expect(body["ts"]).toMatch(/^\d+\.\d{6}$/);
  });

  test.each<[string, string, unknown, string | undefined, string]>([
    ["no token", "chat.postMessage", { channel: "C", text: "x" }, "", "not_authed"],
    ["a token that is none", "chat.postMessage", { channel: "C", text: "x" }, "secret", "invalid_auth"],
    ["no channel", "chat.postMessage", { text: "x" }, undefined, "channel_not_found"],
    ["nothing to say", "chat.postMessage", { channel: "C" }, undefined, "no_text"],
    ["invalid blocks", "chat.postMessage", { channel: "C", blocks: [section("")] }, undefined, "invalid_blocks"],
    ["an unknown method", "chat.shout", { channel: "C" }, undefined, "unknown_method"],
    [
      "a message that is not there",
      "chat.update",
      { channel: "C0123456789", ts: "1.2", text: "x" },
      undefined,
      "message_not_found",
    ],
    [
      "a channel by its name in an update",
      "chat.update",
      { channel: "#alerts", ts: "1.2", text: "x" },
      undefined,
      "channel_not_found",
    ],
  ])("%s: HTTP 200 with ok false", (_, method, body, token, error) => {
    const simulator = new Simulator();
    expect(api(simulator, method, body, token)).toMatchObject({ status: 200, body: { ok: false, error } });
    expect(simulator.refused().length).toBeGreaterThan(0);
    expect(simulator.messages()).toEqual([]);
  });

  test("update: text without blocks removes the blocks, blocks without text keep it, attachments stay", () => {
    const clock = new TestClock();
    const simulator = new Simulator({ clock });
    const blocks = [section("a")];
    const posted = api(simulator, "chat.postMessage", {
      channel: "#a",
      text: "a",
      blocks,
      attachments: [{ text: "z" }],
    });
    const { channel, ts } = posted.body;
    clock.advance(1000);
    expect(api(simulator, "chat.update", { channel, ts, blocks: [section("b")] }).body["ok"]).toBe(true);
    expect(simulator.messages()).toMatchObject([{ text: "a", blocks: [section("b")], updates: 1 }]);
    clock.advance(1000);
    api(simulator, "chat.update", { channel, ts, text: "c" });
    const [message] = simulator.messages();
    expect(message).toMatchObject({ text: "c", attachments: [{ text: "z" }], updates: 2 });
    expect(message).not.toHaveProperty("blocks");
  });

  test("update: 4,000 characters of text, and not one more; only one's own messages", () => {
    const clock = new TestClock();
    const simulator = new Simulator({ clock });
    const { channel, ts } = api(simulator, "chat.postMessage", { channel: "#a", text: "a" }).body;
    const update = (text: string, token = botToken) => {
      clock.advance(1000);
      return api(simulator, "chat.update", { channel, ts, text }, token).body["error"] ?? "ok";
    };
    expect([update("x".repeat(4000)), update("x".repeat(4001)), update("x", "xoxb-another")]).toEqual([
      "ok",
      "msg_too_long",
      "cant_update_message",
    ]);
  });

  test("take one message a second and channel, by whichever name; 429 with Retry-After", () => {
    const simulator = new Simulator({ clock: new TestClock() });
    const first = api(simulator, "chat.postMessage", { channel: "#a", text: "1" });
    const { status, body, headers } = api(simulator, "chat.postMessage", { channel: first.body["channel"], text: "2" });
    expect([status, body["error"], headers["retry-after"]]).toEqual([429, "ratelimited", "1"]);
    expect(api(simulator, "chat.postMessage", { channel: "#b", text: "3" }).status).toBe(200);
  });

  test("cut text at 40,000 characters instead of refusing it", () => {
    const simulator = new Simulator();
    api(simulator, "chat.postMessage", { channel: "#a", text: "x".repeat(40_001) });
    expect(simulator.messages()[0]?.text).toHaveLength(40_000);
  });
});
