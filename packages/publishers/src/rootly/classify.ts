import type { Outcome } from "@tocsin/core";
import { acceptedOutcome, isSuccess, classifyErrorResponse, classifyUnanswered } from "../shared/classify-response.ts";
import type { Reply } from "@tocsin/http";
import { documentOf } from "./document.ts";

/** Classifies the answer of Rootly to a request that changes something. */
export function classify(reply: Reply, nowMs: number): Outcome {
  if (reply.kind !== "answered") return classifyUnanswered(reply);
  return isSuccess(reply.status) ? acceptedOutcome(reply, wordsOf) : classifyErrorResponse(reply, nowMs, wordsOf);
}

/** A look-up changes nothing: with any result, no event was delivered. */
export function unheard(reply: Reply, nowMs: number): Outcome {
  const outcome = classify(reply, nowMs);
  if (outcome.kind === "ambiguous") return { ...outcome, kind: "retry" };
  return outcome.kind === "interrupted" ? { ...outcome, left: false } : outcome;
}

/** The alert's short id and page, or the error. A 429 has a form of its own. */
function wordsOf(body: string): string | undefined {
  const { data, errors, error } = documentOf(body);
  if (typeof error === "string") return error;
  if (Array.isArray(errors)) {
    const said = errors.map((one: unknown) => {
      const { title, detail } = (one ?? {}) as { title?: unknown; detail?: unknown };
      return [title, detail].filter((part) => typeof part === "string").join(": ");
    });
    return said.filter((part) => part !== "").join("; ") || undefined;
  }
  const { id, attributes } = (data ?? {}) as {
    id?: unknown;
    attributes?: { short_id?: unknown; url?: unknown } | null;
  };
  const names = [attributes?.short_id ?? id, attributes?.url].filter((part) => typeof part === "string");
  return names.length === 0 ? undefined : names.join(" ");
}
