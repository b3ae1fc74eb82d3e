import type { Outcome } from "@tocsin/core";
import {
  acceptedOutcome,
  detailOf,
  isSuccess,
  classifyErrorResponse,
  classifyUnanswered,
  type Words,
} from "./classify-response.ts";
import type { Reply } from "@tocsin/http";

/**
 * Classifies an answer of a receiver whose status says everything: any 2xx accepts, and a redirect or a 410 means that the
 * receiver is not at this URL. Redirects are not followed: their address was not checked, and the event's signature and
 * credentials are not meant for it.
 */
export function classifyByStatus(reply: Reply, nowMs: number, words?: Words): Outcome {
  if (reply.kind !== "answered") return classifyUnanswered(reply);
  const { status } = reply;
  if (isSuccess(status)) return acceptedOutcome(reply, words);
  if (status >= 300 && status < 400) return elsewhere(status, `HTTP ${status}: redirects are not followed`);
  return status === 410 ? elsewhere(status, detailOf(reply, words)) : classifyErrorResponse(reply, nowMs, words);
}

const elsewhere = (status: number, detail: string): Outcome => ({
  kind: "blocked",
  state: "misconfigured",
  reason: "invalid",
  detail,
  status,
});
