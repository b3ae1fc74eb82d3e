import type { Endpoint, Outcome } from "@tocsin/core";

/** Keeps an endpoint's credentials out of what is shown and kept, should an answer or an alert repeat them. */
export interface Scrubber {
  outcome(outcome: Outcome): Outcome;
  json(value: unknown): unknown;
}

/** Shorter header values are words like `true`, and replacing them would garble texts. */
const shortestSecret = 8;

/** @param parts of a credential that are one by themselves */
export function scrubber({ credential, headers }: Endpoint, parts: readonly string[] = []): Scrubber {
  const values = [credential, ...Object.values(headers)].flatMap((secret) => (secret ? [secret.reveal()] : []));
  const secrets = [...values, ...parts]
    .flatMap((value) => [value, value.replace(/^\w+\s+/, "")])
    .filter((value) => value.length >= shortestSecret)
    .toSorted((a, b) => b.length - a.length);
  const scrub = (text: string) => secrets.reduce((clean, secret) => clean.replaceAll(secret, "[secret]"), text);
  // As they look inside JSON.
  const escaped = secrets.map((secret) => JSON.stringify(secret).slice(1, -1));
  return {
    outcome: (outcome) =>
      outcome.kind === "accepted"
        ? { ...outcome, receipt: scrub(outcome.receipt) }
        : { ...outcome, detail: scrub(outcome.detail) },
    json: (value) =>
      JSON.parse(escaped.reduce((text, secret) => text.replaceAll(secret, "[secret]"), JSON.stringify(value))),
  };
}
