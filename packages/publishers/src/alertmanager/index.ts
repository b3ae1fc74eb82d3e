import type { Endpoint, Outcome, Publisher, Notification } from "@tocsin/core";
import { classifyByStatus } from "../shared/classify-by-status.ts";
import type { PublisherSurroundings } from "../shared/publisher-options.ts";
import { addressOf } from "@tocsin/http";
import { requestHeaders } from "../shared/request-headers.ts";
import { endpointRedactor } from "../shared/endpoint-redactor.ts";
import { urlSecrets } from "../shared/url-secrets.ts";
import { believedForMs, formatAlert } from "./format.ts";

export { alertmanagerTargetType } from "./target-type.ts";

/** Alertmanager's API v2, which is also what Prometheus speaks. One attempt per call. */
export function alertmanagerPublisher(
  endpoint: Endpoint,
  { transport, version, now = Date.now }: PublisherSurroundings,
): Publisher {
  const address = addressOf(`${endpoint.url}/api/v2/alerts`);
  const headers = requestHeaders(endpoint, version);
  const redactor = endpointRedactor(endpoint, urlSecrets(endpoint.url));
  const sender = redactor.sender(transport);
  const alertsOf = (telling: Notification) => [formatAlert(telling, now())];

  return {
    // The resolve of an unknown alert notifies no one.
    traits: { dropsUnknownResolves: true, acknowledges: false, forgetsAfterMs: believedForMs },

    async publish(telling: Notification, signal: AbortSignal): Promise<Outcome> {
      // Never called: there is no key to check, and an alert without an end must not be posted.
      if (telling.action === "check" || telling.action === "change") return noSuchEvent;
      const body = JSON.stringify(alertsOf(telling));
      const reply = await sender.post({ address, headers, body, signal });
      return redactor.outcome(classifyByStatus(reply, now(), wordsOf));
    },

    render(telling: Notification): unknown {
      return redactor.json(alertsOf(telling));
    },

    async [Symbol.asyncDispose]() {},
  };
}

const noSuchEvent: Outcome = {
  kind: "refused",
  reason: "bug",
  detail: "an Alertmanager takes alerts and their ends alone",
};

/** Alertmanager writes errors as a JSON string; some proxies write an object with a message. */
function wordsOf(body: string): string | undefined {
  try {
    const said: unknown = JSON.parse(body);
    const text = typeof said === "string" ? said : (said as { message?: unknown } | null)?.message;
    return typeof text === "string" ? text : undefined;
  } catch {
    return undefined;
  }
}
