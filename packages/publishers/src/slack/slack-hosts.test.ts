import { expect, test } from "vitest";
import { isSlackHost } from "./slack-hosts.ts";

test.each<[string, boolean]>([
  ["https://hooks.slack.com/services/T/B/x", true],
  ["https://slack.com", true],
  ["https://SLACK.COM.", true],
  ["https://hooks.slack-gov.com/services/T/B/x", true],
  ["https://slack-gov.com", true],
  ["https://mattermost.example.com/hooks/x", false],
  ["https://notslack.com/services/T/B/x", false],
  ["https://slack.com.example.com/services/T/B/x", false],
  ["http://127.0.0.1:8065/hooks/x", false],
])("knows whether Slack itself answers at %s", (url, is) => {
  expect(isSlackHost(new URL(url))).toBe(is);
});

test("accepts the hosts of a test as Slack's own", () => {
  const local = new URL("http://127.0.0.1:9878/services/T/B/x");
  expect([isSlackHost(local, ["127.0.0.1"]), isSlackHost(local, ["example.com"])]).toEqual([true, false]);
});
