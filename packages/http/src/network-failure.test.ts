import { describe, expect, test } from "vitest";
import { classifyNetworkFailure } from "./network-failure.ts";
import { TunnelError } from "./tunnel-error.ts";

/** An error whose message holds a secret, as that of a URL may. */
const coded = (code: string, more: object = {}) =>
  Object.assign(new Error("https://secret.example.com/token"), { code, ...more });

describe("a failed request", () => {
  test.each<[string, unknown, string, string]>([
    ["refused", coded("ECONNREFUSED"), "refused", "connection refused (ECONNREFUSED)"],
    ["to a name that does not exist", coded("ENOTFOUND"), "dns", "no such host (ENOTFOUND)"],
    ["without an answer of DNS", coded("EAI_AGAIN"), "dns", "name lookup failed (EAI_AGAIN)"],
    ["with another failure of DNS", coded("EAI_FAIL"), "dns", "EAI_FAIL"],
    ["reset", coded("ECONNRESET"), "reset", "connection reset (ECONNRESET)"],
    ["aborted by this machine", coded("ECONNABORTED"), "reset", "ECONNABORTED"],
    ["closed while it was written", coded("EPIPE"), "reset", "connection closed while writing (EPIPE)"],
    ["lost by undici", coded("UND_ERR_SOCKET"), "reset", "UND_ERR_SOCKET"],
    ["timed out by the system", coded("ETIMEDOUT"), "timeout", "connection timed out (ETIMEDOUT)"],
    ["timed out by undici", coded("UND_ERR_CONNECT_TIMEOUT"), "timeout", "UND_ERR_CONNECT_TIMEOUT"],
    ["timed out by a signal", new DOMException("late", "TimeoutError"), "timeout", "TimeoutError"],
    ["with an expired certificate", coded("CERT_HAS_EXPIRED"), "tls", "TLS handshake failed (CERT_HAS_EXPIRED)"],
    [
      "with an unknown authority",
      coded("UNABLE_TO_GET_ISSUER_CERT"),
      "tls",
      "TLS handshake failed (UNABLE_TO_GET_ISSUER_CERT)",
    ],
    [
      "with a certificate for another name",
      coded("ERR_TLS_CERT_ALTNAME_INVALID"),
      "tls",
      "TLS handshake failed (ERR_TLS_CERT_ALTNAME_INVALID)",
    ],
    [
      "to a server without TLS",
      coded("ERR_SSL_WRONG_VERSION_NUMBER"),
      "tls",
      "TLS handshake failed (ERR_SSL_WRONG_VERSION_NUMBER)",
    ],
    [
      "without a client certificate that the server demands",
      coded("ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE"),
      "tls",
      "TLS handshake failed (ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE)",
    ],
    ["with a fault of OpenSSL", coded("ERR_OSSL_X"), "tls", "TLS handshake failed (ERR_OSSL_X)"],
    [
      "with a certificate for another purpose",
      coded("INVALID_PURPOSE"),
      "tls",
      "TLS handshake failed (INVALID_PURPOSE)",
    ],
    [
      "with a broken certificate",
      coded("ERROR_IN_CERT_NOT_BEFORE_FIELD"),
      "tls",
      "TLS handshake failed (ERROR_IN_CERT_NOT_BEFORE_FIELD)",
    ],
    ["in its handshake", coded("EPROTO"), "tls", "TLS handshake failed (EPROTO)"],
    ["without a route", coded("EHOSTUNREACH"), "network", "host unreachable (EHOSTUNREACH)"],
    [
      "with a wrong header",
      coded("ERR_INVALID_CHAR"),
      "invalid_header",
      "a header that HTTP does not allow (ERR_INVALID_CHAR)",
    ],
    [
      "to a forbidden address",
      coded("FORBIDDEN_ADDRESS"),
      "forbidden_address",
      "the host is, or resolves to, an address that this target must not use (FORBIDDEN_ADDRESS)",
    ],
    [
      "to the service itself",
      coded("SELF_TARGET"),
      "forbidden_address",
      "the host is, or resolves to, this service itself (SELF_TARGET)",
    ],
    [
      "refused by a proxy that names no status",
      new TunnelError(undefined),
      "network",
      "the proxy opens no tunnel (ERR_PROXY_TUNNEL)",
    ],
    ["refused by a proxy", new TunnelError(403), "network", "the proxy answered 403 (ERR_PROXY_TUNNEL)"],
    [
      "by a proxy that wants a password",
      new TunnelError(407),
      "proxy_auth",
      "the proxy answered 407 (ERR_PROXY_TUNNEL)",
    ],
    [
      "answered by another protocol",
      Object.assign(new Error("x"), { name: "ProtocolError" }),
      "network",
      "an answer that is not HTTP",
    ],
    [
      "at several addresses",
      { errors: [coded("ECONNREFUSED"), coded("ENETUNREACH")] },
      "refused",
      "connection refused (ECONNREFUSED)",
    ],
    [
      "in a fetch",
      new TypeError("fetch failed", { cause: coded("ECONNREFUSED") }),
      "refused",
      "connection refused (ECONNREFUSED)",
    ],
    [
      "with an unknown code and a known cause",
      coded("ERR_X", { cause: coded("ECONNRESET") }),
      "reset",
      "connection reset (ECONNRESET)",
    ],
    ["with an unknown code", coded("ERR_X"), "network", "ERR_X"],
    ["without a code", new Error("https://secret.example.com/token"), "network", "unknown network error"],
  ])("%s is classified, in our own words", (_, error, reason, detail) => {
    expect(classifyNetworkFailure(error)).toMatchObject({ reason, detail });
  });

  test.each([undefined, null, "text", {}, { message: 5, code: 6, name: 7 }])("with %j is classified too", (error) => {
    expect(classifyNetworkFailure(error)).toMatchObject({ reason: "network", detail: "unknown network error" });
  });

  test("whose causes form a ring is classified", () => {
    const error = new Error("round");
    error.cause = error;
    expect(classifyNetworkFailure(error).reason).toBe("network");
  });

  test.each([
    ["ECONNRESET", true],
    ["EPIPE", true],
    ["ECONNABORTED", undefined],
    ["ETIMEDOUT", undefined],
    ["ENETUNREACH", undefined],
    ["EHOSTUNREACH", undefined],
    ["ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC", undefined],
  ])("with %s was closed by the other end: %s", (code, receiverClosed) => {
    expect(classifyNetworkFailure(coded(code)).receiverClosed).toBe(receiverClosed);
  });
});
