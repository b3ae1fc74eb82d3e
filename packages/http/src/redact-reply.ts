import { causeOf, withCause } from "./failed-reply.ts";
import { holdsText } from "./holds-text.ts";
import type { Reply } from "./sender.ts";

/** A longer body is cut there before it is searched: a list that failed may have megabytes. */
const maxCharacters = 64 * 1024;

/** Removes secrets from all texts of a reply. An error that holds one is left out. */
export function redactReply(reply: Reply, redact: (text: string) => string): Reply {
  if (reply.kind === "answered") return { ...reply, body: redact(reply.body.slice(0, maxCharacters)) };
  if (reply.kind === "stopped") return reply;
  const cause = causeOf(reply);
  const isSafe = !holdsText(cause, (text) => redact(text) !== text);
  return withCause({ ...reply, detail: redact(reply.detail) }, isSafe ? cause : undefined);
}
