import type { Endpoint, Notification, Outcome, Publisher } from "@tocsin/core";
import { addressOf, type Reply } from "@tocsin/http";
import type { PublisherSurroundings } from "../shared/publisher-options.ts";
import { requestHeaders } from "../shared/request-headers.ts";
import { endpointRedactor } from "../shared/endpoint-redactor.ts";
import { botMessageOf } from "./bot-message.ts";
import { blocksRefused, classify, messageGone, receiptIn } from "./classify.ts";
import { parseMessageReceipt, printMessageReceipt, type MessageReceipt } from "./message-receipt.ts";
import { isSlackHost } from "./slack-hosts.ts";
import { TextOnlyRetry } from "./text-only-retry.ts";
import { threadReplyOf } from "./thread-reply.ts";
import { unasked } from "./unasked.ts";

/** Slack's answer repeats the message that it accepted. */
const maxAnswerBytes = 262_144;

/**
 * A bot in a channel: one message per incident. The first event posts it, and each later one updates it and says in its thread
 * what changed:
 *
 * ```
 *   no receipt ──▶ chat.postMessage ──▶ accepted, receipt = channel:ts
 *   receipt ─────▶ chat.update ──▶ chat.postMessage in its thread ──▶ accepted
 *                     └── the message is gone ──▶ chat.postMessage ──▶ accepted, another receipt
 * ```
 *
 * The update comes first, because it can be repeated: if its answer is lost, nothing was posted yet. A thread reply whose answer
 * is lost may be posted twice. An attempt posts at most once and updates at most once, so that one slot of the limiter covers
 * both of Slack's limits.
 */
export function slackBotPublisher(
  endpoint: Endpoint,
  { transport, version, slackHosts, now = Date.now }: PublisherSurroundings,
): Publisher {
  const { url, typeOptions } = endpoint;
  const atSlack = isSlackHost(new URL(url), slackHosts);
  const headers = [
    ...requestHeaders(endpoint, version),
    "authorization",
    `Bearer ${endpoint.credential?.reveal() ?? ""}`,
  ];
  const addresses = {
    "chat.postMessage": addressOf(`${url}/api/chat.postMessage`),
    "chat.update": addressOf(`${url}/api/chat.update`),
  };
  const redactor = endpointRedactor(endpoint);
  const sender = redactor.sender(transport);
  const plainly = new TextOnlyRetry();

  const call = (method: keyof typeof addresses, body: object, signal: AbortSignal): Promise<Reply> =>
    sender.post({
      address: addresses[method],
      headers,
      body: JSON.stringify(body),
      signal,
      maxBytes: maxAnswerBytes,
    });
  const read = (reply: Reply): Outcome => classify(reply, now(), { atSlack });
  const messageTo = (place: object, telling: Notification) => ({
    ...place,
    ...botMessageOf(telling, endpoint, endpoint.name),
  });

  /** Posts or updates. A message whose blocks Slack refuses is sent once more as text only. */
  async function show(
    place: object,
    telling: Notification,
    signal: AbortSignal,
  ): Promise<{ readonly reply: Reply; readonly outcome: Outcome }> {
    const method = "ts" in place ? "chat.update" : "chat.postMessage";
    const whole = messageTo(place, telling);
    const asText = plainly.take(telling.eventId);
    // An update without blocks removes the old ones; old attachments only go if an empty list is sent.
    const { blocks: _, ...textOnly } = { ...whole, attachments: [] };
    const reply = await call(method, asText ? textOnly : whole, signal);
    const outcome = read(reply);
    if (outcome.kind !== "refused" || asText || !blocksRefused(reply)) return { reply, outcome };
    plainly.ask(telling.eventId);
    return { reply, outcome: { ...outcome, kind: "retry", detail: `${outcome.detail}; again as text alone` } };
  }

  async function post(telling: Notification, signal: AbortSignal): Promise<Outcome> {
    const { reply, outcome } = await show({ channel: typeOptions["channel"] }, telling, signal);
    if (outcome.kind !== "accepted") return outcome;
    const message = receiptIn(reply);
    return message === undefined ? outcome : { ...outcome, receipt: printMessageReceipt(message) };
  }

  async function update(message: MessageReceipt, telling: Notification, signal: AbortSignal): Promise<Outcome> {
    const { reply, outcome } = await show({ ...message }, telling, signal);
    if (messageGone(reply)) return await post(telling, signal);
    if (outcome.kind !== "accepted") return outcome;
    const updated: Outcome = { ...outcome, receipt: printMessageReceipt(message) };
    const inThread = threadReplyOf(telling);
    if (inThread === undefined) return updated;
    const { channel, ts } = message;
    return afterReply(updated, read(await call("chat.postMessage", { channel, thread_ts: ts, ...inThread }, signal)));
  }

  return {
    traits: { dropsUnknownResolves: false, acknowledges: true, keepsReceipt: true },

    async publish(telling: Notification, signal: AbortSignal): Promise<Outcome> {
      if (telling.action === "check") return unasked;
      const message = telling.action === "change" ? undefined : parseMessageReceipt(telling.receipt);
      return redactor.outcome(await (message ? update(message, telling, signal) : post(telling, signal)));
    },

    render(telling: Notification): unknown {
      const message = telling.action === "change" ? undefined : parseMessageReceipt(telling.receipt);
      return redactor.json(messageTo(message ?? { channel: typeOptions["channel"] }, telling));
    },

    async [Symbol.asyncDispose]() {},
  };
}

/**
 * The outcome of an attempt whose message is updated already. It can no longer count as "nothing happened": if the alert changes
 * before the next attempt, the message must be corrected. A reply that Slack refuses for good is left out, since the message
 * shows the state.
 */
function afterReply(updated: Outcome, reply: Outcome): Outcome {
  switch (reply.kind) {
    case "accepted":
    case "refused":
      return updated;
    case "interrupted":
      return { ...reply, left: true };
    case "blocked": {
      if (reply.state === "misconfigured") return updated;
      const { state: _, ...rest } = reply;
      return { ...rest, kind: "ambiguous" };
    }
    case "retry":
    case "ambiguous":
      return { ...reply, kind: "ambiguous", detail: `the message is updated, its thread is not: ${reply.detail}` };
  }
}
