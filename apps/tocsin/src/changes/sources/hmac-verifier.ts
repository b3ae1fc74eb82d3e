import { createHmac, timingSafeEqual } from "node:crypto";
import { headerOf, type Verifier } from "./verifier.ts";

export interface HmacFormat {
  readonly header: string;
  /** By the text before the signature: the hash function. */
  readonly hashByPrefix: Readonly<Record<string, "sha224" | "sha256" | "sha384" | "sha512">>;
  readonly encoding: "hex" | "base64";
}

const shapes = { hex: /^(?:[\da-f]{2})+$/i, base64: /^[A-Za-z\d+/]+={0,2}$/ };

/** Checks a header with the HMAC of the body as received. Each secret is tried, so that secrets can be rotated. */
export function hmacVerifier(secrets: readonly string[], { header, hashByPrefix, encoding }: HmacFormat): Verifier {
  return {
    hashes: secrets.length,
    verify({ headers, body }) {
      const value = headerOf(headers, header);
      const [prefix = "", hash = "sha256"] =
        Object.entries(hashByPrefix).find(([known]) => value?.startsWith(known)) ?? [];
      const text = value?.slice(prefix.length) ?? "";
      const signature = Buffer.from(shapes[encoding].test(text) ? text : "", encoding);
      // All secrets are hashed in any case, so that the time reveals neither which one matches nor what is wrong.
      const matches = secrets.filter((secret) => isEqual(createHmac(hash, secret).update(body).digest(), signature));
      if (value === undefined) return { refused: `the header ${header} is missing` };
      if (Object.keys(hashByPrefix).every((known) => !value.startsWith(known)))
        return { refused: `the header ${header} does not begin with ${Object.keys(hashByPrefix).join(" or ")}` };
      if (signature.length === 0) return { refused: `the header ${header} holds no signature in ${encoding}` };
      return matches.length > 0 ? {} : { refused: "the signature does not match the body; compare the secrets" };
    },
  };
}

const isEqual = (digest: Buffer, signature: Buffer): boolean =>
  digest.length === signature.length && timingSafeEqual(digest, signature);
