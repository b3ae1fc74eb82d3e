import { expect, test } from "vitest";
import { failureOf } from "./failure.ts";

const coded = (code: string, more: object = {}) =>
  Object.assign(new Error("https://secret.example.com/token"), { code, ...more });

test.each<[string, unknown, string]>([
  ["a refused connection", coded("ECONNREFUSED"), "network"],
  ["a name that does not exist", coded("ENOTFOUND"), "network"],
  ["several addresses, all refused", { errors: [coded("ECONNREFUSED"), coded("ENETUNREACH")] }, "network"],
  ["a closed connection", coded("UND_ERR_SOCKET"), "network"],
  ["what closed the connection", coded("UND_ERR_SOCKET", { cause: coded("ECONNRESET") }), "network"],
  ["no connection in time", coded("UND_ERR_CONNECT_TIMEOUT"), "timeout"],
  ["no answer in time", coded("UND_ERR_HEADERS_TIMEOUT"), "timeout"],
  ["a network that gave up", coded("ETIMEDOUT"), "timeout"],
  ["an unknown authority", coded("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), "tls"],
  ["a certificate that expired", coded("CERT_HAS_EXPIRED"), "tls"],
  ["a certificate for another name", coded("ERR_TLS_CERT_ALTNAME_INVALID"), "tls"],
  ["no TLS at the other end", coded("ERR_SSL_WRONG_VERSION_NUMBER"), "tls"],
  ["a request that we made wrong", coded("UND_ERR_INVALID_ARG"), "bug"],
  ["an error without a code", new Error("https://secret.example.com/token"), "network"],
])("%s is known as such, in words of ours", (_, error, reason) => {
  const failure = failureOf(error);
  expect(failure.reason).toBe(reason);
  expect(failure.detail).toMatch(/^[a-z].+$/i);
  expect(failure.detail).not.toContain("secret");
});

test("the first of several errors, and the cause of a closed connection, give their words", () => {
  expect(failureOf({ errors: [coded("ECONNREFUSED")] }).detail).toBe("connection refused (ECONNREFUSED)");
  expect(failureOf(coded("UND_ERR_SOCKET", { cause: coded("ECONNRESET") })).detail).toBe(
    "connection reset (ECONNRESET)",
  );
});
