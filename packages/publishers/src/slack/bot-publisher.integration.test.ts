import type { Notification, Outcome } from "@tocsin/core";
import { type Sender, Transport } from "@tocsin/http";
import { Simulator } from "@tocsin/simulator";
import { type Act, answer, ScriptedReceiver } from "@tocsin/test";
import { afterAll, describe, expect, test } from "vitest";
import { tellingOf } from "../../test/pagerduty.ts";
import { botAt } from "../../test/slack.ts";
import { slackPublisher } from "./index.ts";

const transport = new Transport();
afterAll(() => transport.close());
const options = { transport, version: "1.2.3", slackHosts: ["127.0.0.1"] };

/** A bot of the simulator, and its one incident: each event carries the receipt of the last accepted one. */
async function openBot() {
  const simulator = new Simulator();
  for (const receiver of ["slack", "slack_update"]) simulator.setLimit({ receiver, limit: 0 });
  const { url } = await simulator.listen();
  const publisher = slackPublisher(botAt(url), options);
  let receipt: string | undefined;
  return {
    simulator,
    async publish(telling: Partial<Notification> = {}): Promise<Outcome> {
      const event = tellingOf({ ...telling, ...(receipt !== undefined && { receipt }) });
      const outcome = await publisher.publish(event, new AbortController().signal);
      if (outcome.kind === "accepted") ({ receipt } = outcome);
      return outcome;
    },
    /** Each message with the texts of its thread. */
    shown: () => simulator.messages().map(({ text, replies = [] }) => [text, ...replies.map((reply) => reply.text)]),
    receipt: () => receipt,
    [Symbol.asyncDispose]: () => simulator.close(),
  };
}

const acknowledge: Partial<Notification> = { action: "acknowledge", acknowledgedBy: { by: "Ada", atMs: Number.NaN } };
const resolve: Partial<Notification> = { action: "resolve", firing: 0 };

describe("a bot", () => {
  test("posts one message for an incident, updates it, and says each change in its thread", async () => {
    await using bot = await openBot();
    await bot.publish({ severity: "warning" });
    const [posted] = bot.simulator.messages();
    expect(bot.receipt()).toBe(`${posted!.channel}:${posted!.ts}`);
    await bot.publish(acknowledge);
    await bot.publish({ cause: "severity" });
    await bot.publish({ cause: "members", firing: 2 });
    await bot.publish(resolve);
    expect(bot.shown()).toEqual([
      [
        "✅ RESOLVED Disk of db-1 is full",
        "👀 Acknowledged by Ada",
        "🔴 Severity is now *CRITICAL*: Disk of db-1 is full",
        "🔴 2 alerts fire now: Disk of db-1 is full (2 alerts)",
        "✅ Resolved",
      ],
    ]);
    expect(bot.simulator.messages()).toMatchObject([{ ts: posted!.ts, updates: 4 }]);
    expect(bot.simulator.refused()).toEqual([]);
  });

  test("shows who acknowledged in the message itself, without the button for it", async () => {
    await using bot = await openBot();
    await bot.publish({ actions: true });
    const ids = () => JSON.stringify(bot.simulator.messages()[0]!.blocks).match(/tocsin_\w+/g);
    expect(ids()).toEqual(["tocsin_acknowledge", "tocsin_resolve"]);
    await bot.publish({ ...acknowledge, actions: true });
    expect(ids()).toEqual(["tocsin_resolve"]);
    expect(JSON.stringify(bot.simulator.messages()[0]!.blocks)).toContain("acknowledged by Ada");
    await bot.publish({ ...resolve, actions: true });
    expect(ids()).toBeNull();
  });

  test("repeats an update whose answer was lost, and its reply is posted once", async () => {
    await using bot = await openBot();
    await bot.publish();
    bot.simulator.setFaults("times 1 on slack action chat.update reset after");
    expect(await bot.publish(resolve)).toMatchObject({ kind: "ambiguous" });
    expect(bot.shown()).toEqual([["✅ RESOLVED Disk of db-1 is full"]]);
    expect(await bot.publish(resolve)).toMatchObject({ kind: "accepted" });
    expect(bot.shown()).toEqual([["✅ RESOLVED Disk of db-1 is full", "✅ Resolved"]]);
    expect(bot.simulator.messages()).toMatchObject([{ updates: 2 }]);
  });

  test("counts a message as perhaps changed if its thread reply was not accepted", async () => {
    await using bot = await openBot();
    await bot.publish();
    bot.simulator.setFaults("times 1 on slack action chat.postMessage answer 429 retry-after 7s");
    expect(await bot.publish(resolve)).toMatchObject({
      kind: "ambiguous",
      reason: "rate_limited",
      retryAfterMs: 7_000,
      detail: expect.stringContaining("the message is updated, its thread is not"),
    });
    await bot.publish(resolve);
    expect(bot.shown()).toEqual([["✅ RESOLVED Disk of db-1 is full", "✅ Resolved"]]);
  });

  test("may repeat a thread reply whose answer was lost", async () => {
    await using bot = await openBot();
    await bot.publish();
    bot.simulator.setFaults("times 1 on slack action chat.postMessage reset after");
    expect(await bot.publish(resolve)).toMatchObject({ kind: "ambiguous" });
    await bot.publish(resolve);
    expect(bot.shown()).toEqual([["✅ RESOLVED Disk of db-1 is full", "✅ Resolved", "✅ Resolved"]]);
  });

  test("posts a new message if a person deleted the old one, and goes on with the new one", async () => {
    await using bot = await openBot();
    await bot.publish();
    bot.simulator.deleteMessage(bot.simulator.messages()[0]!.ts);
    await bot.publish(acknowledge);
    expect(bot.shown()).toEqual([["👀 ACKNOWLEDGED · CRITICAL Disk of db-1 is full"]]);
    await bot.publish(resolve);
    expect(bot.shown()).toEqual([["✅ RESOLVED Disk of db-1 is full", "✅ Resolved"]]);
  });

  test("posts a new message if the workspace no longer allows to edit the old one", async () => {
    await using bot = await openBot();
    bot.simulator.setSlackApp({ editWindowMs: -1 });
    await bot.publish();
    await bot.publish(resolve);
    expect(bot.shown()).toEqual([["🔴 FIRING · CRITICAL Disk of db-1 is full"], ["✅ RESOLVED Disk of db-1 is full"]]);
  });

  test("posts at most once and updates at most once for an event, so that Slack's default limits hold", async () => {
    await using bot = await openBot();
    const calls = async (telling: Partial<Notification>) => {
      const before = bot.simulator.requests().length;
      await bot.publish(telling);
      return bot.simulator
        .requests()
        .slice(before)
        .map(({ action }) => action);
    };
    expect(await calls({})).toEqual(["chat.postMessage"]);
    expect(await calls({ cause: "reminder" })).toEqual(["chat.update", "chat.postMessage"]);
    expect(await calls({ cause: "repair" })).toEqual(["chat.update"]);
    bot.simulator.deleteMessage(bot.simulator.messages()[0]!.ts);
    expect(await calls(resolve)).toEqual(["chat.update", "chat.postMessage"]);
  });

  test("posts a change as a message of its own", async () => {
    await using bot = await openBot();
    await bot.publish();
    await bot.publish({ action: "change", severity: "info" });
    expect(bot.shown()).toHaveLength(2);
  });
});

const posted = answer(200, JSON.stringify({ ok: true, channel: "C1", ts: "1.5" }));
const failing = (error: string) => answer(200, JSON.stringify({ ok: false, error }));

describe("a bot's thread reply", () => {
  /** The outcome of an event whose update was accepted, and what came to the receiver. */
  async function reply(act: Act) {
    await using receiver = await ScriptedReceiver.open(posted, act);
    const publisher = slackPublisher(botAt(receiver.url), options);
    const telling = tellingOf({ ...resolve, receipt: "C0123456789:1503435956.000247" });
    const outcome = await publisher.publish(telling, new AbortController().signal);
    return { outcome, paths: receiver.requests.map(({ head }) => head.split(" ")[1]) };
  }

  test.each<[string, Act, object]>([
    ["is accepted", posted, { kind: "accepted", receipt: "C0123456789:1503435956.000247" }],
    ["is refused", failing("msg_too_long"), { kind: "accepted" }],
    ["is not allowed", failing("restricted_action_non_threadable_channel"), { kind: "accepted" }],
    ["has no thread", failing("thread_not_found"), { kind: "accepted" }],
    ["meets a revoked token", failing("token_revoked"), { kind: "ambiguous", reason: "auth" }],
    ["is throttled", failing("ratelimited"), { kind: "ambiguous", reason: "rate_limited" }],
    ["meets an undocumented error", failing("too_blue"), { kind: "ambiguous", reason: "server" }],
    ["meets a failure", answer(503), { kind: "ambiguous", reason: "server" }],
    [
      "is reset",
      (socket) => void socket.resetAndDestroy(),
      { kind: "ambiguous", reason: "network", receiverClosed: true },
    ],
  ])("that %s: the outcome of the event", async (_, act, expected) => {
    const { outcome, paths } = await reply(act);
    expect(outcome).toMatchObject(expected);
    expect(paths).toEqual(["/api/chat.update", "/api/chat.postMessage"]);
  });

  test("that is interrupted before it leaves: the message may have changed", async () => {
    await using receiver = await ScriptedReceiver.open(posted);
    const controller = new AbortController();
    const interrupting: Sender = {
      get: (request) => transport.get(request),
      post(request) {
        if (request.address.path.endsWith("chat.postMessage")) controller.abort();
        return transport.post(request);
      },
    };
    const publisher = slackPublisher(botAt(receiver.url), { ...options, transport: interrupting });
    const outcome = await publisher.publish(tellingOf({ ...resolve, receipt: "C1:1.5" }), controller.signal);
    expect(receiver.requests).toHaveLength(1);
    expect(outcome).toMatchObject({ kind: "interrupted", left: true });
  });
});

describe("a bot whose blocks Slack refuses", () => {
  test("updates with text alone, once, and removes the attachments", async () => {
    const refused = failing("invalid_attachments");
    await using receiver = await ScriptedReceiver.open(refused, posted, posted);
    const publisher = slackPublisher(botAt(receiver.url), options);
    const telling = tellingOf({ ...resolve, receipt: "C1:1.5" });
    const { signal } = new AbortController();
    expect((await publisher.publish(telling, signal)).kind).toBe("retry");
    expect((await publisher.publish(telling, signal)).kind).toBe("accepted");
    const update = JSON.parse(receiver.requests[1]!.body) as object;
    expect(update).toMatchObject({
      channel: "C1",
      ts: "1.5",
      text: "✅ RESOLVED Disk of db-1 is full",
      attachments: [],
    });
    expect(update).not.toHaveProperty("blocks");
  });
});
