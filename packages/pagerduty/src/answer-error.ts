import { PagerDutyApiError, PagerDutyRateLimitError } from "./errors.ts";
import { parseRetryAfter } from "@tocsin/http/portable";
import { cutText } from "./fit-summary.ts";

/** A response of PagerDuty, or of a server before it. */
export interface Answer {
  status: number;
  /** The `Retry-After` header as it came. */
  retryAfter?: string | undefined;
  /** At most the first 16,384 bytes of the body. */
  body: string;
}

/** The texts in an answer of PagerDuty. Each may be missing: the status code alone decides. */
export interface AnswerBody {
  status?: string;
  message?: string;
  dedupKey?: string;
  errors: readonly string[];
}

/** Reads the body of any answer, also one that is not JSON. */
export function parseAnswerBody(body: string): AnswerBody {
  const json = parseObject(body);
  const { status, message, dedup_key, errors } = json;
  return {
    ...(isText(status) && { status }),
    ...(isText(message) && { message }),
    ...(isText(dedup_key) && { dedupKey: dedup_key }),
    errors: (Array.isArray(errors) ? errors : [errors]).filter(isText),
  };
}

/**
 * Converts an answer with a status other than 202 to an error.
 *
 * @param nowMs wall clock, ms since epoch, for a `Retry-After` that names a date
 * @example
 * answerError({ status: 500, body: "" }).retryable; // true
 */
export function answerError(answer: Answer, nowMs: number = Date.now()): PagerDutyApiError | PagerDutyRateLimitError {
  const { status, body } = answer;
  const { message, errors } = parseAnswerBody(body);
  const words = [message, ...errors].filter((text) => text !== undefined).join("; ");
  const said = cutText(words || readableText(body), 1000);
  const text = said === "" ? `PagerDuty answered ${status}` : `PagerDuty answered ${status}: ${said}`;
  const retryAfterMs = parseRetryAfter(answer.retryAfter, nowMs);
  if (status === 429) return new PagerDutyRateLimitError(text, { status, retryAfterMs, errors, body });
  return new PagerDutyApiError(status, text, { retryAfterMs, errors, body });
}

/** The text of a body that is not JSON, such as a proxy's page in HTML, on one line. */
function readableText(body: string): string {
  return body
    .replaceAll(/<(script|style)\b[^]*?(?:<\/\1\s*>|$)/gi, " ")
    .replaceAll(/<!--[^]*?(?:-->|$)|<\/?[a-z!][^<>]*>?/gi, " ")
    .replaceAll(/[\s\p{Cc}]+/gu, " ")
    .trim();
}

function parseObject(body: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(body);
    return typeof json === "object" && json !== null ? (json as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== "";
}
