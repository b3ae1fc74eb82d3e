import type { Endpoint, Outcome, Publisher, Notification } from "@tocsin/core";
import type { PublisherSurroundings } from "../shared/publisher-options.ts";
import { addressOf } from "@tocsin/http";
import { requestHeaders } from "../shared/request-headers.ts";
import { endpointRedactor } from "../shared/endpoint-redactor.ts";
import { blocksRefused, classify } from "./classify.ts";
import { messageOf } from "./message.ts";
import { slackBotPublisher } from "./bot-publisher.ts";
import { TextOnlyRetry } from "./text-only-retry.ts";
import { isSlackHost } from "./slack-hosts.ts";
import { unasked } from "./unasked.ts";

export { slackTargetType } from "./target-type.ts";

/**
 * Publishes to a channel: as a bot if the target names a channel, else by an incoming webhook
 * (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks), whose path is the credential.
 */
export const slackPublisher = (endpoint: Endpoint, surroundings: PublisherSurroundings): Publisher =>
  typeof endpoint.typeOptions["channel"] === "string"
    ? slackBotPublisher(endpoint, surroundings)
    : slackWebhookPublisher(endpoint, surroundings);

/** One message per event: a webhook cannot update a message. */
function slackWebhookPublisher(
  endpoint: Endpoint,
  { transport, version, slackHosts, now = Date.now }: PublisherSurroundings,
): Publisher {
  const { url } = endpoint;
  const atSlack = isSlackHost(new URL(url), slackHosts);
  const path = endpoint.credential?.reveal() ?? "";
  const address = addressOf(url + path);
  const headers = requestHeaders(endpoint, version);
  // The last part of a webhook's path is nearly the whole secret.
  const redactor = endpointRedactor(endpoint, path.split("/").slice(-1));
  const sender = redactor.sender(transport);
  const plainly = new TextOnlyRetry();

  return {
    // A channel keeps no state: a resolve without its trigger would confuse the readers.
    traits: { dropsUnknownResolves: false, acknowledges: true, stateless: true },

    async publish(telling: Notification, signal: AbortSignal): Promise<Outcome> {
      if (telling.action === "check") return unasked;
      const { blocks, ...plain } = messageOf(telling, endpoint);
      const asText = plainly.take(telling.eventId);
      const body = JSON.stringify(asText ? plain : { ...plain, blocks });
      const reply = await sender.post({ address, headers, body, signal });
      const outcome = classify(reply, now(), { atSlack });
      if (outcome.kind !== "refused" || asText || !blocksRefused(reply)) return redactor.outcome(outcome);
      plainly.ask(telling.eventId);
      return redactor.outcome({ ...outcome, kind: "retry", detail: `${outcome.detail}; again as text alone` });
    },

    render: (telling: Notification): unknown => redactor.json(messageOf(telling, endpoint)),

    async [Symbol.asyncDispose]() {},
  };
}
