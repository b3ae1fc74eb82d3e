import { parseTarget, type ParseTargetOptions } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { botToken, webhookPath } from "../../test/slack.ts";
import { credentialIdentity, endpointIdentity } from "../shared/identity.ts";
import { slackTargetType } from "./target-type.ts";

const webhook_url = `https://hooks.slack.com${webhookPath}`;
const channel = "C0123456789";
const parse = (input: object, more: Partial<ParseTargetOptions> = {}) =>
  parseTarget({ name: "chat", type: "slack", ...input }, { types: [slackTargetType], readSecret: () => "", ...more });
const parsed = (input: object, more: Partial<ParseTargetOptions> = {}) => {
  const result = parse(input, more);
  if ("issues" in result) throw new Error(JSON.stringify(result.issues));
  return result.target;
};

describe("a Slack target", () => {
  test.each<[string, object, Partial<ParseTargetOptions>]>([
    ["webhook_url", { webhook_url }, {}],
    ["webhook_url, a reference", { webhook_url: { env: "URL" } }, { readSecret: () => `${webhook_url}\n` }],
    ["the entry beside it", {}, { siblingEntries: { webhook_url: `${webhook_url}\n` } }],
    ["url", { url: webhook_url }, {}],
  ])("uses a webhook's path as its credential, from %s", (_, input, more) => {
    const target = parsed(input, more);
    expect([target.url, target.credential!.reveal()]).toEqual(["https://hooks.slack.com", webhookPath]);
    expect(JSON.stringify(target)).not.toContain(webhookPath);
  });

  test.each<[string, object, string]>([
    ["GovSlack", { webhook_url: `https://hooks.slack-gov.com${webhookPath}` }, "https://hooks.slack-gov.com"],
    ["a compatible server", { webhook_url: "https://chat.example.com/hooks/abc" }, "https://chat.example.com"],
    ["this machine", { webhook_url: `http://127.0.0.1:9878${webhookPath}` }, "http://127.0.0.1:9878"],
    [
      "plain http that is allowed",
      { webhook_url: "http://chat.example.com/hooks/a", allow_insecure: true },
      "http://chat.example.com",
    ],
  ])("may be at %s", (_, input, url) => {
    expect(parsed(input).url).toBe(url);
  });

  test.each<[string | undefined, string]>([
    [undefined, "https://slack.com"],
    ["https://slack.com/api", "https://slack.com"],
    ["https://slack.com/api/chat.postMessage", "https://slack.com"],
    ["https://slack-gov.com/", "https://slack-gov.com"],
    ["https://proxy.example.com/slack/api/", "https://proxy.example.com/slack"],
  ])("by a bot with the url %j is at %s", (url, at) => {
    const target = parsed({ bot_token: botToken, channel, ...(url && { url }) });
    expect(target).toMatchObject({ url: at, typeOptions: { channel }, rateLimit: { limit: 1, perMs: 1_200 } });
    expect(target.credential!.reveal()).toBe(botToken);
  });

  test("by a bot has one endpoint per channel and one limit per token", () => {
    const [one, two] = [channel, "#ops"].map((name) => parsed({ bot_token: botToken, channel: name }));
    expect(endpointIdentity(one!)).not.toBe(endpointIdentity(two!));
    const scope = { source: "config" };
    expect(credentialIdentity(one!, scope)).toBe(credentialIdentity(two!, scope));
  });

  test.each<[string, object, string]>([
    ["nothing to post with", {}, "webhook_url"],
    ["a blank webhook", { webhook_url: " " }, "webhook_url"],
    ["a webhook that is no URL", { webhook_url: "planted-secret" }, "webhook_url"],
    ["a workflow's webhook", { webhook_url: "https://hooks.slack.com/triggers/T1/2/planted-secret" }, "webhook_url"],
    ["Slack's own site", { webhook_url: "https://app.slack.com/services/planted-secret" }, "webhook_url"],
    ["plain http to Slack", { webhook_url: "http://hooks.slack.com/services/T1/B1/planted-secret" }, "webhook_url"],
    ["a password", { webhook_url: "https://me:planted-secret@chat.example.com/a" }, "webhook_url"],
    ["no path", { webhook_url: "https://chat.example.com" }, "webhook_url"],
    ["a webhook and a url", { webhook_url, url: "https://slack.com" }, "url"],
    ["a webhook and a bot", { webhook_url, bot_token: botToken }, "bot_token"],
    ["a webhook and a channel", { webhook_url, channel }, "channel"],
    ["a bot without a channel", { bot_token: botToken }, "channel"],
    ["a signing secret for a token", { bot_token: "planted-secret", channel }, "bot_token"],
    ["two channels", { bot_token: botToken, channel: "#a #b" }, "channel"],
  ])("with %s is invalid", (_, input, path) => {
    const result = parse(input);
    expect("issues" in result && result.issues.map((issue) => issue.path)).toEqual([path]);
    expect(JSON.stringify(result)).not.toMatch(/planted-secret|abcdefghijklmnop/);
  });
});
