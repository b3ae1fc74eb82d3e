import { PagerDutyApiError, PagerDutyRateLimitError } from "./errors.ts";
import { parseRetryAfter } from "@tocsin/http/portable";
import { cutText } from "./summary.ts";

/** What came back over HTTP. */
export interface Answer {
  status: number;
  /** The `Retry-After` header as it came. */
  retryAfter?: string | undefined;
  /** What was read of the body. */
  body: string;
}

/** PagerDuty's words in an answer. All of them may be missing: only the status code counts. */
export interface AnswerBody {
  status?: string;
  message?: string;
  dedupKey?: string;
  errors: readonly string[];
}

/** Reads the body of any answer, whatever it is. */
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
 * The error that an answer other than 202 stands for.
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
