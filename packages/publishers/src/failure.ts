import type { AttemptReason } from "@tocsin/core";
import { forbiddenAddress } from "./forbidden-address.ts";

/** Codes of OpenSSL and Node for a certificate or handshake that failed: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const tlsCode =
  /^(ERR_TLS|ERR_SSL|CERT_|CRL_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_|ERROR_IN_C|EPROTO$)/;

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EPIPE: "connection closed while writing",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "name lookup failed",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
  ETIMEDOUT: "connection timed out",
  [forbiddenAddress]: "the host is, or resolves to, a link-local or metadata address",
  UND_ERR_SOCKET: "connection closed",
  UND_ERR_CONNECT_TIMEOUT: "no connection in time",
  UND_ERR_HEADERS_TIMEOUT: "no answer in time",
  UND_ERR_BODY_TIMEOUT: "answer stopped",
};

/** Why there was no answer, in words of ours: an error's own message may quote a URL, and a URL may be a credential. */
export function failureOf(error: unknown): { reason: AttemptReason; detail: string } {
  const code = codeOf(error);
  const detail = words[code] ? `${words[code]} (${code})` : code;
  if (tlsCode.test(code)) return { reason: "tls", detail: `TLS handshake failed (${code})` };
  if (code.endsWith("_TIMEOUT") || code === "ETIMEDOUT") return { reason: "timeout", detail };
  if ((error as Error).name === "HTTPParserError") return { reason: "network", detail: "an answer that is not HTTP" };
  if (code === "UND_ERR_INVALID_ARG") return { reason: "bug", detail: "request that undici refuses" };
  return { reason: "network", detail };
}

/** An attempt at several addresses fails with several errors; the first tells as much as any. */
function codeOf(error: unknown): string {
  const { code, errors, cause } = error as { code?: unknown; errors?: unknown[]; cause?: unknown };
  if (typeof code === "string" && code !== "UND_ERR_SOCKET") return code;
  const inner = errors?.[0] ?? cause;
  if (inner !== undefined && inner !== null) return codeOf(inner);
  return typeof code === "string" ? code : "unknown network error";
}
