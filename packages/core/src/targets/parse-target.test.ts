import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { secretInput } from "../schema/secret-input.ts";
import type { Issue } from "../schema/issue.ts";
import { type ParsedTarget, parseTarget, type ParseTargetOptions } from "./parse-target.ts";
import type { TargetType } from "./target-type.ts";
import type { Target } from "./target.ts";

const key = "0123456789abcdef0123456789ABCDEF";

/** A minimal type, which takes its credential from a header. */
const bell: TargetType = {
  type: "bell",
  description: "A bell.",
  notes: "",
  fields: { tone: z.string().optional() },
  rateLimit: { limit: 60, perMs: 1_000 },
  adoptsUnknownResolves: false,
  changes: "never",
  locate({ url, headers: { token, ...headers } }) {
    return {
      url: url?.origin ?? "https://bell",
      credential: token ?? null,
      degraded: false,
      headers,
      issues: token ? [] : [{ path: "headers.token", message: "required" }],
      warnings: [],
    };
  },
};

const options: ParseTargetOptions = {
  types: [bell],
  readSecret(input) {
    if (typeof input === "object" && "env" in input && input.env === "KEY") return `${key}\n`;
    throw new Error("environment variable is not set");
  },
};
const valid = { name: "a", type: "bell", headers: { token: key } };

function parsed(input: object, more: Partial<ParseTargetOptions> = {}): Target {
  const result = parseTarget({ ...valid, ...input }, { ...options, ...more });
  if ("issues" in result) throw new Error(JSON.stringify(result.issues));
  return result.target;
}

function issues(input: unknown, more: Partial<ParseTargetOptions> = {}): readonly Issue[] {
  const result = parseTarget(input, { ...options, ...more });
  return "issues" in result ? result.issues : [];
}

const paths = (result: ParsedTarget) => ("issues" in result ? result.issues.map(({ path }) => path) : []);

describe("a target", () => {
  test("has the documented defaults", () => {
    expect(parsed({})).toMatchObject({
      name: "a",
      type: "bell",
      format: "bell",
      enabled: true,
      mode: "live",
      filters: [],
      rateLimit: { limit: 60, perMs: 1_000, algorithm: "sliding_window", reserve: 0.2 },
      timeoutMs: 10_000,
      defaultSeverity: "error",
      groupBy: [],
      fallbackAfterMs: 120_000,
      pageResolved: "never",
      adoptUnknownResolves: false,
      degraded: false,
    });
  });

  test("gets its name from the caller if it has none", () => {
    const { name: _, ...nameless } = valid;
    expect(issues(nameless)).toEqual([{ path: "name", message: "required" }]);
    expect(parseTarget(nameless, { ...options, name: "file" })).toMatchObject({ target: { name: "file" } });
  });

  test("reads a secret from its reference, without the newline that echo adds", () => {
    const { credential } = parsed({ headers: { token: { env: "KEY" } } });
    expect(credential!.reveal()).toBe(key);
  });

  test("never shows its credential when printed", () => {
    const target = parsed({ headers: { token: key, "x-other": "other-credential" } });
    const printed = inspect(target, { depth: null, showHidden: true }) + JSON.stringify(target);
    expect(printed).not.toContain(key);
    expect(printed).not.toContain("other-credential");
  });

  test("says how it uses classifications", () => {
    const { excludeNoise, minConfidence, waitsForClassification } = parsed({});
    expect([excludeNoise, minConfidence, waitsForClassification]).toEqual([false, undefined, false]);
    const set = parsed({ filters: { exclude_noise: true, min_confidence: 0.5 }, wait_for_classification: true });
    expect(set).toMatchObject({ excludeNoise: true, minConfidence: 0.5, waitsForClassification: true });
  });

  test("maps additional severity words, upper or lower case", () => {
    const { severityMap } = parsed({ severity_map: { " Average ": "warning", DISASTER: "page" } });
    expect([...severityMap!]).toEqual([
      ["average", "warning"],
      ["disaster", "critical"],
    ]);
  });

  test.each([
    [{ average: "loud" }, "severity_map.average", 'expected one of critical, error, warning, info; found "loud"'],
    [{ " ": "info" }, "severity_map", "a word must not be blank"],
    [{ a: "info", A: "error" }, "severity_map", '"a" occurs twice; upper and lower case mean the same'],
    [
      Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`w${n}`, "info"])),
      "severity_map",
      "has more than 100 words",
    ],
  ])("refuses the severity map %j", (severity_map, path, message) => {
    expect(issues({ ...valid, severity_map })).toEqual([{ path, message }]);
  });

  test("warns of secrets that are too short to be removed from answers", () => {
    const headers = { token: key, authorization: "abc12", "x-api-key": "123456", "x-mode": "true" };
    expect(parseTarget({ ...valid, headers }, options)).toMatchObject({
      warnings: [
        {
          path: "headers.authorization",
          message: "is shorter than 6 characters, so it is not removed from answers and logs that repeat it",
        },
      ],
    });
  });

  test("with enabled: false is disabled, also if it is invalid", () => {
    expect(parsed({ enabled: false }).enabled).toBe(false);
    expect(parseTarget({ enabled: false, type: "bell" }, options)).toMatchObject({ disabled: true });
    expect(parseTarget({ type: "bell" }, options)).toMatchObject({ disabled: false });
  });

  test("may use the older names of filters", () => {
    expect(parsed({ filter_config: { namespaces: ["a"] } }).filters).toHaveLength(1);
    expect(issues({ ...valid, filter_config: { namespaces: [1] } })[0]!.path).toBe("filter_config.namespaces[0]");
    expect(issues({ ...valid, filter_config: {}, filters: {} })).toEqual([
      { path: "filter_config", message: "is the older name of filters; use one of them" },
    ]);
    expect(issues({ ...valid, filters: { namespace: "a", namespaces: "b" } })[0]!.path).toBe("filters.namespaces");
  });

  test("limits by a token bucket if configured", () => {
    const rate_limit = { limit: 100, per: "30s", algorithm: "token_bucket" };
    expect(parsed({ rate_limit }).rateLimit).toMatchObject({ limit: 100, perMs: 30_000, burst: 10 });
    expect(parsed({ rate_limit: { ...rate_limit, burst: 20 } }).rateLimit.burst).toBe(20);
    expect(parsed({ rate_limit: { limit: 0 } }).rateLimit.limit).toBe(0);
  });

  test("with many mistakes lists all of them, each at its path", () => {
    const wrong = {
      name: " a",
      type: "bell",
      tone: 5,
      colour: "red",
      url: "ftp://x",
      format: "slack",
      enabled: "yes",
      mode: "dark",
      headers: { "a b": "x", token: key },
      filters: { severity: ["critcal"], matchers: ["a"], when: "labels.x", alert_name_pattern: "(", unknown: 1 },
      metadata: { severity_threshold: "loud" },
      rate_limit: { burst: 5, per: 60, reserve: 2 },
      template: { summary: "{{ labels.a", title: "x" },
      timeout: 30,
      fallback_after: "2 minutes",
      page_resolved: "sometimes",
    };
    expect(paths(parseTarget(wrong, { ...options, path: "targets[2]" })).toSorted()).toEqual(
      [
        "name",
        "tone",
        "colour",
        "url",
        "format",
        "enabled",
        "mode",
        'headers["a b"]',
        "filters.severity[0]",
        "filters.matchers[0]",
        "filters.when",
        "filters.alert_name_pattern",
        "filters.unknown",
        "metadata.severity_threshold",
        "rate_limit.per",
        "rate_limit.reserve",
        "template.summary",
        "template.title",
        "timeout",
        "fallback_after",
        "page_resolved",
      ]
        .map((path) => `targets[2].${path}`)
        .toSorted(),
    );
  });

  test.each<[string, object, string, RegExp]>([
    ["a burst with the sliding window", { rate_limit: { burst: 5 } }, "rate_limit.burst", /token_bucket/],
    [
      "a burst of the whole limit",
      { rate_limit: { algorithm: "token_bucket", limit: 10, burst: 10 } },
      "rate_limit.burst",
      /refills/,
    ],
    [
      "a burst of the type's limit",
      { rate_limit: { algorithm: "token_bucket", burst: 60 } },
      "rate_limit.burst",
      /refills/,
    ],
    ["a window of 0s", { rate_limit: { per: "0s" } }, "rate_limit.per", /longer/],
    ["a timeout of 0s", { timeout: "0s" }, "timeout", /longer/],
    ["a negative limit", { rate_limit: { limit: -1 } }, "rate_limit.limit", /./],
    [
      "resolves of alerts that were not sent to it",
      { adopt_unknown_resolves: true },
      "adopt_unknown_resolves",
      /receive no resolve of an alert/,
    ],
    ["plain http to another machine", { url: "http://example.com" }, "url", /allow_insecure/],
    ["credentials in the url", { url: "https://a:b@example.com" }, "url", /headers/],
    ["itself as fallback", { fallback: "a" }, "fallback", /another/],
    ["two ways to group", { group_by: ["x"], template: { dedup_key: "x" } }, "group_by", /one of them/],
    ["two headers with the same name", { headers: { token: key, "X-a": "1", "x-A": "2" } }, "headers.x-A", /twice/],
    ["a header with a line break", { headers: { token: "a\r\nb: c" } }, "headers.token", /line breaks/],
    [
      "a header that Tocsin sets itself",
      { headers: { token: key, "Content-Length": "1" } },
      "headers.Content-Length",
      /itself/,
    ],
    ["a secret that cannot be read", { headers: { token: { env: "NONE" } } }, "headers.token", /not set/],
    ["an empty list of severities", { filters: { severity: [] } }, "filters.severity", /empty/],
    ["an unknown format", { format: "slack" }, "format", /"bell"/],
    ["the key as its name", { name: `x-${key}` }, "name", /credential/],
  ])("with %s is refused", (_, input, path, message) => {
    const [issue] = issues({ ...valid, ...input });
    expect(issue!.path).toBe(path);
    expect(issue!.message).toMatch(message);
  });

  test.each([
    [{ url: "http://127.0.0.1:1" }],
    [{ url: "http://localhost" }],
    [{ url: "http://[::1]:9" }],
    [{ url: "http://example.com", allow_insecure: true }],
  ])("with %j is accepted", (input) => {
    expect(issues({ ...valid, ...input })).toEqual([]);
  });

  test("with an unknown type gets a list of the known ones", () => {
    expect(issues({ ...valid, type: "slack" })).toEqual([
      { path: "type", message: 'no publisher for this type; available: "bell"' },
    ]);
    const { type, ...rest } = valid;
    expect(issues({ ...rest, typ: type })).toEqual([
      { path: "typ", message: 'unknown key; did you mean "type"? It is required; one of "bell"' },
    ]);
    expect(issues({ name: "a", timeout: 3 }).map(({ path }) => path)).toEqual(["type", "timeout"]);
  });

  test.each([[null], [undefined], [5], ["x"], [[]], [true]])("that is %j is refused", (input) => {
    expect(issues(input)).toEqual([{ path: "", message: expect.stringContaining("object") }]);
  });

  test("with a key __proto__ is refused and changes no prototype", () => {
    const input: unknown = JSON.parse(
      `{"name":"a","type":"bell","filters":{"labels":{"__proto__":{"x":"y"}}},"__proto__":{"enabled":true}}`,
    );
    expect(issues(input).map(({ path }) => path)).toEqual(["filters.labels.__proto__", "__proto__"]);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });

  test("never shows a credential, at whatever other place the input repeats it", () => {
    const door: TargetType = { ...bell, type: "door", fields: { knock: secretInput.optional(), code: secretInput } };
    const input = { ...valid, type: "door", knock: "/a/b/secret", code: "", "see /a/b/secret": 1 };
    const result = parseTarget(input, { types: [bell, door], readSecret: String });
    expect("issues" in result && result.issues[0]!.path).toBe('["see [secret]"]');
    expect(JSON.stringify(result)).not.toContain("/a/b/secret");
  });

  test("that contains itself is refused", () => {
    const cycle: Record<string, unknown> = { ...valid };
    cycle["metadata"] = { cycle };
    expect(issues(cycle)[0]!.message).toMatch(/deep|values/);
  });
});

describe("tls", () => {
  const https = { ...valid, url: "https://bell.example.com" };
  const parsedWith = (tls: unknown, more: object = {}) => parseTarget({ ...https, ...more, tls }, options);

  test("is read as secrets, trimmed, with the name in clear", () => {
    const found = parsedWith({ ca: " CA\n", cert: "CERT", key: { env: "KEY" }, server_name: "bell.internal" });
    const { tls } = (found as { target: Target }).target;
    expect([tls?.ca?.reveal(), tls?.cert?.reveal(), tls?.key?.reveal(), tls?.serverName]).toEqual([
      "CA",
      "CERT",
      key,
      "bell.internal",
    ]);
    expect(JSON.stringify(tls)).not.toContain("CERT");
    for (const none of [undefined, {}])
      expect((parsedWith(none) as { target: Target }).target).not.toHaveProperty("tls");
  });

  test.each<[unknown, string]>([
    [{ cert: "CERT" }, "tls.key: required, because there is a certificate"],
    [{ key: "a-private-key" }, "tls.cert: required, because there is a key"],
    [{ ca: " " }, "tls.ca: must not be empty"],
    [{ ca: { env: "NONE" } }, "tls.ca: environment variable is not set"],
    [{ server_name: "a b" }, 'tls.server_name: expected a host name or an address, such as "receiver.example.com"'],
    [{ private_key: "a-private-key" }, "tls.private_key: unknown key"],
    ["a-private-key", "tls: expected an object; found a text"],
  ])("%j is refused", (tls, issue) => {
    const found = (parsedWith(tls) as { issues: readonly Issue[] }).issues;
    expect(found.map(({ path, message }) => `${path}: ${message}`)).toEqual([expect.stringContaining(issue)]);
    expect(JSON.stringify(found)).not.toContain("a-private-key");
  });

  test("is refused with plain http", () => {
    expect(parsedWith({ ca: "CA" }, { url: "http://127.0.0.1" })).toMatchObject({
      issues: [{ path: "tls", message: "applies only to a url with https" }],
    });
  });
});
