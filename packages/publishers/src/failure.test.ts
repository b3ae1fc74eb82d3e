import { expect, test } from "vitest";
import { failureOf } from "./failure.ts";

const coded = (code: string, more: object = {}) =>
  Object.assign(new Error("https://secret.example.com/token"), { code, ...more });

test.each<[string, unknown, string]>([
  ["a refused connection", coded("ECONNREFUSED"), "network"],
  ["a name that does not exist", coded("ENOTFOUND"), "network"],
  ["several addresses, all refused", { errors: [coded("ECONNREFUSED"), coded("ENETUNREACH")] }, "network"],
  ["a closed connection", coded("ECONNRESET"), "network"],
  ["what closed the connection", { cause: coded("ECONNRESET") }, "network"],
  ["a proxy that does not let us through", coded("ERR_PROXY_TUNNEL"), "network"],
  ["a network that gave up", coded("ETIMEDOUT"), "timeout"],
  ["an unknown authority", coded("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), "tls"],
  ["a certificate that expired", coded("CERT_HAS_EXPIRED"), "tls"],
  ["a certificate for another name", coded("ERR_TLS_CERT_ALTNAME_INVALID"), "tls"],
  ["no TLS at the other end", coded("ERR_SSL_WRONG_VERSION_NUMBER"), "tls"],
  ["a request that we made wrong", coded("ERR_INVALID_CHAR"), "bug"],
  ["an error without a code", new Error("https://secret.example.com/token"), "network"],
])("%s is known as such, in words of ours", (_, error, reason) => {
  const failure = failureOf(error);
  expect(failure.reason).toBe(reason);
  expect(failure.detail).toMatch(/^[a-z].+$/i);
  expect(failure.detail).not.toContain("secret");
});

test("the first of several errors, and the cause of a closed connection, give their words", () => {
  expect(failureOf({ errors: [coded("ECONNREFUSED")] }).detail).toBe("connection refused (ECONNREFUSED)");
  expect(failureOf({ cause: coded("ECONNRESET") }).detail).toBe("connection reset (ECONNRESET)");
});

test.each([
  ["ECONNRESET", true],
  ["EPIPE", true],
  ["ETIMEDOUT", undefined],
  ["ENETUNREACH", undefined],
  ["EHOSTUNREACH", undefined],
  ["ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC", undefined],
])("%s says whether the other end closed the connection: %s", (code, receiverClosed) => {
  expect(failureOf(coded(code)).receiverClosed).toBe(receiverClosed);
});
