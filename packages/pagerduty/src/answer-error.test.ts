import { describe, expect, test } from "vitest";
import { answerError, parseAnswerBody } from "./answer-error.ts";
import * as is from "./error-predicates.ts";
import {
  PagerDutyApiError,
  PagerDutyNetworkError,
  PagerDutyRateLimitError,
  PagerDutyValidationError,
} from "./errors.ts";

describe("the body of an answer", () => {
  test.each([
    ["", { errors: [] }],
    ["<html>502</html>", { errors: [] }],
    ["null", { errors: [] }],
    ['"text"', { errors: [] }],
    ["[1]", { errors: [] }],
    ['{"status":"success"', { errors: [] }],
    ['{"status":"success"}', { status: "success", errors: [] }],
    [
      '{"status":"success","message":"Event processed","dedup_key":"k"}',
      { status: "success", message: "Event processed", dedupKey: "k", errors: [] },
    ],
    ['{"status":1,"message":" ","dedup_key":"","errors":{"a":1}}', { errors: [] }],
    ['{"message":"m","errors":["a",5,null,"b"]}', { message: "m", errors: ["a", "b"] }],
    ['{"errors":"alone"}', { errors: ["alone"] }],
  ])("%s", (body, parsed) => {
    expect(parseAnswerBody(body)).toEqual(parsed);
  });
});

describe("an answer that is not 202", () => {
  const table: [number, string, boolean, string[]][] = [
    [200, "unexpected_status", true, []],
    [301, "unexpected_status", true, []],
    [400, "bad_request", false, ["isBadRequest"]],
    [401, "unauthorized", false, ["isAuthError"]],
    [402, "unexpected_status", true, []],
    [403, "unauthorized", false, ["isAuthError"]],
    [404, "not_found", false, ["isNotFound"]],
    [405, "unexpected_status", false, []],
    [408, "unexpected_status", true, []],
    [413, "too_large", false, []],
    [418, "unexpected_status", true, []],
    [422, "unexpected_status", false, []],
    [425, "unexpected_status", true, []],
    [429, "rate_limited", true, ["isRateLimit"]],
    [499, "unexpected_status", true, []],
    [500, "server_error", true, ["isServerError"]],
    [503, "server_error", true, ["isServerError"]],
    [599, "server_error", true, ["isServerError"]],
  ];

  test.each(table)("with status %i is %s, retryable: %s, %j", (status, code, retryable, predicates) => {
    const error = answerError({ status, body: "" });
    expect(error).toMatchObject({ code, retryable, status, retryAfterMs: undefined, errors: [], attempts: 0 });
    expect(error).toBeInstanceOf(status === 429 ? PagerDutyRateLimitError : PagerDutyApiError);
    expect(holding(error)).toEqual([...predicates, ...(retryable ? ["isRetryable"] : [])].toSorted());
  });

  test("contains PagerDuty's messages", () => {
    const body = JSON.stringify({ message: "Event object is invalid", errors: ["'summary' is missing", "x"] });
    const error = answerError({ status: 400, body });
    expect(error.message).toBe("PagerDuty answered 400: Event object is invalid; 'summary' is missing; x");
    expect(error.errors).toEqual(["'summary' is missing", "x"]);
    expect(answerError({ status: 400, body: '{"errors":["a","b"]}' }).message).toBe("PagerDuty answered 400: a; b");
    expect(answerError({ status: 429, body: '{"errors":["a"]}' }).errors).toEqual(["a"]);
    expect(answerError({ status: 502, body: "<html>" }).message).toBe("PagerDuty answered 502");
    expect(answerError({ status: 500, body: "{}" }).message).toBe("PagerDuty answered 500: {}");
    expect(answerError({ status: 400, body: JSON.stringify({ message: "x".repeat(9999) }) }).message).toHaveLength(
      1024,
    );
  });

  test.each([
    [
      "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title><style>h1 { color: red }</style></head>\r\n<body>\n<h1 class='a'>502 Bad Gateway</h1><!-- padding --><hr>nginx</body></html>\n",
      "502 Bad Gateway 502 Bad Gateway nginx",
    ],
    ["upstream connect error", "upstream connect error"],
    ["a < b, and 1 > 0", "a < b, and 1 > 0"],
    ["cut off <scr", "cut off"],
    ["<script>alert(1)", ""],
    ["\u0007two\r\nlines\0", "two lines"],
    ['"a JSON string"', '"a JSON string"'],
    ['{"message":"cut of', '{"message":"cut of'],
  ])("keeps a body of another server: %j", (body, text) => {
    for (const status of [429, 502]) {
      const error = answerError({ status, body });
      expect(error.message).toBe(`PagerDuty answered ${status}${text === "" ? "" : `: ${text}`}`);
      expect(error.body).toBe(body);
    }
  });

  test("is read in linear time, whatever its body is", () => {
    for (const part of ["<", "<!--", "<script", "<a ", " \r\n", "</"])
      expect(answerError({ status: 502, body: part.repeat(16_384 / part.length) }).message.length).toBeLessThan(1_100);
  });

  test("has the wait that Retry-After names", () => {
    const nowMs = Date.UTC(2026, 0, 1);
    const headers = ["7", "Thu, 01 Jan 2026 00:00:10 GMT"];
    const waits = headers.map((retryAfter) => answerError({ status: 503, retryAfter, body: "" }, nowMs).retryAfterMs);
    expect([...waits, answerError({ status: 429, retryAfter: "1", body: "" }).retryAfterMs]).toEqual([
      7000, 10_000, 1000,
    ]);
  });
});

/** Names of the predicates that hold, sorted. */
function holding(error: unknown): string[] {
  return Object.entries(is)
    .filter(([, predicate]) => predicate(error))
    .map(([name]) => name)
    .toSorted();
}

const network = (code: PagerDutyNetworkError["code"]) => new PagerDutyNetworkError(code, "", { requestSent: true });

describe("predicates", () => {
  test.each([
    ["timeout", network("timeout"), ["isRetryable", "isTimeout"]],
    ["dns", network("dns"), ["isConnectionError", "isRetryable"]],
    ["refused", network("refused"), ["isConnectionError", "isRetryable"]],
    ["reset", network("reset"), ["isConnectionError", "isRetryable"]],
    ["tls", network("tls"), ["isConnectionError", "isRetryable"]],
    ["network", network("network"), ["isConnectionError", "isRetryable"]],
    ["validation", new PagerDutyValidationError("invalid_event", []), ["isValidation"]],
    ["limiter", new PagerDutyRateLimitError("no room"), ["isRateLimit", "isRetryable"]],
    ["the user's timeout", AbortSignal.timeout(0).reason ?? new DOMException("", "TimeoutError"), ["isTimeout"]],
    ["the user's abort", new DOMException("", "AbortError"), []],
    ["a bug", new TypeError("x is not a function"), []],
    ["no error", undefined, []],
  ])("of %s", (_, error, predicates) => {
    expect(holding(error)).toEqual(predicates);
  });
});

test("a validation error names every issue", () => {
  const issues = [
    { path: "payload.summary", message: "must not be blank" },
    { path: "", message: "must be an object" },
  ];
  const error = new PagerDutyValidationError("invalid_event", issues);
  expect(error).toMatchObject({ name: "PagerDutyValidationError", code: "invalid_event", retryable: false, issues });
  expect(error.message).toBe("Invalid event: payload.summary: must not be blank; must be an object");
  expect(new PagerDutyValidationError("invalid_options", []).message).toBe("Invalid options: ");
});
