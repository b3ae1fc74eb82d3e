import { expect, test } from "vitest";
import { failureOf, failureText } from "./failure.ts";

test("keeps the words and issues of the service", () => {
  const failure = failureOf(400, {
    error: { code: "invalid_request", message: "no", issues: [{ path: "state", message: "expected due" }] },
  });
  expect(failure).toEqual({ status: 400, message: "no", issues: [{ path: "state", message: "expected due" }] });
  expect(failureText(failure)).toBe("no; state: expected due");
});

test.each([undefined, null, "<html>", {}, { error: null }])("names the status of an answer of a proxy: %j", (body) => {
  expect(failureOf(502, body)).toEqual({ status: 502, message: "The answer has the status 502.", issues: [] });
});
