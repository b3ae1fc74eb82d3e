import { createHmac } from "node:crypto";

/**
 * `X-PagerDuty-Signature`: HMAC-SHA256 of the body in hex, with the secret's text as the key, one `v1=` for each secret.
 */
export const signatureHeader = (body: string, secrets: readonly string[]): string =>
  secrets.map((secret) => `v1=${createHmac("sha256", secret).update(body).digest("hex")}`).join(",");
