import type { Endpoint, Outcome, Publisher, Notification } from "@tocsin/core";
import type { PublisherSurroundings } from "../shared/publisher-options.ts";
import { addressOf } from "@tocsin/http";
import { requestHeaders } from "../shared/request-headers.ts";
import { endpointRedactor } from "../shared/endpoint-redactor.ts";
import { blocksRefused, classify } from "./classify.ts";
import { messageOf } from "./message.ts";
import { TextOnlyRetry } from "./text-only-retry.ts";
import { isSlackHost } from "./slack-hosts.ts";

export { slackTargetType } from "./target-type.ts";

/**
 * Slack's incoming webhooks (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks), whose path is the
 * credential; or, where the target names a channel, `chat.postMessage` with a bot's token. One message per call.
 */
export function slackPublisher(
  endpoint: Endpoint,
  { transport, version, slackHosts, now = Date.now }: PublisherSurroundings,
): Publisher {
  const { url, typeOptions: own } = endpoint;
  const atSlack = isSlackHost(new URL(url), slackHosts);
  const credential = endpoint.credential?.reveal() ?? "";
  const bot = typeof own["channel"] === "string" ? { channel: own["channel"] } : undefined;
  const address = addressOf(bot ? `${url}/api/chat.postMessage` : url + credential);
  const headers = [...requestHeaders(endpoint, version), ...(bot ? ["authorization", `Bearer ${credential}`] : [])];
  // The last part of a webhook's path is nearly the whole secret.
  const redactor = endpointRedactor(endpoint, bot ? [] : credential.split("/").slice(-1));
  const sender = redactor.sender(transport);
  const bodyOf = (telling: Notification) => ({ ...bot, ...messageOf(telling, endpoint) });
  const plainly = new TextOnlyRetry();

  return {
    // A channel keeps no state: a resolve without its trigger would confuse the readers.
    traits: { dropsUnknownResolves: false, acknowledges: true, stateless: true },

    async publish(telling: Notification, signal: AbortSignal): Promise<Outcome> {
      if (telling.action === "check") return unasked;
      const { blocks, ...plain } = bodyOf(telling);
      const asText = plainly.take(telling.eventId);
      const body = JSON.stringify(asText ? plain : { ...plain, blocks });
      const reply = await sender.post({ address, headers, body, signal });
      const outcome = classify(reply, now(), { atSlack });
      if (outcome.kind !== "refused" || asText || !blocksRefused(reply)) return redactor.outcome(outcome);
      plainly.ask(telling.eventId);
      return redactor.outcome({ ...outcome, kind: "retry", detail: `${outcome.detail}; again as text alone` });
    },

    render: (telling: Notification): unknown => redactor.json(bodyOf(telling)),

    async [Symbol.asyncDispose]() {},
  };
}

/** Never called: the engine checks a key only after an answer that suspects it, and Slack has none. */
const unasked: Outcome = { kind: "refused", reason: "bug", detail: "Slack cannot be asked without posting a message" };
