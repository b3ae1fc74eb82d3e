import { expect, test } from "vitest";
import { networkFailure } from "./network-failure.ts";

const failed = (code: string, message = code) => Object.assign(new Error(message), { code });

test.each([
  ["ETIMEDOUT", "timeout"],
  ["ESOCKETTIMEDOUT", "timeout"],
  ["UND_ERR_CONNECT_TIMEOUT", "timeout"],
  ["UND_ERR_HEADERS_TIMEOUT", "timeout"],
  ["UND_ERR_BODY_TIMEOUT", "timeout"],
  ["ENOTFOUND", "dns"],
  ["EAI_AGAIN", "dns"],
  ["ECONNREFUSED", "refused"],
  ["ECONNRESET", "reset"],
  ["ECONNABORTED", "reset"],
  ["EPIPE", "reset"],
  ["UND_ERR_SOCKET", "reset"],
  ["EPROTO", "tls"],
  ["CERT_HAS_EXPIRED", "tls"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "tls"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "tls"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "tls"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "tls"],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "tls"],
  ["EHOSTUNREACH", "network"],
  ["HPE_INVALID_CONSTANT", "network"],
])("%s is %s", (code, kind) => {
  expect(networkFailure(failed(code)).code).toBe(kind);
});

test.each([
  [
    "fetch's cause",
    new TypeError("fetch failed", { cause: failed("ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:1") }),
  ],
  [
    "one of several addresses",
    Object.assign(new AggregateError([failed("ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:1")]), {}),
  ],
])("%s gives code and message", (_, cause) => {
  expect(networkFailure(cause)).toMatchObject({
    code: "refused",
    message: "Connection refused: connect ECONNREFUSED 127.0.0.1:1",
    requestSent: false,
    cause,
  });
});

test.each([
  [failed("ECONNRESET"), true],
  [failed("ENOTFOUND"), false],
  [failed("CERT_HAS_EXPIRED"), false],
  [failed("ETIMEDOUT"), true],
])("a request may have been sent unless %s says no: %s", (cause, sent) => {
  expect([networkFailure(cause).requestSent, networkFailure(cause, { requestSent: false }).requestSent]).toEqual([
    sent,
    false,
  ]);
});

test("a DOMException is classified by its name, because its code is a number", () => {
  expect(networkFailure(new DOMException("late", "TimeoutError"))).toMatchObject({
    code: "timeout",
    message: "Timed out: late",
  });
});

test.each([[undefined], ["text"], [null], [{}], [{ message: 5, code: 6, name: 7 }]])(
  "%j is a network error",
  (cause) => {
    expect(networkFailure(cause)).toMatchObject({ code: "network", message: "Request failed" });
  },
);

test("handles a ring of causes", () => {
  const error = new Error("round");
  error.cause = error;
  expect(networkFailure(error).message).toBe("Request failed: round");
});
