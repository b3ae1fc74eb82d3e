import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { Verifier } from "../changes/sources/verifier.ts";

/** Most signatures of one header that are compared. */
const maxSignatures = 20;

/** The signatures of a request, as its headers state them. */
export interface StatedSignatures {
  /** In hex. Others than HMAC-SHA256 in hex never match. */
  readonly signatures: readonly string[];
  /** The signed text before the body. */
  readonly prefix?: string;
  /** When it was signed, ms since epoch; checked after the signature. Absent: at any time. */
  readonly signedAtMs?: number;
}

export interface CallbackFormat {
  /** Reads the headers, or returns why they hold no signature. */
  readonly read: (headers: IncomingHttpHeaders) => StatedSignatures | { readonly refused: string };
  /** Largest difference between the signed time and the own clock. @default none */
  readonly maxAgeMs?: number;
}

/**
 * Checks HMAC-SHA256 signatures of the body as received, with the text of a secret as the key. Each secret is tried, so that secrets
 * can be rotated. All secrets are hashed in any case, so that the time reveals neither which one matches nor what is wrong.
 */
export function signedCallbackVerifier(secrets: readonly string[], { read, maxAgeMs }: CallbackFormat): Verifier {
  return {
    hashes: secrets.length,
    verify({ headers, body, nowMs }) {
      const stated = read(headers);
      const { signatures, prefix = "", signedAtMs } = "refused" in stated ? noSignatures : stated;
      const given = signatures
        .slice(0, maxSignatures)
        .flatMap((text) => (/^[\da-f]{64}$/i.test(text) ? [Buffer.from(text, "hex")] : []));
      const digests = secrets.map((secret) => createHmac("sha256", secret).update(prefix).update(body).digest());
      const matches = digests.filter((digest) => given.filter((one) => timingSafeEqual(one, digest)).length > 0);
      if ("refused" in stated) return stated;
      if (matches.length === 0) return { refused: "the signature does not match the body; compare the secrets" };
      if (maxAgeMs !== undefined && signedAtMs !== undefined && Math.abs(nowMs - signedAtMs) > maxAgeMs)
        return {
          refused: `the signed time differs by more than ${maxAgeMs / 60_000} minutes from this server's clock`,
        };
      return {};
    },
  };
}

const noSignatures: StatedSignatures = { signatures: [] };
