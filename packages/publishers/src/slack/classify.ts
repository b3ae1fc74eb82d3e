import type { Outcome } from "@tocsin/core";
import { accepted, detailOf, isSuccess, unaccepted, unanswered } from "../answer.ts";
import { retryAfterMs } from "../retry-after.ts";
import type { Reply } from "../transport.ts";
import { isOfForm, meaningOf, outcomeOf } from "./errors.ts";

/**
 * What an answer of Slack means. A webhook says a plain `ok`, or the name of an error with a 4xx; the Web API says 200 and
 * either `"ok": true` or the name in `error`. A name is one of a list, never a part of a text.
 */
export function classify(reply: Reply, nowMs: number): Outcome {
  if (reply.kind !== "answered") return unanswered(reply);
  const { status, body } = reply;
  const { ok, error } = read(body);
  if (isSuccess(status) && ok) return accepted(reply, wordsOf);
  // Whoever throttles or fails may be somebody before Slack, who says nothing of the event.
  if (status === 429 || status >= 500) return unaccepted(reply, nowMs, wordsOf);
  const wait = retryAfterMs(reply.retryAfter, nowMs);
  const said = { status, detail: detailOf(reply, wordsOf), ...(wait !== undefined && { retryAfterMs: wait }) };
  const meaning = error === undefined ? undefined : meaningOf(error);
  if (meaning !== undefined) return outcomeOf(meaning, said);
  if (!isSuccess(status)) return unaccepted(reply, nowMs, wordsOf);
  // An error without a known name was no success; no word of either, or half an answer, may have been one.
  if (error !== undefined) return { kind: "retry", reason: "server", ...said };
  return { kind: "ambiguous", reason: "server", ...said, detail: `${said.detail} (expected "ok")` };
}

/** Slack refused the blocks of a message: its text alone may do. */
export const blocksRefused = (reply: Reply): boolean =>
  reply.kind === "answered" && reply.status < 429 && isOfForm(read(reply.body).error ?? "");

interface Said {
  readonly ok: boolean;
  readonly error?: string;
}

const errorName = /^[a-z][a-z_]{1,60}$/;

function read(body: string): Said {
  const word = body.trim();
  if (word === "ok") return { ok: true };
  const { ok, error } = fieldsOf(body);
  if (ok === true) return { ok: true };
  const name = ok === false ? error : word.length > 2 ? word : undefined;
  return { ok: false, ...(typeof name === "string" && errorName.test(name) && { error: name }) };
}

/** The Web API's error with what it says more, and where a message went. */
function wordsOf(body: string): string | undefined {
  const { ok, error, ts, channel, response_metadata: more } = fieldsOf(body);
  if (ok === true && typeof ts === "string") return typeof channel === "string" ? `${ts} in ${channel}` : ts;
  if (ok !== false || typeof error !== "string") return undefined;
  const messages = (more as { messages?: unknown } | null | undefined)?.messages;
  const listed = Array.isArray(messages) ? messages.filter((one) => typeof one === "string").join("; ") : "";
  return listed === "" ? error : `${error}: ${listed}`;
}

function fieldsOf(body: string): Readonly<Record<string, unknown>> {
  try {
    const answer: unknown = JSON.parse(body);
    return typeof answer === "object" && answer !== null ? (answer as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
