import type { AttemptReason, Outcome } from "@tocsin/core";
import { type FailureReason, parseRetryAfter } from "@tocsin/http";
import { excerptOf } from "./excerpt.ts";
import type { Reply } from "@tocsin/http";

/** The meaning of answers that is the same for every receiver. The special cases of a receiver are in its `classify.ts`. */

export type Answer = Extract<Reply, { kind: "answered" }>;

/** Extracts the message from a body in the receiver's own form. Undefined: the body has another form and is shown itself. */
export type Words = (body: string) => string | undefined;

const noWords: Words = () => undefined;

export const isSuccess = (status: number): boolean => status >= 200 && status < 300;

/** The reasons of attempts for failures of the network. All others are "network". */
const attemptReasons: Readonly<Partial<Record<FailureReason, AttemptReason>>> = {
  timeout: "timeout",
  tls: "tls",
  proxy_auth: "auth",
  invalid_header: "bug",
};

/** The reason of a request that failed without an answer. */
export const networkReason = (reason: FailureReason): AttemptReason => attemptReasons[reason] ?? "network";

/** The outcome of a request without an answer: only a request that left may have been accepted. */
export function classifyUnanswered(reply: Exclude<Reply, Answer>): Outcome {
  const { left } = reply;
  if (reply.kind === "failed") {
    const { detail, receiverClosed } = reply;
    const reason = networkReason(reply.reason);
    if (reason === "auth") return { kind: "blocked", state: "unauthorized", reason, detail };
    return left
      ? { kind: "ambiguous", reason, detail, ...(receiverClosed && { receiverClosed }) }
      : { kind: "retry", reason, detail };
  }
  if (!reply.timeout) {
    const detail = left ? "stopped while waiting for the answer" : "stopped before it left";
    return { kind: "interrupted", left, detail };
  }
  return left
    ? { kind: "ambiguous", reason: "timeout", detail: "no answer in time" }
    : { kind: "retry", reason: "timeout", detail: "no connection in time" };
}

/** The receiver accepted the event; its message is the receipt. */
export function acceptedOutcome({ status, body }: Answer, words: Words = noWords): Outcome {
  return { kind: "accepted", receipt: excerptOf(words(body) ?? body) || `HTTP ${status}`, status };
}

/** The outcome of an answer that is not a success, by its status alone: its texts are for people. */
export function classifyErrorResponse(answer: Answer, nowMs: number, words: Words = noWords): Outcome {
  const { status } = answer;
  const said = { status, detail: detailOf(answer, words) };
  const wait = retryAfterMs(answer, nowMs);
  const later = wait === undefined ? said : { ...said, retryAfterMs: wait };
  switch (status) {
    case 400:
    case 413:
    case 422:
      return { kind: "refused", reason: "invalid", ...said };
    case 401:
    case 403:
    // A proxy refuses our password.
    case 407:
      return { kind: "blocked", state: "unauthorized", reason: "auth", ...said };
    case 404:
    case 405:
      return { kind: "blocked", state: "misconfigured", reason: "invalid", ...said };
    case 429:
      return { kind: "retry", reason: "rate_limited", ...later };
    case 408:
      // The receiver timed out; it may have read the event before.
      return { kind: "ambiguous", reason: "timeout", ...later };
    default:
      return { kind: status >= 500 ? "ambiguous" : "retry", reason: "server", ...later };
  }
}

/** Longest wait that a receiver can ask for. It may name tomorrow, and pages would wait until then. */
const maxRetryAfterMs = 3_600_000;

/** How long the `Retry-After` of an answer asks to wait, at most 1 h. Undefined: it names no time. */
export function retryAfterMs({ retryAfter }: Answer, nowMs: number): number | undefined {
  const waitMs = parseRetryAfter(retryAfter, nowMs);
  return waitMs === undefined ? undefined : Math.min(waitMs, maxRetryAfterMs);
}

/** Describes an answer on one line, for people. */
export function detailOf({ status, body }: Answer, words: Words = noWords): string {
  const text = excerptOf(words(body) ?? body);
  return text === "" ? `HTTP ${status}` : `HTTP ${status}: ${text}`;
}
