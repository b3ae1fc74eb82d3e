import { createHmac, timingSafeEqual } from "node:crypto";
import type { SimulatorRequest, Violation } from "../../server/exchange.ts";

/** Either way, as the reference libraries have it. */
const toleranceS = 5 * 60;

/**
 * Verifies a request by Standard Webhooks 1.0.0, its symmetric form: HMAC-SHA256 of `id.timestamp.body` under the
 * base64-decoded secret. Any known secret and any `v1` signature will do: that is how secrets are rotated.
 */
export function signatureViolations(
  request: SimulatorRequest,
  secrets: readonly string[],
  clockMs: number,
): Violation[] {
  const found: Violation[] = [];
  const header = (name: string): string => {
    const value = request.headers[name] ?? "";
    if (value === "") found.push({ field: name, reason: "is missing" });
    return value;
  };
  const [id, timestamp, signature] = [header("webhook-id"), header("webhook-timestamp"), header("webhook-signature")];
  if (id.includes(".")) found.push({ field: "webhook-id", reason: "must not contain a full stop" });
  if (timestamp !== "") {
    const awayS = Math.abs(Number(timestamp) - clockMs / 1000);
    if (!/^\d+$/.test(timestamp)) {
      found.push({ field: "webhook-timestamp", reason: "must be whole seconds since 1970" });
    } else if (awayS > toleranceS) {
      found.push({ field: "webhook-timestamp", reason: "is more than five minutes from the receiver's time" });
    }
  }
  if (found.length > 0) return found;

  const given = signature
    .split(" ")
    .filter((one) => one.startsWith("v1,"))
    .map((one) => one.slice("v1,".length));
  const isGood = secrets.some((secret) => {
    const hmac = createHmac("sha256", Buffer.from(secret.replace(/^whsec_/, ""), "base64"));
    const expected = hmac.update(`${id}.${timestamp}.`).update(request.body).digest();
    return given.some((one) => isSame(Buffer.from(one, "base64"), expected));
  });
  return isGood ? [] : [{ field: "webhook-signature", reason: "no signature matches" }];
}

const isSame = (one: Buffer, other: Buffer): boolean => one.length === other.length && timingSafeEqual(one, other);
