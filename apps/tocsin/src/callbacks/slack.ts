import { createHash } from "node:crypto";
import { type ButtonAction, buttonActions, parseButtonValue, printMessageReceipt } from "@tocsin/publishers";
import { Fields } from "../changes/sources/fields.ts";
import { headerOf } from "../changes/sources/verifier.ts";
import type { CallbackReading, CallbackType } from "./callback-type.ts";
import { signedCallbackVerifier } from "./signed-callback-verifier.ts";

/** https://docs.slack.dev/authentication/verifying-requests-from-slack: older requests may be replays. */
const maxAgeMs = 300_000;

const kindOfAction = {
  [buttonActions.acknowledge]: "acknowledged",
  [buttonActions.resolve]: "resolved",
} as const satisfies Readonly<Record<ButtonAction, string>>;

/**
 * Buttons in messages of a Slack app: https://docs.slack.dev/reference/interaction-payloads/block_actions-payload. The message is updated by the normal delivery, not through `response_url`.
 */
export const slack: CallbackType = {
  // Slack shows an error beside the button for any other answer, and the body would become a message.
  wantsEmptyAnswer: true,
  verifier: (secrets) =>
    signedCallbackVerifier(secrets, {
      maxAgeMs,
      read(headers) {
        const seconds = headerOf(headers, "x-slack-request-timestamp");
        const signature = headerOf(headers, "x-slack-signature");
        if (seconds === undefined || signature === undefined)
          return { refused: "one of the headers X-Slack-Signature and X-Slack-Request-Timestamp is missing" };
        if (!/^\d{1,12}$/.test(seconds)) return { refused: "X-Slack-Request-Timestamp is not in Unix seconds" };
        if (!signature.startsWith("v0=")) return { refused: "X-Slack-Signature does not begin with v0=" };
        return {
          signatures: [signature.slice("v0=".length)],
          prefix: `v0:${seconds}:`,
          signedAtMs: Number(seconds) * 1_000,
        };
      },
    }),
  read(body) {
    const fields = new Fields(body);
    const type = fields.neededText("type");
    if (fields.issues.length > 0) return { invalid: fields.issues };
    if (type !== "block_actions") return { ignored: `the interaction ${JSON.stringify(type)} is no button` };
    // One press of a button is one action.
    const actions = fields.list("actions").flatMap((action) => {
      const id = new Fields(action).text("action_id");
      return id !== undefined && Object.hasOwn(kindOfAction, id)
        ? [{ action, kind: kindOfAction[id as ButtonAction] }]
        : [];
    });
    const [first] = actions;
    return first === undefined ? { ignored: "no action is one of our buttons" } : readButton(fields, first);
  },
};

function readButton(
  fields: Fields,
  { action, kind }: { readonly action: unknown; readonly kind: (typeof kindOfAction)[ButtonAction] },
): CallbackReading {
  const button = new Fields(action);
  const atMs = button.neededTimeMs("action_ts");
  const value = parseButtonValue(button.at("value"));
  const user = fields.neededId("user.id");
  const issues = [
    ...fields.issues,
    ...button.issues.map(({ path, message }) => ({ path: `actions[].${path}`, message })),
    ...(value === undefined ? [{ path: "actions[].value", message: 'expected {"target": "...", "key": "..."}' }] : []),
  ];
  if (issues.length > 0 || value === undefined) return { invalid: issues };
  const { target, key } = value;
  const by = fields.text("user.name", 100) ?? fields.text("user.username", 100) ?? user;
  const channel = fields.id("channel.id") ?? fields.id("container.channel_id");
  const message = fields.id("container.message_ts") ?? fields.id("message.ts");
  const openedAtMs = fields.timeMs("container.message_ts") ?? fields.timeMs("message.ts");
  return {
    event: {
      id: createHash("sha256")
        .update(
          JSON.stringify([fields.id("team.id"), channel, message, user, button.at("action_ts"), kind, target, key]),
        )
        .digest("hex"),
      kind,
      target,
      dedupKeys: [key],
      // A new episode has a new message. The number equals the receipt of the publisher.
      ...(channel !== undefined &&
        message !== undefined && { receiverIncident: printMessageReceipt({ channel, ts: message }) }),
      ...(openedAtMs !== undefined && { openedAtMs }),
      by,
      own: false,
      atMs,
    },
  };
}
