import { expect, test } from "vitest";
import { causeOf, failedReply } from "./failed-reply.ts";
import { redactReply } from "./redact-reply.ts";

const redact = (text: string): string => text.replaceAll("s3cr3t", "[secret]");
const coded = (message: string) => Object.assign(new Error(message), { code: "ECONNREFUSED" });

test("removes secrets from the body and keeps no more than 65,536 characters of it", () => {
  const reply = { kind: "answered", status: 400, retryAfter: undefined } as const;
  expect(redactReply({ ...reply, body: "no s3cr3t" }, redact)).toEqual({ ...reply, body: "no [secret]" });
  expect(redactReply({ ...reply, body: "x".repeat(70_000) }, redact)).toMatchObject({ body: "x".repeat(65_536) });
});

test("keeps the error of a failed reply unless it holds a secret, and never in the reply itself", () => {
  for (const [message, kept] of [
    ["connect to s3cr3t", false],
    ["connect", true],
  ] as const) {
    const error = coded(message);
    const reply = redactReply(failedReply(error, false), redact);
    expect(reply).toEqual({ kind: "failed", left: false, reason: "refused", detail: expect.any(String) });
    expect(reply.kind === "failed" && causeOf(reply)).toBe(kept ? error : undefined);
  }
});

test("leaves a stopped reply as it is", () => {
  const reply = { kind: "stopped", left: true, timeout: true } as const;
  expect(redactReply(reply, redact)).toBe(reply);
});
