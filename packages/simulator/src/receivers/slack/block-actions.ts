import { createHmac } from "node:crypto";
import { isRecord, stringOf } from "../../server/json-body.ts";
import type { Message } from "./messages.ts";

type Button = Readonly<Record<string, unknown>>;

/** The button whose `action_id` is this, or ends with it after an underscore: `acknowledge` finds `tocsin_acknowledge`. */
export function findButton({ blocks, attachments }: Message, action: string): Button | undefined {
  const attached = Array.isArray(attachments)
    ? attachments.flatMap((one: unknown) => (isRecord(one) ? listOf(one["blocks"]) : []))
    : [];
  return [...listOf(blocks), ...attached]
    .flatMap((block) => (block["type"] === "actions" ? listOf(block["elements"]) : []))
    .find((element) => {
      const id = stringOf(element["action_id"]) ?? "";
      return element["type"] === "button" && (id === action || id.endsWith(`_${action}`));
    });
}

const listOf = (value: unknown): Button[] => (Array.isArray(value) ? value.filter(isRecord) : []);

/** Slack's payload about a pressed button: https://docs.slack.dev/reference/interaction-payloads/block_actions-payload. */
export function blockActions(
  message: Message,
  button: Button,
  press: {
    readonly user: { readonly id: string; readonly name: string };
    readonly actionTs: string;
    readonly id: string;
  },
): object {
  const { channel, ts, text, blocks, attachments, threadTs } = message;
  const { user, actionTs, id } = press;
  return {
    type: "block_actions",
    user: { id: user.id, username: user.name, name: user.name, team_id: "T0001" },
    api_app_id: "A0001",
    token: "not-used",
    container: { type: "message", message_ts: ts, channel_id: channel, is_ephemeral: false },
    trigger_id: id,
    team: { id: "T0001", domain: "simulator" },
    enterprise: null,
    is_enterprise_install: false,
    channel: { id: channel, name: "simulated" },
    message: { type: "message", bot_id: "B0001", ts, text, blocks, attachments, thread_ts: threadTs },
    state: { values: {} },
    response_url: `https://hooks.slack.invalid/actions/${id}`,
    actions: [
      {
        action_id: button["action_id"],
        block_id: "actions",
        type: "button",
        text: button["text"],
        value: button["value"],
        action_ts: actionTs,
      },
    ],
  };
}

/** The body and the headers of the request: https://docs.slack.dev/authentication/verifying-requests-from-slack. */
export function signedInteraction(
  payload: object,
  secret: string,
  timestampSeconds: number,
): { readonly body: string; readonly headers: Record<string, string> } {
  const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
  const signature = createHmac("sha256", secret).update(`v0:${timestampSeconds}:${body}`).digest("hex");
  return {
    body,
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      "user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
      "x-slack-request-timestamp": String(timestampSeconds),
      "x-slack-signature": `v0=${signature}`,
    },
  };
}
