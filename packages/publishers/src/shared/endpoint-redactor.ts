import type { Endpoint, Outcome } from "@tocsin/core";
import { Redactor, redactReply, type Sender } from "@tocsin/http";
import { isSuccess } from "./classify-response.ts";

/** Keeps an endpoint's credentials out of texts that are shown and stored, if an answer or an alert repeats them. */
export interface EndpointRedactor {
  /**
   * Sends with this sender and redacts the reply, before it is read, cut or stored: if a credential is cut first, a part of it
   * stays. A requested list that arrived is left as it is, since only its fields are read.
   */
  sender(sender: Sender): Sender;
  outcome(outcome: Outcome): Outcome;
  json(value: unknown): unknown;
}

/** @param parts of a credential that are secrets by themselves */
export function endpointRedactor(endpoint: Endpoint, parts: readonly string[] = []): EndpointRedactor {
  const { credential, headers, signingSecrets = [] } = endpoint;
  const secrets = [credential, ...Object.values(headers), ...signingSecrets].flatMap(
    (secret) => secret?.reveal() ?? [],
  );
  const redactor = new Redactor([...secrets, ...parts]);
  const redact = (text: string): string => redactor.redact(text);
  return {
    sender: (sender) => ({
      post: async (request) => redactReply(await sender.post(request), redact),
      get: async (request) => {
        const reply = await sender.get(request);
        return reply.kind === "answered" && isSuccess(reply.status) ? reply : redactReply(reply, redact);
      },
    }),
    outcome: (outcome) =>
      outcome.kind === "accepted"
        ? { ...outcome, receipt: redact(outcome.receipt) }
        : { ...outcome, detail: redact(outcome.detail) },
    json: (value) => redactJson(value, redact),
  };
}

function redactJson(value: unknown, redact: (text: string) => string): unknown {
  if (typeof value === "string") return redact(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => redactJson(item, redact));
  const entries = Object.entries(value).flatMap(([key, inner]) =>
    inner === undefined ? [] : [[redact(key), redactJson(inner, redact)] as const],
  );
  return Object.fromEntries(entries);
}
