import { expect, test } from "vitest";
import { selfSigned } from "../../http/test/self-signed.ts";
import { PagerDutyEventsClient } from "./client.ts";
import { PagerDutyValidationError } from "./errors.ts";
import type { ClientOptions } from "./options.ts";

const routingKey = "0123456789abcdef0123456789abcdef";

function issuePaths(options: unknown): string[] {
  try {
    new PagerDutyEventsClient(options as ClientOptions).close();
  } catch (error) {
    if (!(error instanceof PagerDutyValidationError) || error.code !== "invalid_options") throw error;
    return error.issues.map(({ path }) => path);
  }
  return [];
}

test.each<[string, Partial<ClientOptions>]>([
  ["nothing more", {}],
  ["a region", { region: "eu" }],
  ["the other region", { region: "us", maxConnections: 1, timeoutMs: Number.POSITIVE_INFINITY }],
  ["a base URL", { baseUrl: "https://events.pagerduty.com/v2/enqueue" }],
  ["a base URL of this machine in plain HTTP", { baseUrl: "http://localhost:9878" }],
  [
    "no retries",
    { retry: { retries: 0, initialMs: 0, maxMs: 0, rateLimitWaitMs: 0, maxRetryAfterMs: 0, deadlineMs: 1 } },
  ],
  ["no deadline", { retry: { deadlineMs: Number.POSITIVE_INFINITY } }],
  ["authorities", { ca: [selfSigned().cert, Buffer.from(selfSigned().cert)] }],
  ["hooks", { hooks: { onAttempt() {} } }],
  ["a proxy", { proxy: "http://proxy.example.com:3128" }],
  ["no proxy", { proxy: false }],
  ["names", { client: "c", clientUrl: "https://example.com", userAgent: "x/1" }],
])("accepts %s", (_, options) => {
  expect(issuePaths({ routingKey, ...options })).toEqual([]);
});

test.each<[string, unknown, string[]]>([
  ["nothing", undefined, [""]],
  ["no key", {}, ["routingKey"]],
  ["a REST token", { routingKey: "u+abcdefghijklmnopqr" }, ["routingKey"]],
  ["a key that is no text", { routingKey: 5 }, ["routingKey"]],
  ["an unknown region", { routingKey, region: "apac" }, ["region"]],
  ["a region beside a base URL", { routingKey, region: "eu", baseUrl: "https://example.com" }, ["region"]],
  ["no URL", { routingKey, baseUrl: "events.pagerduty.com" }, ["baseUrl"]],
  ["no text for a URL", { routingKey, baseUrl: 5 }, ["baseUrl"]],
  ["plain HTTP to another machine", { routingKey, baseUrl: "http://events.pagerduty.com" }, ["baseUrl"]],
  ["another scheme", { routingKey, baseUrl: "ftp://localhost" }, ["baseUrl"]],
  ["a user in the URL", { routingKey, baseUrl: "https://user@example.com" }, ["baseUrl"]],
  ["a password in the URL", { routingKey, baseUrl: "https://:pass@example.com" }, ["baseUrl"]],
  [
    "times that are none",
    { routingKey, timeoutMs: 0, retry: { initialMs: -1, maxMs: "5", deadlineMs: 0 } },
    ["timeoutMs", "retry.initialMs", "retry.maxMs", "retry.deadlineMs"],
  ],
  ["times that are text", { routingKey, timeoutMs: "5" }, ["timeoutMs"]],
  [
    "waits that are none",
    { routingKey, retry: { rateLimitWaitMs: Number.NaN, maxRetryAfterMs: -1 } },
    ["retry.rateLimitWaitMs", "retry.maxRetryAfterMs"],
  ],
  [
    "counts that are none",
    { routingKey, retry: { retries: -1 }, maxConnections: 0 },
    ["retry.retries", "maxConnections"],
  ],
  ["halves", { routingKey, retry: { retries: 1.5 }, maxConnections: 1.5 }, ["retry.retries", "maxConnections"]],
  ["a limiter that is none", { routingKey, limiter: { take() {} } }, ["limiter"]],
  ["a limiter that is a number", { routingKey, limiter: 120 }, ["limiter"]],
  ["hooks that are none", { routingKey, hooks: { onAttempt: 1, onretry() {} } }, ["hooks.onAttempt", "hooks.onretry"]],
  ["functions that are none", { routingKey, fetch: 1, random: 1, clock: { now() {} } }, ["fetch", "clock", "random"]],
  [
    "names that are none",
    { routingKey, client: 1, clientUrl: 1, userAgent: "a\r\nx: y" },
    ["client", "clientUrl", "userAgent"],
  ],
  ["an empty name", { routingKey, userAgent: "" }, ["userAgent"]],
  ["a proxy that is none", { routingKey, proxy: true }, ["proxy"]],
  ["a proxy of another kind", { routingKey, proxy: "socks5://localhost" }, ["proxy"]],
  ["a proxy that is no URL", { routingKey, proxy: "http://" }, ["proxy"]],
  ["authorities that are none", { routingKey, ca: "no PEM" }, ["ca"]],
  ["no authorities", { routingKey, ca: [] }, ["ca"]],
  ["authorities of another type", { routingKey, ca: 5 }, ["ca"]],
  ["fetch with authorities", { routingKey, fetch() {}, ca: "x" }, ["ca"]],
  ["fetch with a proxy", { routingKey, fetch() {}, proxy: "http://localhost" }, ["proxy"]],
  ["a misspelt name", { routingKey, retries: 5 }, ["retries"]],
])("refuses %s", (_, options, paths) => {
  expect(issuePaths(options)).toEqual(paths);
});
