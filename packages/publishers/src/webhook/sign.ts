import { createHmac } from "node:crypto";
import type { Secret } from "@tocsin/core";

/** Length of a key that the specification requires, bytes: https://www.standardwebhooks.com. */
const keyBytes = { least: 24, most: 64 };

/** Decodes the key of a secret in its usual form: `whsec_` and base64. Undefined: it has another form. */
export function keyIn(secret: Secret): Buffer | undefined {
  const [, base64] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret.reveal()) ?? [];
  const key = Buffer.from(base64 ?? "", "base64");
  return key.length >= keyBytes.least && key.length <= keyBytes.most ? key : undefined;
}

export interface Signed {
  readonly id: string;
  /** The time of this attempt: receivers refuse a difference of more than five minutes from their own time. */
  readonly atMs: number;
  /** The body exactly as it is sent. */
  readonly body: string;
  /** One signature per key, so that a secret can be rotated. */
  readonly keys: readonly Buffer[];
}

/** The headers of Standard Webhooks 1.0.0, names and values in turn. Without keys: only the id and the time. */
export function signatureHeaders({ id, atMs, body, keys }: Signed): string[] {
  const timestamp = String(Math.floor(atMs / 1000));
  const signatures = keys.map((key) => {
    const hmac = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`);
    return `v1,${hmac.digest("base64")}`;
  });
  const signature = signatures.length > 0 ? ["webhook-signature", signatures.join(" ")] : [];
  return ["webhook-id", id, "webhook-timestamp", timestamp, ...signature];
}
