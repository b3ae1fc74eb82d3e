import { Secret, type Target } from "@tocsin/core";
import { type Act, answer, publisherContract, ScriptedReceiver } from "@tocsin/test";
import { afterAll, describe, expect, test } from "vitest";
import { Transport } from "@tocsin/http";
import { tellingOf } from "../../test/pagerduty.ts";
import { botAt, botToken, slackTargetOf, webhookAt, webhookPath } from "../../test/slack.ts";
import { slackPublisher } from "./index.ts";

const transport = new Transport();
afterAll(() => transport.close());
/** The scripted receiver plays Slack itself. */
const options = { transport, version: "1.2.3", slackHosts: ["127.0.0.1"] };

publisherContract("Slack by webhook", {
  open: ({ url, secret }) => slackPublisher({ ...slackTargetOf(), url, credential: new Secret(secret) }, options),
  secret: webhookPath,
  telling: tellingOf(),
  accepts: answer(200, "ok", { "content-type": "text/plain" }),
  refuses: answer(400, "no_text", { "content-type": "text/plain" }),
  half: { act: "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no", means: "ambiguous" },
});

publisherContract("Slack by bot", {
  open: ({ url, secret }) => slackPublisher({ ...botAt(url), credential: new Secret(secret) }, options),
  secret: botToken,
  telling: tellingOf(),
  accepts: answer(200, JSON.stringify({ ok: true, channel: "C1", ts: "1503435956.000247" })),
  refuses: answer(200, JSON.stringify({ ok: false, error: "msg_too_long" })),
  half: { act: 'HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{"ok":tr', means: "ambiguous" },
});

publisherContract("Slack by bot, for a message that exists", {
  open: ({ url, secret }) => slackPublisher({ ...botAt(url), credential: new Secret(secret) }, options),
  secret: botToken,
  telling: tellingOf({ receipt: "C1:1503435956.000247", cause: "repair" }),
  accepts: answer(200, JSON.stringify({ ok: true, channel: "C1", ts: "1503435956.000247" })),
  refuses: answer(200, JSON.stringify({ ok: false, error: "msg_too_long" })),
  half: { act: 'HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{"ok":tr', means: "ambiguous" },
});

/** Publishes once; gives back the outcome and what arrived. */
async function publish(at: (url: string) => Target, act: Act) {
  await using receiver = await ScriptedReceiver.open(act);
  const outcome = await slackPublisher(at(receiver.url), options).publish(tellingOf(), new AbortController().signal);
  const { head, body } = receiver.requests[0]!;
  return { outcome, head, body: JSON.parse(body) as Record<string, unknown> };
}

describe("Slack's publisher", () => {
  test("posts to the webhook's path, without any other credential", async () => {
    const { head, body, outcome } = await publish(webhookAt, answer(200, "ok"));
    expect(head).toMatch(new RegExp(`^POST ${webhookPath} HTTP/1.1\r\n`));
    expect(head).not.toMatch(/^authorization:/im);
    expect(body).not.toHaveProperty("channel");
    expect(outcome).toEqual({ kind: "accepted", receipt: "ok", status: 200 });
  });

  test("posts as a bot to its channel, without the token in the body", async () => {
    const { head, body } = await publish(botAt, answer(200, '{"ok":true}'));
    expect(head).toMatch(/^POST \/api\/chat\.postMessage HTTP/);
    expect(head).toContain(`authorization: Bearer ${botToken}`);
    expect(body).toMatchObject({ channel: "C0123456789", text: expect.stringContaining("Disk of db-1 is full") });
    expect(JSON.stringify(body)).not.toContain("xoxb");
  });

  test("shows no part of a webhook's path, even if an answer repeats it", async () => {
    const last = webhookPath.split("/").at(-1)!;
    const { outcome } = await publish(webhookAt, answer(403, `no hook ${last} at ${webhookPath}`));
    expect(outcome).toMatchObject({ detail: "HTTP 403: no hook [secret] at [secret]" });
  });

  test.each(["invalid_blocks", '{"ok":false,"error":"msg_blocks_too_long"}'])(
    "says in text alone, once, what Slack refused for its blocks: %s",
    async (body) => {
      const refused = answer(body.startsWith("{") ? 200 : 400, body);
      await using receiver = await ScriptedReceiver.open(refused, refused, refused, answer(200, "ok"));
      const publisher = slackPublisher(webhookAt(receiver.url), options);
      const { signal } = new AbortController();
      const kinds = [];
      for (let i = 0; i < 4; i++) kinds.push((await publisher.publish(tellingOf(), signal)).kind);
      expect(kinds).toEqual(["retry", "refused", "retry", "accepted"]);
      const sent = receiver.requests.map((request) => JSON.parse(request.body) as Record<string, unknown>);
      expect(sent.map((message) => "blocks" in message)).toEqual([true, false, true, false]);
      for (const { text } of sent) expect(text).toBe("🔴 CRITICAL Disk of db-1 is full");
    },
  );

  test("sends nothing to check a key: any request to Slack posts", async () => {
    await using receiver = await ScriptedReceiver.open();
    const publisher = slackPublisher(webhookAt(receiver.url), options);
    const outcome = await publisher.publish(tellingOf({ action: "check" }), new AbortController().signal);
    expect([outcome.kind, receiver.requests]).toEqual(["refused", []]);
  });
});
