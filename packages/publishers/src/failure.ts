import type { AttemptReason } from "@tocsin/core";
import { TunnelError } from "@tocsin/http";
import { forbiddenAddress, selfTarget } from "./forbidden-address.ts";

/** Codes of OpenSSL and Node for a certificate or handshake that failed: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const tlsCode =
  /^(ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|CRL_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_|ERROR_IN_C|EPROTO$)/;

/** What `node:http` says of a name or a value. */
const invalidHeader = new Set(["ERR_INVALID_CHAR", "ERR_INVALID_HTTP_TOKEN", "ERR_HTTP_INVALID_HEADER_VALUE"]);

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EPIPE: "connection closed while writing",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "name lookup failed",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
  ETIMEDOUT: "connection timed out",
  [forbiddenAddress]: "the host is, or resolves to, an address that this target must not use",
  [selfTarget]: "the host is, or resolves to, this service itself",
  ERR_PROXY_TUNNEL: "the proxy opens no tunnel",
};

/** The other end closed or reset the connection. After any other failure the request may still be on its way. */
const closedThere = new Set(["ECONNRESET", "EPIPE"]);

interface Failure {
  readonly reason: AttemptReason;
  readonly detail: string;
  readonly receiverClosed?: true;
}

/** Why there was no answer, in words of ours: an error's own message may quote a URL, and a URL may be a credential. */
export function failureOf(error: unknown): Failure {
  if (error instanceof TunnelError && error.proxyStatus !== undefined) {
    const { proxyStatus, code } = error;
    return { reason: proxyStatus === 407 ? "auth" : "network", detail: `the proxy answered ${proxyStatus} (${code})` };
  }
  const code = codeOf(error);
  const detail = words[code] ? `${words[code]} (${code})` : code;
  if (tlsCode.test(code)) return { reason: "tls", detail: `TLS handshake failed (${code})` };
  if (code === "ETIMEDOUT") return { reason: "timeout", detail };
  if ((error as Error).name === "ProtocolError") return { reason: "network", detail: "an answer that is not HTTP" };
  if (invalidHeader.has(code)) return { reason: "bug", detail: `a header that HTTP does not allow (${code})` };
  return { reason: "network", detail, ...(closedThere.has(code) && { receiverClosed: true }) };
}

/** An attempt at several addresses fails with several errors; the first tells as much as any. */
function codeOf(error: unknown): string {
  const { code, errors, cause } = error as { code?: unknown; errors?: unknown[]; cause?: unknown };
  if (typeof code === "string") return code;
  const inner = errors?.[0] ?? cause;
  return inner === undefined || inner === null ? "unknown network error" : codeOf(inner);
}
