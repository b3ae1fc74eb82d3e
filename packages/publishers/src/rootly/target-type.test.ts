import { parseTarget, type ParseTargetOptions } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { apiKey, onCall } from "../../test/rootly.ts";
import { rootlyTargetType } from "./target-type.ts";

const parse = (input: object, more: Partial<ParseTargetOptions> = {}) =>
  parseTarget(
    { name: "oncall", type: "rootly", ...input },
    { types: [rootlyTargetType], readSecret: () => "", ...more },
  );
const parsed = (input: object, more: Partial<ParseTargetOptions> = {}) => {
  const result = parse(input, more);
  if ("issues" in result) throw new Error(JSON.stringify(result.issues));
  return result.target;
};

describe("a Rootly target", () => {
  test.each<[string, object, Partial<ParseTargetOptions>]>([
    ["headers.Authorization", { headers: { Authorization: `Bearer ${apiKey}` }, api_key: "other-key" }, {}],
    ["headers.authorization without a scheme", { headers: { authorization: apiKey } }, {}],
    ["api_key", { api_key: apiKey }, { siblingEntries: { api_key: "other-key" } }],
    ["api_key, a reference", { api_key: { file: "/key" } }, { readSecret: () => `${apiKey}\n` }],
    ["the entry beside it", {}, { siblingEntries: { api_key: `${apiKey}\n` } }],
  ])("takes its key from %s, and sends no other", (_, input, more) => {
    const target = parsed({ ...input, headers: { "X-Team": "sre", ...(input as { headers?: object }).headers } }, more);
    expect(target.credential!.reveal()).toBe(apiKey);
    expect(Object.keys(target.headers)).toEqual(["X-Team"]);
    expect(JSON.stringify(target)).not.toContain(apiKey);
  });

  test.each([
    [undefined, "https://api.rootly.com"],
    ["https://api.rootly.com/", "https://api.rootly.com"],
    ["https://api.rootly.com/v1", "https://api.rootly.com"],
    ["https://api.rootly.com/v1/alerts", "https://api.rootly.com"],
    ["https://proxy.example.com/rootly/v1/alerts/", "https://proxy.example.com/rootly"],
    ["http://127.0.0.1:9878", "http://127.0.0.1:9878"],
  ])("with the url %j is at %s", (url, at) => {
    expect(parsed({ api_key: apiKey, ...(url && { url }) }).url).toBe(at);
  });

  test("keeps the paged target and the urgency with its endpoint", () => {
    const own = {
      notification_targets: onCall,
      alert_urgency_ids: { critical: "urgency-high", warning: "urgency-low" },
      service_ids: ["s1"],
      group_ids: ["g1"],
      environment_ids: ["e1"],
    };
    const target = parsed({ api_key: apiKey, ...own });
    expect(target).toMatchObject({ typeOptions: own, rateLimit: { limit: 50, perMs: 60_000 }, takesChanges: false });
    expect(parsed({ api_key: apiKey }).typeOptions).toEqual({});
  });

  test.each<[string, object, string]>([
    ["no key", {}, "api_key"],
    ["a blank key", { api_key: " " }, "api_key"],
    ["a key with a blank in it", { api_key: "planted secret" }, "api_key"],
    ["the host of another way in", { api_key: apiKey, url: "https://webhooks.rootly.com/webhooks" }, "url"],
    ["a query", { api_key: apiKey, url: "https://api.rootly.com?secret=planted" }, "url"],
    ["nobody to notify", { api_key: apiKey, notification_targets: [] }, "notification_targets"],
    [
      "a kind of target that there is not",
      { api_key: apiKey, notification_targets: [{ type: "Team", id: "x" }] },
      "notification_targets[0].type",
    ],
    [
      "an urgency for a severity that there is not",
      { api_key: apiKey, alert_urgency_ids: { high: "x" } },
      "alert_urgency_ids.high",
    ],
  ])("with %s is invalid", (_, input, path) => {
    const result = parse(input);
    expect("issues" in result && result.issues.map((issue) => issue.path)).toEqual([path]);
    expect(JSON.stringify(result)).not.toMatch(/planted|0123456789abcdef/);
  });
});
