import { parseTarget, type Target } from "@tocsin/core";
import { slackTargetType } from "../src/slack/target-type.ts";

export const webhookPath = "/services/T0001/B0001/abcdefghijklmnopqrstuvwx";
export const botToken = "xoxb-1234567890-abcdefghijklmnop";

/** A valid target, for tests: by webhook unless it says otherwise. */
export function slackTargetOf(input: object = { webhook_url: `https://hooks.slack.com${webhookPath}` }): Target {
  const parsed = parseTarget(
    { name: "chat", type: "slack", ...input },
    { types: [slackTargetType], readSecret: String },
  );
  if ("issues" in parsed) throw new Error(JSON.stringify(parsed.issues));
  return parsed.target;
}

export const webhookAt = (url: string): Target => slackTargetOf({ webhook_url: url + webhookPath });
export const botAt = (url: string): Target => slackTargetOf({ url, bot_token: botToken, channel: "C0123456789" });
