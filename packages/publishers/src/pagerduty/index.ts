import type { Endpoint, Outcome, Publisher, Notification } from "@tocsin/core";
import { enqueueUrl, fitEvent } from "@tocsin/pagerduty";
import type { PublisherSurroundings } from "../shared/publisher-options.ts";
import { addressOf } from "@tocsin/http";
import { requestHeaders } from "../shared/request-headers.ts";
import { endpointRedactor } from "../shared/endpoint-redactor.ts";
import { urlSecrets } from "../shared/url-secrets.ts";
import { classify } from "./classify.ts";
import { formatEvent, type KeylessEvent } from "./format.ts";

export { pagerdutyTargetType } from "./target-type.ts";

/**
 * PagerDuty's Events API v2: https://developer.pagerduty.com/docs/events-api-v2-overview. One attempt per call.
 * Without a routing key (degraded) it posts the same event to the url as given, for a proxy that adds the key.
 */
export function pagerdutyPublisher(
  endpoint: Endpoint,
  { transport, version, now = Date.now }: PublisherSurroundings,
): Publisher {
  const { credential, degraded } = endpoint;
  const headers = requestHeaders(endpoint, version);
  const alerts = addressOf(degraded ? endpoint.url : enqueueUrl(endpoint.url, "alert"));
  const changes = addressOf(degraded ? endpoint.url : enqueueUrl(endpoint.url, "change"));
  const redactor = endpointRedactor(endpoint, degraded ? urlSecrets(endpoint.url) : []);
  const sender = redactor.sender(transport);

  return {
    // PagerDuty drops an acknowledge or resolve of an unknown key, with status 202: docs/receivers/pagerduty.md.
    traits: { dropsUnknownResolves: true, acknowledges: true },

    async publish(telling: Notification, signal: AbortSignal): Promise<Outcome> {
      const { body } = fit(formatEvent(telling, endpoint), credential?.reveal());
      const address = telling.action === "change" ? changes : alerts;
      const reply = await sender.post({ address, headers, body, signal });
      return redactor.outcome(classify(reply, { degraded, nowMs: now() }));
    },

    render(telling: Notification): unknown {
      return redactor.json(JSON.parse(fit(formatEvent(telling, endpoint), undefined).body));
    },

    async [Symbol.asyncDispose]() {},
  };
}

/** `routing_key` first, as in PagerDuty's own examples; without one `JSON.stringify` leaves it out. */
function fit(event: KeylessEvent, routing_key: string | undefined): { body: string } {
  return fitEvent({ routing_key: routing_key as string, ...event });
}
