import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { Verifier } from "./verifier.ts";

/** Checks a secret that the sender sends as it is. */
export function tokenVerifier(
  secrets: readonly string[],
  { name, tokenIn }: { readonly name: string; readonly tokenIn: (headers: IncomingHttpHeaders) => string | undefined },
): Verifier {
  const digests = secrets.map(digestOf);
  return {
    hashes: 0,
    verify({ headers }) {
      const token = tokenIn(headers);
      const digest = digestOf(token ?? "");
      // All digests have the same length and all are compared, so the time reveals nothing about the secrets.
      const matches = digests.filter((known) => timingSafeEqual(known, digest));
      if (token === undefined) return { refused: `${name} is missing` };
      return matches.length > 0 ? {} : { refused: `${name} is not one of the secrets` };
    },
  };
}

const digestOf = (text: string): Buffer => createHash("sha256").update(text).digest();

/** Checks `Authorization: Bearer SECRET`, or the secret as the password of basic authentication with any user. */
export const bearerVerifier = (secrets: readonly string[]): Verifier =>
  tokenVerifier(secrets, { name: "the bearer token", tokenIn: bearerIn });

function bearerIn({ authorization = "" }: IncomingHttpHeaders): string | undefined {
  const token = /^bearer +(\S+) *$/i.exec(authorization)?.[1];
  if (token !== undefined) return token;
  const basic = /^basic +(\S+) *$/i.exec(authorization)?.[1];
  return basic && /^[^:]*:(.+)$/s.exec(Buffer.from(basic, "base64").toString())?.[1];
}

/** A bearer token with a blank could never be sent. */
export const blankProblem = (secret: string): string | undefined =>
  /\s/.test(secret) ? "must not contain blanks, because it is sent as a bearer token" : undefined;
