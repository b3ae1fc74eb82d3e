import { expect, test } from "vitest";
import { enqueueUrl, eventsUrl } from "./enqueue-url.ts";
import { acceptsChanges, isRoutingKey } from "./routing-key.ts";

test.each([
  ["https://events.pagerduty.com", "https://events.pagerduty.com"],
  ["https://events.pagerduty.com/", "https://events.pagerduty.com"],
  ["https://events.eu.pagerduty.com/v2", "https://events.eu.pagerduty.com"],
  ["https://events.pagerduty.com/v2/enqueue", "https://events.pagerduty.com"],
  ["https://events.pagerduty.com/v2/enqueue/", "https://events.pagerduty.com"],
  ["https://events.pagerduty.com/v2/change/enqueue", "https://events.pagerduty.com"],
  ["https://events.pagerduty.com//v2//change//enqueue//", "https://events.pagerduty.com"],
  ["https://proxy.example.com/pagerduty", "https://proxy.example.com/pagerduty"],
  ["https://proxy.example.com/pagerduty/v2/enqueue", "https://proxy.example.com/pagerduty"],
  ["https://proxy.example.com/v2/other", "https://proxy.example.com/v2/other"],
  ["https://proxy.example.com/xv2", "https://proxy.example.com/xv2"],
  ["http://127.0.0.1:9878#x", "http://127.0.0.1:9878"],
])("%s, with or without its path, gives one URL", (base, prefix) => {
  expect([enqueueUrl(base, "alert"), enqueueUrl(base, "change")]).toEqual([
    `${prefix}/v2/enqueue`,
    `${prefix}/v2/change/enqueue`,
  ]);
});

test("a query stays", () => {
  expect(enqueueUrl("https://proxy.example.com/v2?team=a", "alert")).toBe(
    "https://proxy.example.com/v2/enqueue?team=a",
  );
});

test("refuses a base that is no URL", () => {
  expect(() => enqueueUrl("events.pagerduty.com", "alert")).toThrow(TypeError);
});

test("a base URL overrides the region, whose default is us", () => {
  expect([eventsUrl(), eventsUrl({ region: "eu" }), eventsUrl({ region: "eu", baseUrl: "https://x" })]).toEqual([
    "https://events.pagerduty.com",
    "https://events.eu.pagerduty.com",
    "https://x",
  ]);
});

test.each([
  ["e93facc04764012d7bfb002500d5d1a6", true],
  ["R028DIE06SNKNO6V5ACSLRV7Y0TUVG7T", true],
  ["e93facc04764012d7bfb002500d5d1a", false],
  ["e93facc04764012d7bfb002500d5d1a66", false],
  ["e93facc0-764012d7bfb002500d5d1a6", false],
  ["e93facc04764012d7bfb002500d5d1a6\n", false],
  ["é93facc04764012d7bfb002500d5d1a6", false],
  [undefined, false],
  [["e93facc04764012d7bfb002500d5d1a6"], false],
])("%j is a routing key: %s", (key, is) => {
  expect(isRoutingKey(key)).toBe(is);
});

test("keys of rulesets do not accept changes", () => {
  expect([
    acceptsChanges("R028DIE06SNKNO6V5ACSLRV7Y0TUVG7T"),
    acceptsChanges("e93facc04764012d7bfb002500d5d1a6"),
  ]).toEqual([false, true]);
});
