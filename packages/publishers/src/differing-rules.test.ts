import { networkFailure } from "@tocsin/pagerduty";
import { describe, expect, test } from "vitest";
import { failureOf } from "./failure.ts";

// Rules that two or more implementations share in name and not in substance, as they are before they become one.

describe("failed requests: the code of the client library, the reason and the words of the service", () => {
  const coded = (code: string, more: object = {}) => Object.assign(new Error("inner"), { code, ...more });
  test.each<[string, unknown, string, string, string]>([
    ["refused", coded("ECONNREFUSED"), "refused", "network", "connection refused (ECONNREFUSED)"],
    ["no such host", coded("ENOTFOUND"), "dns", "network", "no such host (ENOTFOUND)"],
    ["no answer of DNS", coded("EAI_AGAIN"), "dns", "network", "name lookup failed (EAI_AGAIN)"],
    ["another DNS failure", coded("EAI_FAIL"), "dns", "network", "EAI_FAIL"],
    ["reset", coded("ECONNRESET"), "reset", "network", "connection reset (ECONNRESET)"],
    ["aborted here", coded("ECONNABORTED"), "reset", "network", "ECONNABORTED"],
    ["closed", coded("EPIPE"), "reset", "network", "connection closed while writing (EPIPE)"],
    ["undici's loss", coded("UND_ERR_SOCKET"), "reset", "network", "UND_ERR_SOCKET"],
    ["timed out", coded("ETIMEDOUT"), "timeout", "timeout", "connection timed out (ETIMEDOUT)"],
    ["undici's timeout", coded("UND_ERR_CONNECT_TIMEOUT"), "timeout", "network", "UND_ERR_CONNECT_TIMEOUT"],
    ["a timeout's signal", new DOMException("", "TimeoutError"), "timeout", "network", "unknown network error"],
    ["certificate", coded("CERT_HAS_EXPIRED"), "tls", "tls", "TLS handshake failed (CERT_HAS_EXPIRED)"],
    ["authority", coded("UNABLE_TO_GET_ISSUER_CERT"), "tls", "tls", "TLS handshake failed (UNABLE_TO_GET_ISSUER_CERT)"],
    ["OpenSSL", coded("ERR_OSSL_EVP_UNSUPPORTED"), "network", "tls", "TLS handshake failed (ERR_OSSL_EVP_UNSUPPORTED)"],
    ["a purpose", coded("INVALID_PURPOSE"), "network", "tls", "TLS handshake failed (INVALID_PURPOSE)"],
    [
      "a field",
      coded("ERROR_IN_CERT_NOT_BEFORE_FIELD"),
      "network",
      "tls",
      "TLS handshake failed (ERROR_IN_CERT_NOT_BEFORE_FIELD)",
    ],
    ["protocol", coded("EPROTO"), "tls", "tls", "TLS handshake failed (EPROTO)"],
    ["no route", coded("EHOSTUNREACH"), "network", "network", "host unreachable (EHOSTUNREACH)"],
    ["a header", coded("ERR_INVALID_CHAR"), "network", "bug", "a header that HTTP does not allow (ERR_INVALID_CHAR)"],
    [
      "a forbidden address",
      coded("FORBIDDEN_ADDRESS"),
      "network",
      "network",
      "the host is, or resolves to, an address that this target must not use (FORBIDDEN_ADDRESS)",
    ],
    [
      "several addresses",
      { errors: [coded("ECONNREFUSED"), coded("ENETUNREACH")] },
      "refused",
      "network",
      "connection refused (ECONNREFUSED)",
    ],
    [
      "a cause",
      new TypeError("fetch failed", { cause: coded("ECONNREFUSED") }),
      "refused",
      "network",
      "connection refused (ECONNREFUSED)",
    ],
    ["an unknown code with a known cause", coded("ERR_X", { cause: coded("ECONNRESET") }), "reset", "network", "ERR_X"],
    ["nothing known", new Error("inner"), "network", "network", "unknown network error"],
  ])("%s", (_, error, client, reason, words) => {
    expect(networkFailure(error).code).toBe(client);
    expect(failureOf(error)).toMatchObject({ reason, detail: words });
  });
});
