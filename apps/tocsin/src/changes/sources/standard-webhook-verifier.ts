import { createHmac, timingSafeEqual } from "node:crypto";
import { headerOf, type Verifier } from "./verifier.ts";

/** Largest difference between the signed time and the own clock, as in the reference libraries of the specification. */
const maxAgeMs = 300_000;
/** Most signatures of one header that are compared. */
const maxSignatures = 20;

const prefix = "whsec_";

export const isStandardWebhookSecret = (secret: string): boolean => secret.startsWith(prefix);

/** Returns a problem of a secret that begins with `whsec_`. */
export const standardWebhookProblem = (secret: string): string | undefined =>
  /^[A-Za-z\d+/]+={0,2}$/.test(secret.slice(prefix.length)) ? undefined : "expected base64 after `whsec_`";

/**
 * Checks signatures of Standard Webhooks 1.0.0 (https://www.standardwebhooks.com), version `v1`: HMAC-SHA256 over id, time and
 * body. The id is signed, so it identifies the event.
 */
export function standardWebhookVerifier(secrets: readonly string[]): Verifier {
  const keys = secrets.map((secret) => Buffer.from(secret.slice(prefix.length), "base64"));
  return {
    hashes: keys.length,
    verify({ headers, body, nowMs }) {
      const id = headerOf(headers, "webhook-id");
      const seconds = headerOf(headers, "webhook-timestamp");
      const given = headerOf(headers, "webhook-signature");
      const signatures = (given ?? "")
        .split(" ", maxSignatures)
        .filter((one) => one.startsWith("v1,"))
        .map((one) => Buffer.from(one.slice("v1,".length), "base64"));
      const digests = keys.map((key) => createHmac("sha256", key).update(`${id}.${seconds}.`).update(body).digest());
      const isSigned = digests.some((digest) =>
        signatures.some((one) => one.length === digest.length && timingSafeEqual(one, digest)),
      );
      if (!id || seconds === undefined || given === undefined)
        return { refused: "one of the headers webhook-id, webhook-timestamp and webhook-signature is missing" };
      if (!/^\d{1,12}$/.test(seconds)) return { refused: "the header webhook-timestamp is not in Unix seconds" };
      if (!isSigned) return { refused: "the signature does not match the body; compare the secrets" };
      if (Math.abs(nowMs - Number(seconds) * 1_000) > maxAgeMs)
        return { refused: "the signed time differs by more than 5 minutes from this server's clock" };
      return { signedId: id };
    },
  };
}
