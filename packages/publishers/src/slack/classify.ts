import type { Outcome } from "@tocsin/core";
import {
  acceptedOutcome,
  detailOf,
  isSuccess,
  retryAfterMs,
  classifyErrorResponse,
  classifyUnanswered,
} from "../shared/classify-response.ts";
import type { Reply } from "@tocsin/http";
import { isBlocksError, errorMeaning, errorOutcome, isGoneError } from "./errors.ts";
import type { MessageReceipt } from "./message-receipt.ts";

/**
 * Classifies the answer to a message. A webhook of Slack answers a plain `ok`, or the name of an error with a 4xx; the Web
 * API answers 200 and either `"ok": true` or the name in `error`. A name must be on the list; a part of a text never counts.
 *
 * @param atSlack Slack itself answers. Compatible servers (Mattermost, Rocket.Chat, ...) answer a success in words of their own:
 * there any 2xx accepts, unless it says `"ok": false`.
 */
export function classify(reply: Reply, nowMs: number, { atSlack }: { atSlack: boolean }): Outcome {
  if (reply.kind !== "answered") return classifyUnanswered(reply);
  const { status, body } = reply;
  const { ok, error } = read(body);
  if (isSuccess(status) && (ok === true || (!atSlack && ok !== false))) return acceptedOutcome(reply, wordsOf);
  // A 429 or 5xx may come from a server in front of Slack, whose body says nothing about the event.
  if (status === 429 || status >= 500) return classifyErrorResponse(reply, nowMs, wordsOf);
  const wait = retryAfterMs(reply, nowMs);
  const said = { status, detail: detailOf(reply, wordsOf), ...(wait !== undefined && { retryAfterMs: wait }) };
  const meaning = error === undefined ? undefined : errorMeaning(error);
  if (meaning !== undefined) return errorOutcome(meaning, said);
  if (!isSuccess(status)) return classifyErrorResponse(reply, nowMs, wordsOf);
  // An unknown error is not a success. An answer without "ok" and without an error, or a truncated one, may have been a success.
  if (error !== undefined || ok === false) return { kind: "retry", reason: "server", ...said };
  return { kind: "ambiguous", reason: "server", ...said, detail: `${said.detail} (expected "ok")` };
}

/** Slack refused the blocks of a message; the text alone may be accepted. */
export const blocksRefused = (reply: Reply): boolean =>
  reply.kind === "answered" && reply.status < 429 && isBlocksError(read(reply.body).error ?? "");

/** The message can no longer be updated: it was deleted, or it is older than the workspace allows to edit. */
export const messageGone = (reply: Reply): boolean =>
  reply.kind === "answered" && reply.status < 429 && isGoneError(read(reply.body).error ?? "");

/** The message that the Web API posted. Undefined: the answer does not name it. */
export function receiptIn(reply: Reply): MessageReceipt | undefined {
  if (reply.kind !== "answered") return undefined;
  const { channel, ts } = fieldsOf(reply.body);
  return typeof channel === "string" && typeof ts === "string" ? { channel, ts } : undefined;
}

interface Said {
  /** Undefined: the body has neither. */
  readonly ok?: boolean;
  readonly error?: string;
}

const errorName = /^[a-z][a-z_]{1,60}$/;

/** The start of an error answer that was truncated. */
const startsRefusal = /^\s*\{\s*"ok"\s*:\s*false\b/;

function read(body: string): Said {
  const word = body.trim();
  if (word === "ok") return { ok: true };
  const { ok, error } = fieldsOf(body);
  if (ok === true) return { ok };
  const refused = ok === false || startsRefusal.test(body);
  const name = refused ? error : word.length > 2 ? word : undefined;
  return { ...(refused && { ok: false }), ...(typeof name === "string" && errorName.test(name) && { error: name }) };
}

/** Describes the Web API's answer: the error with its details, or the channel of the message. */
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
