import {
  type EndpointInput,
  type Issue,
  type ResolvedEndpoint,
  Secret,
  secretInput,
  type TargetType,
} from "@tocsin/core";
import { z } from "zod";
import { readWebhookUrl } from "./webhook-url.ts";

/** The keys of a Slack target besides those of all targets. */
export const slackTargetType: TargetType = {
  type: "slack",
  description: "A Slack channel, by incoming webhook or by a bot's token.",
  notes: `Either \`webhook_url\`, or \`bot_token\` with \`channel\`. Both secrets may also be the entries \`webhook_url\` and
\`bot_token\` beside \`target.json\` in the same Secret. A webhook's URL is a credential, so it is never shown; it may also be in
\`url\`. With a bot's token, the default of \`url\` is \`https://slack.com\`.

A bot posts one message for each incident and updates it; a webhook posts a message for each event.

Messages use \`summary\`, \`severity\`, \`dedup_key\` and \`custom_details\` of \`template\`. The default limit is Slack's limit for a webhook and for
a channel. With a bot's token it is 1 per 1.2s, because an event may update one message and post another one: Slack takes one post a
second in a channel, and 50 updates a minute. Targets that share a bot's token share the limit.`,
  fields: {
    webhook_url: secretInput.optional().describe("URL of an incoming webhook; the URL itself is the credential."),
    bot_token: secretInput.optional().describe("Token of a bot (`xoxb-…`) with the scope `chat:write`."),
    channel: z
      .string()
      .regex(/^#?[^\s#\p{C}]{1,80}$/u, "expected a channel's id such as C0123456789, or its name")
      .optional()
      .describe("Channel for the bot's messages: its id, or its name."),
  },
  // https://docs.slack.dev/apis/web-api/rate-limits: "1 per second", for webhooks, and for messages per channel.
  rateLimit: { limit: 1, perMs: 1_000 },
  adoptsUnknownResolves: false,
  changes: false,
  locate,
};

/**
 * An attempt posts at most once and updates at most once. https://docs.slack.dev/reference/methods/chat.update: tier 3, "50+ per
 * minute", per app and workspace; posts are limited to one per second and channel.
 */
const botRateLimit = { limit: 1, perMs: 1_200 };

function locate(given: EndpointInput): ResolvedEndpoint {
  const { typeOptions: own, headers } = given;
  const issues: Issue[] = [];
  const webhook = webhookOf(given);
  const token = given.secret(own["bot_token"], "bot_token") ?? given.siblingEntry("bot_token");
  const channel = own["channel"] as string | undefined;
  const rest = { degraded: false, headers, issues, warnings: [] };
  const complain = (path: string, message: string) => void issues.push({ path, message });

  if (webhook && token) complain("bot_token", "and a webhook's URL are two ways to one channel; use one of them");
  if (webhook && channel !== undefined) complain("channel", "a webhook posts to the channel that it was made for");
  if (webhook) {
    const read = readWebhookUrl(webhook.secret.reveal(), { allowInsecure: own["allow_insecure"] === true });
    if (typeof read === "string") complain(webhook.path, read);
    if (webhook.path !== "url" && given.url) complain("url", "a webhook's URL says where Slack is; use one of them");
    if (typeof read !== "string") return { ...rest, url: read.origin, credential: new Secret(read.path) };
  } else if (token) {
    if (!token.reveal().startsWith("xox")) complain("bot_token", "is no token of a bot: they start with xoxb-");
    if (channel === undefined) complain("channel", "required with bot_token: a channel's id or name");
  } else {
    complain("webhook_url", "required: the URL of an incoming webhook; or bot_token and channel");
  }
  return {
    ...rest,
    url: apiOf(given.url),
    credential: token ?? null,
    typeOptions: { channel },
    rateLimit: botRateLimit,
  };
}

/** Finds the webhook URL in any of its places; a `url` with the path of a webhook is one, too. */
function webhookOf({
  typeOptions: own,
  url,
  secret,
  siblingEntry: beside,
}: EndpointInput): { path: string; secret: Secret } | undefined {
  const found = secret(own["webhook_url"], "webhook_url") ?? beside("webhook_url");
  if (found) return { path: "webhook_url", secret: found };
  return url?.pathname.startsWith("/services/") ? { path: "url", secret: new Secret(url.href) } : undefined;
}

/** The URL of the Web API, without the path of a method. */
const apiOf = (url: URL | undefined): string =>
  url ? `${url.origin}${url.pathname}`.replace(/\/(api(\/[\w.]*)?\/?)?$/, "") : "https://slack.com";
