import type { IncomingHttpHeaders } from "node:http";

/** A request before anything reads its body. */
export interface SignedRequest {
  readonly headers: IncomingHttpHeaders;
  /** The bytes as received, because a signature covers them. */
  readonly body: Uint8Array;
  /** Wall clock, ms. */
  readonly nowMs: number;
}

export interface Verification {
  /** Why the request is refused, for the log only: the sender does not learn it. Undefined: a secret matches. */
  readonly refused?: string;
  /** The id of the event, if the signature covers it. */
  readonly signedId?: string;
}

/** Checks whether a request comes from a holder of one of the secrets. */
export interface Verifier {
  readonly verify: (request: SignedRequest) => Verification;
  /** How many times `verify` hashes the body, whatever the request holds. */
  readonly hashes: number;
}

/** The value of a header. Node joins repeated ones with a comma, except for some known names, which it lists. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name.toLowerCase()];
  return Array.isArray(value) ? value.join(", ") : value;
}
