import { route } from "@tocsin/core";
import { type PublisherOptions, targetTypes } from "@tocsin/publishers";
import { describe, expect, test } from "vitest";
import { trialTarget } from "./trial-target.ts";

const options = { transport: { for: () => ({}) }, version: "0", now: () => 0 } as unknown as PublisherOptions;
const secret = "hunter2hunter2hunter2hunter2hunter2";
const file = { file: "/does/not/exist" };

describe("a target that is only tried", () => {
  test.each<[string, Record<string, unknown>]>([
    ["pagerduty", { routing_key: file, rest_token: secret }],
    ["pagerduty", { routing_key: { env: "NOT_SET" } }],
    ["slack", { webhook_url: secret }],
    ["slack", { bot_token: file, channel: "#a" }],
    ["rootly", { api_key: secret, notification_targets: [{ type: "Service", id: "s" }] }],
    ["webhook", { url: "https://127.0.0.1/x", signing_secret: [secret, file], headers: { Authorization: secret } }],
    [
      "alertmanager",
      { url: "https://127.0.0.1", headers: { Authorization: file }, tls: { ca: file, server_name: "a" } },
    ],
  ])("of type %s needs none of its secrets: %j", (type, fields) => {
    const tried = trialTarget({ type, name: "edited", ...fields }, options);
    expect(tried).not.toHaveProperty("issues");
    expect(JSON.stringify(tried)).not.toContain("hunter2");
    if (!("target" in tried)) return;
    const { credential, headers, signingSecrets = [], restToken, url } = tried.target;
    const kept = [credential, restToken, ...Object.values(headers), ...signingSecrets].map((one) => one?.reveal());
    expect([url, ...kept].join(" ")).not.toContain("hunter2");
  });

  test("covers every type", () => {
    expect(targetTypes.map(({ type }) => type).toSorted()).toEqual([
      "alertmanager",
      "pagerduty",
      "rootly",
      "slack",
      "webhook",
    ]);
  });

  test("is refused with the path of each mistake, and without secrets", () => {
    const tried = trialTarget(
      { type: "pagerduty", routing_key: secret, filters: { severity: "loud" }, x: secret },
      options,
    );
    expect(tried).toMatchObject({ issues: [{ path: "target.filters.severity[0]" }, { path: "target.x" }] });
    expect(JSON.stringify(tried)).not.toContain("hunter2");
    expect(trialTarget("pagerduty", options)).toMatchObject({ issues: [{ path: "target" }] });
  });

  test.each<[string, Record<string, unknown>, string]>([
    ["enabled", { enabled: false }, "a"],
    ["filters.severity", { filters: { severity: "info" } }, "a"],
    ["filters.min_severity", { filters: { min_severity: "critical" } }, "a"],
    ["metadata.severity_threshold", { metadata: { severity_threshold: "critical" } }, "a"],
    ["filters.namespace", { filters: { namespace: "prod" } }, "a"],
    ["filters.labels.team", { filters: { labels: { team: ["x", "y"] } } }, "a"],
    ["filters.matchers", { filters: { matchers: 'team="x"' } }, "a"],
    ["filters.matchers[1]", { filters: { matchers: ['alertname=~"a.*"', 'team="x"'] } }, "a"],
    ["filters.alert_name_pattern", { filters: { alert_name_pattern: "^b" } }, "a"],
    ["filters.when", { filters: { when: 'labels.alertname == "b"' } }, "a"],
  ])("names the rule that decided: %s", (rule, fields, alertname) => {
    const tried = trialTarget({ type: "pagerduty", routing_key: secret, ...fields }, options);
    if (!("target" in tried)) throw new Error(JSON.stringify(tried));
    const alert = { fingerprint: "f", labels: { alertname, severity: "warning" }, annotations: {}, startsAtMs: 0 };
    expect(route(alert, [tried.target])).toMatchObject([{ send: false, rule }]);
  });
});
