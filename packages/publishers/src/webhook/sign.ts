import { createHmac } from "node:crypto";
import type { Secret } from "@tocsin/core";

/** What the specification asks of a key, bytes: https://www.standardwebhooks.com. */
const keyBytes = { least: 24, most: 64 };

/** The key in a secret as users see it: `whsec_` and base64. Undefined: it is none. */
export function keyIn(secret: Secret): Buffer | undefined {
  const [, base64] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret.reveal()) ?? [];
  const key = Buffer.from(base64 ?? "", "base64");
  return key.length >= keyBytes.least && key.length <= keyBytes.most ? key : undefined;
}

export interface Signed {
  readonly id: string;
  /** Of this attempt: receivers refuse what is five minutes away from their own time. */
  readonly atMs: number;
  /** As it is sent. */
  readonly body: string;
  /** One signature each, so that a secret can be rotated. */
  readonly keys: readonly Buffer[];
}

/** The headers of Standard Webhooks 1.0.0, names and values in turn; without keys the id and the time alone. */
export function signatureHeaders({ id, atMs, body, keys }: Signed): string[] {
  const timestamp = String(Math.floor(atMs / 1000));
  const signatures = keys.map((key) => {
    const hmac = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`);
    return `v1,${hmac.digest("base64")}`;
  });
  const signature = signatures.length > 0 ? ["webhook-signature", signatures.join(" ")] : [];
  return ["webhook-id", id, "webhook-timestamp", timestamp, ...signature];
}
