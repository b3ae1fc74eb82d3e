import { parseTarget, type ParseTargetOptions, targetJsonSchema } from "@tocsin/core";
import { Ajv2020 } from "ajv/dist/2020.js";
import { anyCharacter } from "@tocsin/test/any-character";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { routingKey as key } from "../../test/pagerduty.ts";
import { encodeEndpoint } from "../shared/encode-endpoint.ts";
import { accessIdentity, endpointIdentity } from "../shared/identity.ts";
import { pagerdutyTargetType } from "./target-type.ts";

const other = "FEDCBA9876543210fedcba9876543210";
const proxy = "https://proxy.example.com/pd";
const parse = (input: object, more: Partial<ParseTargetOptions> = {}) =>
  parseTarget(
    { name: "pd", type: "pagerduty", ...input },
    { types: [pagerdutyTargetType], readSecret: () => other, ...more },
  );

/** The documentation's example. */
const example = {
  name: "pagerduty-production",
  type: "pagerduty",
  url: "https://events.pagerduty.com",
  format: "pagerduty",
  enabled: true,
  mode: "live",
  headers: { routing_key: key },
  filters: {
    severity: ["critical"],
    min_severity: "warning",
    namespace: ["production"],
    labels: { team: "platform" },
    matchers: ['service=~"api|web"'],
    exclude_noise: true,
    min_confidence: 0.0,
    alert_name_pattern: "^Kube",
    when: "labels.tier != 'dev'",
  },
  metadata: {
    environment: "production",
    severity_threshold: "warning",
    runbook_base_url: "https://runbooks.example.com",
  },
  rate_limit: { limit: 120, per: "60s", algorithm: "sliding_window", reserve: 0.2 },
  template: {
    summary: "…",
    source: "…",
    severity: "…",
    component: "…",
    group: "…",
    class: "…",
    dedup_key: "…",
    custom_details: {},
  },
  group_by: [],
  default_severity: "error",
  timeout: "10s",
  fallback: "slack-oncall",
  fallback_after: "2m",
  page_resolved: "never",
};

describe("a PagerDuty target", () => {
  test("as documented is accepted, by the JSON Schema too", () => {
    expect(parse(example)).toMatchObject({
      target: { name: "pagerduty-production" },
      warnings: [],
    });
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(
      targetJsonSchema([pagerdutyTargetType]),
    );
    expect(validate(example)).toBe(true);
    expect(validate({ ...example, filters: { severity: "critical", namespace: [] } })).toBe(false);
    expect(validate({ ...example, filters: { severity: "critical" }, timeout: 0, routing_key: { env: "KEY" } })).toBe(
      true,
    );
    expect(validate({ ...example, colour: "red" })).toBe(false);
    expect(validate({ ...example, type: "slack" })).toBe(false);
  });

  test("is checked for any value in place of its address", () => {
    const text = fc.oneof(
      fc.string({ unit: anyCharacter }),
      fc.stringMatching(/^https?:\/\/[a-z0-9-]{1,8}\.(com|test)(:\d{1,5})?([/?#][\w%.~-]{0,9}){0,3}$/),
      fc.constantFrom(key, "", `Bearer ${key}`, "https://[::1]:0/"),
    );
    const anything = fc.oneof(text, fc.anything({ maxDepth: 1 }));
    const address = fc.record({
      url: anything,
      region: anything,
      routing_key: anything,
      headers: fc.dictionary(text, anything),
    });
    fc.assert(
      fc.property(fc.constantFrom("url", "region", "routing_key", "headers"), address, (kept, { [kept]: value }) => {
        const parsed = parse({ [kept]: value });
        expect("issues" in parsed ? parsed.issues.length : 1).toBeGreaterThan(0);
        expect(JSON.stringify(parsed)).not.toContain(key);
      }),
      { numRuns: 500 },
    );
  });

  test.each<[object, string]>([
    [{}, "https://events.pagerduty.com"],
    [{ region: "us" }, "https://events.pagerduty.com"],
    [{ region: "eu" }, "https://events.eu.pagerduty.com"],
    [{ url: "https://events.pagerduty.com" }, "https://events.pagerduty.com"],
    [{ url: "https://events.pagerduty.com/v2/enqueue" }, "https://events.pagerduty.com"],
    [{ url: "https://EVENTS.eu.pagerduty.com/v2/" }, "https://events.eu.pagerduty.com"],
    [{ url: `${proxy}/v2/change/enqueue` }, proxy],
    [{ url: "http://127.0.0.1:8080/" }, "http://127.0.0.1:8080"],
  ])("with %j is at %s", (input, url) => {
    expect(parse({ ...input, routing_key: key })).toMatchObject({ target: { url, degraded: false } });
  });

  test.each<[string, object, Partial<ParseTargetOptions>]>([
    ["headers.routing_key", { headers: { routing_key: key, Authorization: other }, routing_key: other }, {}],
    ["headers.Authorization", { headers: { Authorization: key }, routing_key: other }, {}],
    ["headers.authorization", { headers: { authorization: `bearer ${key} ` } }, {}],
    ["routing_key", { routing_key: key }, { siblingEntries: { routing_key: other } }],
    ["routing_key, a reference", { routing_key: { env: "KEY" } }, { readSecret: () => `${key}\n` }],
    ["the entry beside it", {}, { siblingEntries: { routing_key: `${key}\n` } }],
    [
      "routing_key, when the headers are blank",
      { headers: { routing_key: " ", Authorization: "" }, routing_key: key },
      {},
    ],
    [
      "routing_key, behind a proxy with its own token",
      { url: proxy, headers: { Authorization: "Bearer x" }, routing_key: key },
      {},
    ],
  ])("takes its key from %s", (_, input, more) => {
    const parsed = parse(input, more);
    expect("target" in parsed && parsed.target.credential!.reveal()).toBe(key);
  });

  test.each<[string, object, object]>([
    ["neither header once it is the key", { headers: { Authorization: key, "X-A": "1" } }, { "X-A": "1" }],
    [
      "a proxy's token",
      { url: proxy, headers: { Authorization: "Bearer x" }, routing_key: key },
      { Authorization: "Bearer x" },
    ],
  ])("sends %s", (_, input, headers) => {
    const parsed = parse(input);
    const sent = "target" in parsed ? Object.entries(parsed.target.headers) : [];
    expect(Object.fromEntries(sent.map(([name, value]) => [name, value.reveal()]))).toEqual(headers);
  });

  test("without a key is degraded if a proxy may add it, with a warning", () => {
    expect(parse({ url: `${proxy}/v2/enqueue` })).toMatchObject({
      target: { degraded: true, credential: null, url: `${proxy}/v2/enqueue` },
      warnings: [{ path: "routing_key", message: expect.stringContaining("without one") }],
    });
  });

  test.each<[string, object, Partial<ParseTargetOptions>, string]>([
    ["no key for PagerDuty itself", {}, {}, "routing_key"],
    ["no key for PagerDuty by a url", { url: "https://events.eu.pagerduty.com" }, {}, "routing_key"],
    ["a REST token for a key", { routing_key: "abcdefghij0123456789" }, {}, "routing_key"],
    ["a key with a dash", { routing_key: `${key.slice(0, 31)}-` }, {}, "routing_key"],
    ["a malformed key, also behind a proxy", { url: proxy, routing_key: "abc" }, {}, "routing_key"],
    ["a malformed key beside it", {}, { siblingEntries: { routing_key: "abc" } }, "routing_key"],
    ["a malformed header", { headers: { Routing_Key: "abc" }, routing_key: key }, {}, "headers.Routing_Key"],
    [
      "a token for PagerDuty that is no key",
      { headers: { Authorization: "Bearer abc" }, routing_key: key },
      {},
      "headers.Authorization",
    ],
    ["the REST API's host", { url: "https://api.pagerduty.com", routing_key: key }, {}, "url"],
    ["a query", { url: `${proxy}?token=x`, routing_key: key }, {}, "url"],
    ["url and region", { url: proxy, region: "eu", routing_key: key }, {}, "region"],
    ["a region that does not exist", { region: "asia", routing_key: key }, {}, "region"],
    ["plain http", { url: "http://events.pagerduty.com", routing_key: key }, {}, "url"],
  ])("with %s is invalid", (_, input, more, path) => {
    const parsed = parse(input, more);
    expect("issues" in parsed && parsed.issues.map((issue) => issue.path)).toEqual([path]);
    expect(JSON.stringify(parsed)).not.toMatch(/[0-9A-Za-z]{32}|abcdefghij/);
  });
});

describe("the token of the REST API", () => {
  const token = "rest-token-0123456789";

  test("is a field, or an entry beside the target, and never a part of what is stored with an incident", () => {
    const written = parse({ routing_key: key, rest_token: { env: "TOKEN" } });
    const beside = parse({ routing_key: key }, { siblingEntries: { rest_token: token } });
    expect("target" in written && written.target.restToken?.reveal()).toBe(other);
    expect("target" in beside && beside.target.restToken?.reveal()).toBe(token);
    expect("target" in beside && encodeEndpoint(beside.target)).not.toContain(token);
    expect(JSON.stringify(beside)).not.toContain(token);
  });

  test("must not be the integration key, nor a part of the name", () => {
    expect(parse({ routing_key: key, rest_token: key })).toMatchObject({ issues: [{ path: "rest_token" }] });
    expect(parse({ name: token, routing_key: key, rest_token: token })).toMatchObject({ issues: [{ path: "name" }] });
  });

  test("does not change the identities of a target: open incidents stay where they are", () => {
    const [plain, more] = [parse({ routing_key: key }), parse({ routing_key: key, rest_token: token })];
    if (!("target" in plain && "target" in more)) throw new Error("invalid");
    expect(endpointIdentity(more.target)).toBe(endpointIdentity(plain.target));
    expect(accessIdentity(more.target)).toBe(accessIdentity(plain.target));
  });
});
