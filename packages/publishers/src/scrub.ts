import type { Endpoint, Outcome } from "@tocsin/core";

/** Keeps an endpoint's credentials out of what is shown and kept, should an answer or an alert repeat them. */
export interface Scrubber {
  outcome(outcome: Outcome): Outcome;
  json(value: unknown): unknown;
}

/** Takes secrets out of a text; the longest first, since the end of one that begins like another must not stay. */
export function without(secrets: readonly string[]): (text: string) => string {
  const ordered = secrets.toSorted((a, b) => b.length - a.length);
  return (text) => ordered.reduce((clean, secret) => clean.replaceAll(secret, "[secret]"), text);
}

/** Shorter header values are words like `true`, and replacing them would garble texts. */
const shortestSecret = 8;

/** @param parts of a credential that are one by themselves */
export function scrubber({ credential, headers }: Endpoint, parts: readonly string[] = []): Scrubber {
  const values = [credential, ...Object.values(headers)].flatMap((secret) => (secret ? [secret.reveal()] : []));
  const secrets = [...values, ...parts]
    .flatMap((value) => [value, value.replace(/^\w+\s+/, "")])
    .filter((value) => value.length >= shortestSecret);
  const scrub = without(secrets);
  // As they look inside JSON.
  const scrubJson = without(secrets.map((secret) => JSON.stringify(secret).slice(1, -1)));
  return {
    outcome: (outcome) =>
      outcome.kind === "accepted"
        ? { ...outcome, receipt: scrub(outcome.receipt) }
        : { ...outcome, detail: scrub(outcome.detail) },
    json: (value) => JSON.parse(scrubJson(JSON.stringify(value))),
  };
}
