import type { Endpoint, Outcome, Publisher, Telling } from "@tocsin/core";
import { plainOutcome } from "../plain-answer.ts";
import type { PlainOwn } from "../plain-target.ts";
import type { PublisherOptions } from "../publisher-options.ts";
import { addressOf, headersOf } from "../request.ts";
import { scrubber } from "../scrub.ts";
import { fit } from "./fit.ts";
import { formatEvent } from "./format.ts";
import { keyIn, signatureHeaders } from "./sign.ts";

export { webhookTarget } from "./target-type.ts";

/** JSON over HTTP, signed by Standard Webhooks where there is a secret. One attempt per call. */
export function webhookPublisher(
  endpoint: Endpoint,
  { transport, version, now = Date.now }: PublisherOptions,
): Publisher {
  const { url, signingSecrets = [] } = endpoint;
  const { anyAddress = false } = endpoint.own as PlainOwn;
  const address = { ...addressOf(url), anyAddress };
  const headers = headersOf(endpoint, version);
  const keys = signingSecrets.flatMap((secret) => keyIn(secret) ?? []);
  // An answer such as "Cannot POST /hooks/…" repeats what may be the credential.
  const scrub = scrubber(endpoint, [
    ...signingSecrets.map((secret) => secret.reveal()),
    address.path,
    ...(new URL(url).search ? [new URL(url).search.slice(1)] : []),
  ]);
  const eventOf = (telling: Telling) => fit(formatEvent(telling, endpoint));

  return {
    traits: { dropsUnknownResolves: false, acknowledges: true },

    async publish(telling: Telling, signal: AbortSignal): Promise<Outcome> {
      const body = JSON.stringify(eventOf(telling));
      const signed = signatureHeaders({ id: telling.eventId, atMs: now(), body, keys });
      const reply = await transport.post({ address, headers: [...headers, ...signed], body, signal });
      return scrub.outcome(plainOutcome(reply, now()));
    },

    render(telling: Telling): unknown {
      return scrub.json(eventOf(telling));
    },

    async [Symbol.asyncDispose]() {},
  };
}
