import type { Outcome } from "@tocsin/core";

/** The meaning of one of Slack's error names for the event and its target. */
export type Meaning = "unauthorized" | "misconfigured" | "refused" | "throttled" | "temporary" | "doubtful";

/**
 * https://docs.slack.dev/reference/methods/chat.postMessage#errors and
 * https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks: each by its exact name. Webhooks answer the
 * name as text, the Web API in `error`.
 */
const names: Readonly<Record<Meaning, string>> = {
  unauthorized: `no_service no_service_id no_active_hooks no_team team_disabled team_not_found invalid_token invalid_auth not_authed
    account_inactive token_revoked token_expired missing_scope not_allowed_token_type org_login_required ekm_access_denied`,
  misconfigured: `channel_not_found channel_is_archived is_archived not_in_channel restricted_action
    restricted_action_read_only_channel restricted_action_thread_only_channel restricted_action_non_threadable_channel
    restricted_action_thread_locked cannot_reply_to_message thread_not_found
    action_prohibited posting_to_general_channel_denied no_permission user_not_found user_not_in_channel access_denied
    unknown_method`,
  refused: `invalid_payload invalid_blocks invalid_blocks_format msg_blocks_too_long msg_too_long no_text too_many_attachments
    invalid_attachments attachment_payload_limit_exceeded invalid_arguments invalid_json json_not_object invalid_post_type
    missing_post_type invalid_charset`,
  throttled: "ratelimited rate_limited message_limit_exceeded",
  temporary: "service_unavailable request_timeout team_added_to_org update_failed",
  // The message may have been posted before the error.
  doubtful: "fatal_error internal_error",
};

const meanings = new Map(
  Object.entries(names).flatMap(([meaning, list]) => list.split(/\s+/).map((name) => [name, meaning as Meaning])),
);

/** Slack refuses the blocks of the message or of its attachments, not its text. */
export const isBlocksError = (name: string): boolean =>
  /^(invalid_blocks(_format)?|msg_blocks_too_long|invalid_attachments|attachment_payload_limit_exceeded)$/.test(name);

/** `chat.update` cannot reach the message: https://docs.slack.dev/reference/methods/chat.update#errors. */
export const isGoneError = (name: string): boolean =>
  /^(message_not_found|cant_update_message|edit_window_closed|is_inactive)$/.test(name);

/** Undefined: the name is not documented. */
export const errorMeaning = (name: string): Meaning | undefined => meanings.get(name);

/** The outcome of an error with this meaning. */
export function errorOutcome(
  meaning: Meaning,
  said: { readonly status: number; readonly detail: string; readonly retryAfterMs?: number },
): Outcome {
  const { retryAfterMs: _, ...final } = said;
  switch (meaning) {
    case "unauthorized":
      return { kind: "blocked", state: "unauthorized", reason: "auth", ...final };
    case "misconfigured":
      return { kind: "blocked", state: "misconfigured", reason: "invalid", ...final };
    case "refused":
      return { kind: "refused", reason: "invalid", ...final };
    case "throttled":
      return { kind: "retry", reason: "rate_limited", ...said };
    case "temporary":
      return { kind: "retry", reason: "server", ...said };
    case "doubtful":
      return { kind: "ambiguous", reason: "server", ...said };
  }
}
