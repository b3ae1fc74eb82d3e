import { classifyNetworkFailure } from "./network-failure.ts";
import type { Failed, Reply } from "./sender.ts";

/** Beside the replies, not in them: the message of an error may quote a URL, and a reply may be logged. */
const causes = new WeakMap<Reply, unknown>();

/** @param left whether a byte of the request may have been written */
export function failedReply(error: unknown, left: boolean): Failed {
  const { reason, detail, receiverClosed } = classifyNetworkFailure(error);
  return withCause({ kind: "failed", left, reason, detail, ...(receiverClosed && { receiverClosed }) }, error);
}

/** The error behind a failed reply. Undefined: there is none, or it held a secret. */
export const causeOf = (reply: Failed): unknown => causes.get(reply);

export function withCause(reply: Failed, cause: unknown): Failed {
  if (cause !== undefined) causes.set(reply, cause);
  return reply;
}
