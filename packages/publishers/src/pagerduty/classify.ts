import type { Outcome } from "@tocsin/core";
import { acceptedOutcome, isSuccess, classifyErrorResponse, classifyUnanswered } from "../shared/classify-response.ts";
import type { Reply } from "@tocsin/http";

/**
 * Classifies an answer of PagerDuty by its status alone: its texts are for people.
 *
 * @param degraded the answer comes from a proxy: any 2xx means that it accepted the event, and there is no key that could be wrong
 */
export function classify(reply: Reply, { degraded, nowMs }: { degraded: boolean; nowMs: number }): Outcome {
  if (reply.kind !== "answered") return classifyUnanswered(reply);
  const { status } = reply;
  if (status === 202 || (degraded && isSuccess(status))) return acceptedOutcome(reply, wordsOf);
  const outcome = classifyErrorResponse(reply, nowMs, wordsOf);
  return outcome.kind === "refused" && status === 400 && !degraded ? { ...outcome, suspectKey: true } : outcome;
}

/** PagerDuty's message and errors. */
function wordsOf(body: string): string | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof answer !== "object" || answer === null) return undefined;
  const { message, errors } = answer as { message?: unknown; errors?: unknown };
  const listed = Array.isArray(errors) ? errors.filter((error) => typeof error === "string").join("; ") : "";
  return typeof message === "string" ? [message, listed].filter((part) => part !== "").join(": ") : undefined;
}
