import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { Simulator, type WebhookRequest } from "../../src/index.ts";
import { post, TestClock } from "../requests.ts";
import { api, button, fits } from "../slack-requests.ts";

/** Threads, updates and buttons of messages that were posted before. */

/** A message with a button, posted by a bot. */
function posted(simulator: Simulator, more: object = {}) {
  const { channel, ts } = api(simulator, "chat.postMessage", { channel: "#a", text: "disk full", ...more }).body;
  return { channel: String(channel), ts: String(ts) };
}

describe("threads and edits", () => {
  test("a reply is shown under its message, also if it is shown in the channel", () => {
    const simulator = new Simulator({ limit: { receiver: "slack", limit: 0 } });
    const { channel, ts } = posted(simulator);
    posted(simulator);
    for (const reply_broadcast of [false, true])
      expect(
        api(simulator, "chat.postMessage", { channel, thread_ts: ts, text: "it got worse", reply_broadcast }).body[
          "ok"
        ],
      ).toBe(true);
    const [message, other] = simulator.messages();
    expect(message!.replies!.map(({ text, broadcast }) => [text, broadcast])).toEqual([
      ["it got worse", undefined],
      ["it got worse", true],
    ]);
    expect(other).not.toHaveProperty("replies");
    expect(simulator.messages()).toHaveLength(2);
  });

  test("a reply to a message that is not there, or to a reply, is refused", () => {
    const simulator = new Simulator({ limit: { receiver: "slack", limit: 0 } });
    const { channel, ts } = posted(simulator);
    const reply = (thread_ts: unknown) => api(simulator, "chat.postMessage", { channel, thread_ts, text: "x" }).body;
    expect(reply("1.000001")["error"]).toBe("thread_not_found");
    expect(reply(reply(ts)["ts"])["error"]).toBe("cannot_reply_to_message");
  });

  test("a message that a person deleted cannot be updated", () => {
    const simulator = new Simulator();
    const { channel, ts } = posted(simulator);
    expect([simulator.deleteMessage(ts), simulator.deleteMessage(ts)]).toEqual([true, false]);
    expect(api(simulator, "chat.update", { channel, ts, text: "x" }).body["error"]).toBe("message_not_found");
  });

  test("a message can be edited as long as the workspace allows", () => {
    const clock = new TestClock();
    const simulator = new Simulator({ clock });
    simulator.setSlackApp({ editWindowMs: 60_000 });
    const { channel, ts } = posted(simulator);
    const update = () => api(simulator, "chat.update", { channel, ts, text: "x" }).body["error"] ?? "ok";
    clock.advance(60_000);
    expect(update()).toBe("ok");
    clock.advance(1);
    expect(update()).toBe("edit_window_closed");
  });

  test("updates have a limit of their own: 50 a minute for each token", () => {
    const simulator = new Simulator({ clock: new TestClock() });
    const { channel, ts } = posted(simulator);
    const statuses = Array.from({ length: 51 }, () => api(simulator, "chat.update", { channel, ts, text: "x" }).status);
    expect(statuses).toEqual([...Array<number>(50).fill(200), 429]);
    expect(api(simulator, "chat.postMessage", { channel, text: "x" }).status).toBe(429);
  });
});

const plain = (text: string) => ({ type: "plain_text", text });
const confirm = (texts: object = {}) => {
  const usual = { title: plain("Sure?"), text: plain("Really?"), confirm: plain("Yes"), deny: plain("No") };
  return [{ type: "actions", elements: [button({ confirm: { ...usual, ...texts } })] }];
};
const control = (simulator: Simulator, path: string, body: unknown) => {
  const { status, body: text } = simulator.handle(post(path, body));
  return { status, body: JSON.parse(text) as Record<string, unknown> };
};
const payloadOf = ({ body }: WebhookRequest) =>
  JSON.parse(new URLSearchParams(body).get("payload")!) as Record<string, unknown>;
const isSigned = ({ headers, body }: WebhookRequest, secret = "shh") =>
  headers["x-slack-signature"] ===
  `v0=${createHmac("sha256", secret).update(`v0:${headers["x-slack-request-timestamp"]}:${body}`).digest("hex")}`;

describe("buttons", () => {
  const value = JSON.stringify({ target: "chat", key: "disk" });
  const actions = {
    type: "actions",
    elements: [{ ...button({ action_id: "tocsin_acknowledge", value }) }],
  };

  test("may ask for a confirmation, within its limits", () => {
    expect(fits(confirm())).toBe(true);
    for (const [part, most] of [
      ["title", 100],
      ["text", 300],
      ["confirm", 30],
      ["deny", 30],
    ] as const) {
      const text = (length: number) => ({ [part]: { type: "plain_text", text: "x".repeat(length) } });
      expect([part, fits(confirm(text(most))), fits(confirm(text(most + 1)))]).toEqual([part, true, false]);
    }
    expect(fits(confirm({ deny: undefined }))).toBe(false);
  });

  /** A simulator whose app's requests are recorded. */
  function withApp(status = 200) {
    const sent: WebhookRequest[] = [];
    const clock = new TestClock();
    const postWebhook = (request: WebhookRequest) => {
      sent.push(request);
      return status === 0 ? Promise.reject(new Error("no answer")) : Promise.resolve(status);
    };
    const simulator = new Simulator({ clock, postWebhook });
    simulator.setSlackApp({ url: "https://tocsin.example.com/callback", signingSecret: "shh" });
    return { simulator, sent, clock, message: posted(simulator, { blocks: [actions] }) };
  }

  test("a press sends a signed payload, form-encoded, about the person, the message and the button", async () => {
    const { simulator, sent, clock, message } = withApp();
    clock.advance(1_234);
    const pressed = control(simulator, `/_sim/messages/${message.ts}/press`, { action: "acknowledge", user: "ada" });
    expect(pressed).toMatchObject({ status: 202, body: { action: "tocsin_acknowledge", user: "ada" } });
    await simulator.pressesAnswered();
    const [request] = sent as [WebhookRequest];
    expect(request).toMatchObject({
      url: "https://tocsin.example.com/callback",
      headers: { "content-type": "application/x-www-form-urlencoded", "x-slack-request-timestamp": "1767225601" },
    });
    expect(isSigned(request)).toBe(true);
    expect(payloadOf(request)).toMatchObject({
      type: "block_actions",
      user: { name: "ada", username: "ada", id: expect.stringMatching(/^U[0-9A-F]{10}$/) },
      channel: { id: message.channel },
      container: { type: "message", message_ts: message.ts, channel_id: message.channel },
      actions: [{ action_id: "tocsin_acknowledge", type: "button", value, action_ts: "1767225601.234001" }],
    });
    expect(simulator.presses()).toMatchObject([{ user: "ada", status: 200 }]);
  });

  test("a press can be forged or old, for tests of the app", async () => {
    const { simulator, sent, message } = withApp(401);
    const press = (how: object) =>
      control(simulator, `/_sim/messages/${message.ts}/press`, { action: "acknowledge", ...how }).status;
    expect([press({ forged: true }), press({ age: "10m" })]).toEqual([202, 202]);
    await simulator.pressesAnswered();
    expect(sent.map((request) => isSigned(request))).toEqual([false, true]);
    expect(sent.map(({ headers }) => headers["x-slack-request-timestamp"])).toEqual(["1767225600", "1767225000"]);
    expect(simulator.presses().map(({ status }) => status)).toEqual([401, 401]);
  });

  test("two presses within a millisecond have different times", async () => {
    const { simulator, sent, message } = withApp(0);
    for (const user of ["ada", "bob"]) simulator.press({ ts: message.ts, action: "acknowledge", user });
    await simulator.pressesAnswered();
    const times = sent.map((request) => (payloadOf(request)["actions"] as { action_ts: string }[])[0]!.action_ts);
    expect(new Set(times).size).toBe(2);
    expect(simulator.presses().map(({ status }) => status)).toEqual([0, 0]);
  });

  test.each<[string, (ts: string) => [string, object], number]>([
    ["an unknown message", () => ["1.000001", { action: "acknowledge" }], 404],
    ["a button that the message does not have", (ts) => [ts, { action: "resolve" }], 404],
    ["no action", (ts) => [ts, {}], 400],
    ["an age that is no duration", (ts) => [ts, { action: "acknowledge", age: "old" }], 400],
  ])("a press of %s sends nothing", (_, at, status) => {
    const { simulator, sent, message } = withApp();
    const [ts, body] = at(message.ts);
    expect(control(simulator, `/_sim/messages/${ts}/press`, body).status).toBe(status);
    expect(sent).toEqual([]);
  });

  test("a press sends nothing before the app has a URL; the secret is never shown", () => {
    const { simulator, message } = withApp();
    const app = (body: unknown) => control(simulator, "/_sim/slack-app", body);
    expect(app({ url: null, signing_secret: null, edit_window: "5m" })).toEqual({
      status: 200,
      body: { url: null, edit_window: "5m" },
    });
    expect(simulator.press({ ts: message.ts, action: "acknowledge", user: "ada" })).toBe("no_app");
    expect(app({ url: "https://tocsin.example.com/" }).status).toBe(400);
    expect(app({ url: "nonsense", signing_secret: "planted-secret" }).status).toBe(400);
    expect(app({ url: "https://tocsin.example.com/", signing_secret: "planted-secret" }).body).toEqual({
      url: "https://tocsin.example.com/",
      edit_window: null,
    });
    simulator.reset();
    expect(simulator.slackApp()).toEqual({ url: null, edit_window: null });
  });
});
