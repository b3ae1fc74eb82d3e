import type { Endpoint, Outcome, Publisher, Notification } from "@tocsin/core";
import { classifyByStatus } from "../shared/classify-by-status.ts";
import type { PublisherSurroundings } from "../shared/publisher-options.ts";
import { addressOf } from "@tocsin/http";
import { requestHeaders } from "../shared/request-headers.ts";
import { endpointRedactor } from "../shared/endpoint-redactor.ts";
import { urlSecrets } from "../shared/url-secrets.ts";
import { fit } from "./fit.ts";
import { formatEvent } from "./format.ts";
import { keyIn, signatureHeaders } from "./sign.ts";
import type { WebhookOwn } from "./target-type.ts";

export { webhookTargetType } from "./target-type.ts";

/** Sends JSON over HTTP, signed by Standard Webhooks if there is a secret. One attempt per call. */
export function webhookPublisher(
  endpoint: Endpoint,
  { transport, version, now = Date.now }: PublisherSurroundings,
): Publisher {
  const { url, signingSecrets = [] } = endpoint;
  const address = addressOf(url);
  const headers = requestHeaders(endpoint, version);
  const keys = signingSecrets.flatMap((secret) => keyIn(secret) ?? []);
  const redactor = endpointRedactor(endpoint, urlSecrets(url));
  const sender = redactor.sender(transport);
  const { sendsTraceparent = false } = endpoint.typeOptions as WebhookOwn;
  const eventOf = (telling: Notification) => fit(formatEvent(telling, endpoint));

  return {
    traits: { dropsUnknownResolves: false, acknowledges: true, stateless: true },

    async publish(telling: Notification, signal: AbortSignal): Promise<Outcome> {
      const body = JSON.stringify(eventOf(telling));
      const signed = signatureHeaders({ id: telling.eventId, atMs: now(), body, keys });
      const { traceparent } = telling;
      const own = sendsTraceparent && traceparent !== undefined ? [...signed, "traceparent", traceparent] : signed;
      const reply = await sender.post({ address, headers: [...headers, ...own], body, signal });
      return redactor.outcome(classifyByStatus(reply, now()));
    },

    render(telling: Notification): unknown {
      return redactor.json(eventOf(telling));
    },

    async [Symbol.asyncDispose]() {},
  };
}
