import { duration, type Issue, Secret, secretInput, type SecretInput } from "@tocsin/core";
import { z } from "zod";

/** The key `telemetry.heartbeat`. */
export const outgoingHeartbeat = z.strictObject({
  url: secretInput.describe(
    "URL that receives a GET request; its path is usually the credential, so the URL is a secret.",
  ),
  every: duration()
    .prefault("60s")
    .refine((ms) => ms >= 1_000 && ms <= 3_600_000, { error: "must be between 1s and 1h" })
    .describe("Interval of the requests."),
});

export interface OutgoingHeartbeatSettings {
  readonly url: Secret;
  readonly everyMs: number;
}

interface Secrets {
  readonly issues: Issue[];
  value(input: SecretInput, path: string): string;
}

/** Returns the settings with their secret. Issues quote nothing of the URL. */
export function outgoingHeartbeatIn(
  input: z.output<typeof outgoingHeartbeat> | undefined,
  secrets: Secrets,
): OutgoingHeartbeatSettings | undefined {
  if (input === undefined) return undefined;
  const path = "telemetry.heartbeat.url";
  const text = secrets.value(input.url, path).trim();
  const url = URL.parse(text);
  if (text !== "" && (!url || !/^https?:$/.test(url.protocol)))
    secrets.issues.push({ path, message: 'expected a URL such as "https://hc-ping.com/…"' });
  else if (url?.username || url?.password) secrets.issues.push({ path, message: "must not hold a user or password" });
  return { url: new Secret(text), everyMs: input.every };
}

/** Shorter paths are ordinary words, which must stay in logs. */
const minSecretPath = 16;

/** The parts of the URL that may be its credential. */
export function secretsOfHeartbeat({ url }: OutgoingHeartbeatSettings): string[] {
  const { pathname, search } = new URL(url.reveal());
  return [url.reveal(), ...[pathname, search].filter((part) => part.length >= minSecretPath)];
}
