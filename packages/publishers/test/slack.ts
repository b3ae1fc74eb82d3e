import { type Notification, parseTarget, type Target } from "@tocsin/core";
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

/** An alert whose texts are as bad as they can be. */
export const hostileTelling: Partial<Notification> = {
  summary: "<!channel> lone \udc00 surrogate & *bold*",
  alert: {
    fingerprint: "\ud800".repeat(3),
    labels: Object.fromEntries([
      ["alertname", "💥".repeat(400)],
      ["__proto__", "polluted"],
      ["", "no name"],
      ["instance", " \u0000\u200b "],
      ["team", "<@U012AB3CD> <!here|everyone>"],
      ["a<b>c", "control\u0000\u001b[31m\u2028"],
      ...Array.from({ length: 1_000 }, (_, i) => [`label_${i}`, "é".repeat(i)] as const),
    ]),
    annotations: {
      description: "&".repeat(10_000),
      grafana_url: "javascript:alert(1)",
      dashboard_url: "https://grafana.example.com/ d|x>y?q=größe&r=<!channel>",
      runbook_url: `https://runbooks.example.com/${"x".repeat(5_000)}`,
    },
    startsAtMs: Number.NaN,
    generatorURL: "not a url",
  },
};
