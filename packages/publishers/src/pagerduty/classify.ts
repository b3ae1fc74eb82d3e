import type { Outcome } from "@tocsin/core";
import { excerptOf } from "./excerpt.ts";
import { retryAfterMs } from "../retry-after.ts";
import type { Reply } from "../transport.ts";

/**
 * What an answer of PagerDuty means. By the status alone: its texts are for people.
 *
 * @param degraded the answer is a proxy's: any 2xx is its way of saying that it took the event, and it has no key to suspect
 */
export function classify(reply: Reply, { degraded, nowMs }: { degraded: boolean; nowMs: number }): Outcome {
  if (reply.kind === "failed") {
    return { kind: reply.left ? "ambiguous" : "retry", reason: reply.reason, detail: reply.detail };
  }
  if (reply.kind === "stopped") return stopped(reply);
  const { status } = reply;
  if (status === 202 || (degraded && status >= 200 && status < 300)) {
    return { kind: "accepted", receipt: excerptOf(reply.body) || `HTTP ${status}`, status };
  }
  const answer = { status, detail: detailOf(reply) };
  const wait = retryAfterMs(reply.retryAfter, nowMs);
  const later = wait === undefined ? answer : { ...answer, retryAfterMs: wait };
  switch (status) {
    case 400:
      return { kind: "refused", reason: "invalid", ...answer, ...(!degraded && { suspectKey: true }) };
    case 413:
    case 422:
      return { kind: "refused", reason: "invalid", ...answer };
    case 401:
    case 403:
      return { kind: "blocked", state: "unauthorized", reason: "auth", ...answer };
    case 404:
    case 405:
      return { kind: "blocked", state: "misconfigured", reason: "invalid", ...answer };
    case 429:
      return { kind: "retry", reason: "rate_limited", ...later };
    case 408:
      // Whether it had read the event before it lost patience, nobody knows.
      return { kind: "ambiguous", reason: "timeout", ...later };
    default:
      return { kind: status >= 500 ? "ambiguous" : "retry", reason: "server", ...later };
  }
}

function stopped({ left, timeout }: Extract<Reply, { kind: "stopped" }>): Outcome {
  if (!timeout)
    return {
      kind: "interrupted",
      left,
      detail: left ? "stopped while waiting for the answer" : "stopped before it left",
    };
  return left
    ? { kind: "ambiguous", reason: "timeout", detail: "no answer in time" }
    : { kind: "retry", reason: "timeout", detail: "no connection in time" };
}

function detailOf({ status, body }: { status: number; body: string }): string {
  const text = excerptOf(body);
  return text === "" ? `HTTP ${status}` : `HTTP ${status}: ${text}`;
}
