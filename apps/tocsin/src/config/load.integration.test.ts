import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { ConfigError } from "./config-error.ts";
import { ledgerName } from "./config.ts";
import { loadConfig } from "./load.ts";

const dir = mkdtempSync(join(tmpdir(), "tocsin-config-"));
afterAll(() => rmSync(dir, { recursive: true }));

const key = Buffer.alloc(32, 7).toString("base64");
const env = { TOKEN: "token-from-env", KEY: key, EMPTY: "" };

function load(text: string) {
  const file = join(dir, "tocsin.yaml");
  writeFileSync(file, text);
  return loadConfig("tocsin.yaml", { cwd: dir, env });
}

/** Formats each issue as `line:column path: message`. */
function issuesOf(text: string): string[] {
  try {
    load(text);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.issues.map(
      ({ path, message, place }) =>
        `${place ? `${place.line}:${place.column} ` : ""}${path === "" ? "" : `${path}: `}${message}`,
    );
  }
  return [];
}

describe("a configuration", () => {
  test("that is empty has all defaults", () => {
    const nothing = loadConfig(undefined, { cwd: dir, env: {} });
    expect(nothing).toMatchObject({
      server: { listen: { host: "127.0.0.1", port: 9877 }, maxBodyBytes: 20_971_520, tokens: [] },
      ledger: { kind: "sqlite", path: join(dir, "data", "tocsin.db"), keys: [], retentionMs: 30 * 86_400_000 },
      delivery: { concurrency: 64, retrigger: "severity", remind: 4 * 3_600_000, reorderWindow: 10_000 },
      telemetry: { logs: { level: "info", format: "json" } },
    });
    expect(nothing.targets).toBeUndefined();
    expect({ ...load("# empty\n"), placeOf: null, readSecret: null, file: null }).toEqual({
      ...nothing,
      placeOf: null,
      readSecret: null,
      file: null,
    });
  });

  test("is parsed: durations, secrets, paths relative to the file", () => {
    mkdirSync(join(dir, "secrets"), { recursive: true });
    writeFileSync(join(dir, "secrets", "token"), "token-from-file\n");
    const config = load(`
server:
  listen: "[::]:8080"
  publicUrl: https://tocsin.example.com/
  maxBodyBytes: 4096
  auth:
    tokens:
      - { name: alertmanager, token: { env: TOKEN }, roles: [ingest] }
      - { name: people, token: { file: secrets/token }, roles: [read, operate] }
ledger: { url: "sqlite:state/t.db", encryptionKey: [{ env: KEY }, "${key}"], retention: 7d }
delivery: { retry: { initial: 500ms, max: 1m }, concurrency: 8, reorderWindow: 0s }
telemetry: { logs: { level: debug, format: pretty } }
targets: [{ name: a }]
`);
    expect(config).toMatchObject({
      file: join(dir, "tocsin.yaml"),
      server: {
        listen: { host: "::", port: 8080 },
        publicUrl: "https://tocsin.example.com",
        maxBodyBytes: 4_096,
        tokens: [
          { name: "alertmanager", value: "token-from-env", roles: ["ingest"] },
          { name: "people", value: "token-from-file", roles: ["read", "operate"] },
        ],
      },
      ledger: {
        kind: "sqlite",
        path: join(dir, "state", "t.db"),
        keys: [Buffer.alloc(32, 7), Buffer.alloc(32, 7)],
        retentionMs: 604_800_000,
      },
      delivery: { retry: { initial: 500, max: 60_000, giveUpAfter: 86_400_000 }, concurrency: 8, reorderWindow: 0 },
      telemetry: { logs: { level: "debug", format: "pretty" } },
      targets: [{ name: "a" }],
    });
  });

  test("may classify alerts; the key of the model comes from the environment and is never shown", () => {
    expect(load("").classification).toBeUndefined();
    const { classification } = load(
      "classification: { provider: llm, llm: { api: openai, baseUrl: 'http://127.0.0.1:11434/v1/', model: m, apiKey: { env: TOKEN } } }",
    );
    expect(classification).toMatchObject({
      provider: "llm",
      apply: "fill",
      budgetMs: 2_000,
      criticalBudgetMs: 500,
      floor: "critical",
      threshold: 0.8,
      cacheForMs: 3_600_000,
      shapeLabels: ["namespace", "service"],
      redact: { denyLabels: [], keep: [] },
      rules: undefined,
      llm: { baseUrl: "http://127.0.0.1:11434/v1", maxCallsPerHour: 600 },
    });
    expect(classification?.llm?.apiKey?.reveal()).toBe(env.TOKEN);
    expect(inspect(classification)).not.toContain(env.TOKEN);
  });

  test("may name features that are off", () => {
    const off = `
discovery: { kubernetes: { enabled: false, namespaces: [tocsin], labelSelector: "publishing-target=true", kubeconfig: null } }
classification: { provider: none }
changes: { kubernetes: { enabled: false, namespaces: [] } }
`;
    expect(issuesOf(off)).toEqual([]);
  });

  test.each([
    ["sqlite:/var/lib/t.db", "/var/lib/t.db"],
    ["sqlite:///var/lib/t.db", "/var/lib/t.db"],
    ["sqlite::memory:", ":memory:"],
  ])("has its ledger at %s", (url, path) => {
    expect(load(`ledger: { url: "${url}" }`).ledger).toMatchObject({ kind: "sqlite", path });
  });

  test("has its ledger in PostgreSQL; the password comes from a file and is never shown", () => {
    writeFileSync(join(dir, "password"), "hunter2\n");
    const { ledger } = load(
      `ledger: { url: "postgres://me@db.example.com/alerts?sslmode=verify-ca", password: { file: password }, encryptionKey: "${key}" }`,
    );
    expect(ledger).toMatchObject({
      kind: "postgres",
      server: { host: "db.example.com", port: 5432, user: "me", database: "alerts", password: "hunter2" },
    });
    expect(ledgerName(ledger)).toBe("postgres://db.example.com:5432/alerts");
  });

  test.each(["127.0.0.1:1", "127.9.8.7:0", "localhost:1", "[::1]:1"])("may listen on %s without tokens", (listen) => {
    expect(issuesOf(`server: { listen: "${listen}" }`)).toEqual([]);
  });

  test.each(["0.0.0.0:1", ":1", "[::]:1", "10.0.0.1:1", "tocsin.example.com:1", "127.evil.example:1"])(
    "may not listen on %s without tokens, unless authentication is disabled explicitly",
    (listen) => {
      expect(issuesOf(`server: { listen: "${listen}" }`)).toEqual([
        "1:11 server.listen: listening beyond loopback needs `server.auth.tokens` (or `server.auth.disabled: true`)",
      ]);
      expect(issuesOf(`server: { listen: "${listen}", auth: { disabled: true } }`)).toEqual([]);
      const tokens = `auth: { tokens: [{ name: a, token: secret, roles: [read] }] }`;
      expect(issuesOf(`server: { listen: "${listen}", ${tokens} }`)).toEqual([]);
    },
  );

  test.each<[string, string[]]>([
    ["serve: {}", ['1:1 serve: unknown key; did you mean "server"?']],
    [
      "server: { listne: x }\nledger: { path: y }",
      [
        '1:11 server.listne: unknown key; did you mean "listen"?',
        '2:11 ledger.path: unknown key; expected "url", "password", "tls", "encryptionKey" or "retention"',
      ],
    ],
    ["- a", ["1:1 expected an object; found a list of 1"]],
    ["server: 5", ["1:1 server: expected an object; found a number"]],
    [
      'server: { listen: "9877" }',
      [
        '1:11 server.listen: expected an address such as "127.0.0.1:9877", or ":9877" for every interface; found "9877"',
      ],
    ],
    [
      'server: { listen: "127.0.0.1:70000" }',
      [
        '1:11 server.listen: expected an address such as "127.0.0.1:9877", or ":9877" for every interface; found "127.0.0.1:70000"',
      ],
    ],
    ["server: { listen: 9877 }", ["1:11 server.listen: expected a text; found 9877. Write it in quotes"]],
    ["server: { maxBodyBytes: 20MiB }", ['1:11 server.maxBodyBytes: expected a number; found "20MiB"']],
    ["server: { maxBodyBytes: 1.5 }", ["1:11 server.maxBodyBytes: expected a whole number; found 1.5"]],
    ["server: { maxBodyBytes: 1 }", ["1:11 server.maxBodyBytes: must be at least 1024; found 1"]],
    ["server: { publicUrl: tocsin }", ['1:11 server.publicUrl: expected a URL such as "https://tocsin.example.com"']],
    ...['"tocsin"', '"/"', '"/tocsin/"', '"/a//b"', '"/a b"', '"/../a"', '"/a/./b"', '"/%61"', '""'].map(
      (path): [string, string[]] => [
        `server: { basePath: ${path} }`,
        [`1:11 server.basePath: expected a path such as "/tocsin", without a slash at its end; found ${path}`],
      ],
    ),
    [
      'server: { basePath: "/a?b" }',
      ['1:11 server.basePath: expected a path such as "/tocsin", without a slash at its end'],
    ],
    ...["/api", "/api/v1", "/-/tocsin", "/metrics", "/healthz", "/readyz", "/incidents"].map(
      (path): [string, string[]] => [
        `server: { basePath: ${path} }`,
        [`1:11 server.basePath: must not begin with a path of the service itself, such as "/api"; found "${path}"`],
      ],
    ),
    [
      "server: { tls: { cert: a, key: { file: no/such } } }",
      [`1:27 server.tls.key: cannot read ${join(dir, "no/such")}: ENOENT`],
    ],
    [
      'server: { trustedProxies: ["10.0.0.0/8", "10.0.0.0/33", proxy] }',
      [1, 2].map(
        (n) =>
          `1:${n === 1 ? 42 : 57} server.trustedProxies[${n}]: expected a network such as "10.0.0.0/8" or an address such as "10.0.0.7"; found "${n === 1 ? "10.0.0.0/33" : "proxy"}"`,
      ),
    ],
    ['server: { trustedProxies: "10.0.0.0/8" }', ['1:11 server.trustedProxies: expected a list; found "10.0.0.0/8"']],
    [
      "sources: [{ name: a, hmac: {} }]",
      ['1:22 sources[0].hmac.secret: expected a text, { "file": "/path" } or { "env": "NAME" }'],
    ],
    ['sources: [{ name: a, hmac: { secret: "" } }]', ["1:30 sources[0].hmac.secret: must not be empty"]],
    [
      "sources: [{ name: a, hmac: { secret: { env: NONE } } }]",
      ["1:30 sources[0].hmac.secret: environment variable NONE is not set"],
    ],
    [
      'sources: [{ name: a, hmac: { secret: s, header: "X Signature" } }]',
      ["1:41 sources[0].hmac.header: is not a valid header name"],
    ],
    [
      "sources: [{ name: a, hmac: { secret: s, header: X-A, timestampHeader: x-a } }]",
      ['1:54 sources[0].hmac.timestampHeader: must not be the same as `header`; found "x-a"'],
    ],
    [
      "sources: [{ name: a, hmac: { secret: s, timestamp: X-T } }]",
      ['1:41 sources[0].hmac.timestamp: unknown key; expected "secret", "header" or "timestampHeader"'],
    ],
    [
      "{ server: { auth: { tokens: [{ name: a, token: t, roles: [read] }] } }, sources: [{ name: a, hmac: { secret: s } }] }",
      ["1:85 sources[0].name: must be the name of a token or client with the role `ingest`, because `hmac` is set"],
    ],
    [
      "{ server: { auth: { tokens: [{ name: a, token: t, roles: [ingest] }] } }, changes: { sources: [{ name: a, type: flux, secrets: [s] }] } }",
      ["1:98 changes.sources[0].name: a token or client has this name too"],
    ],
    [
      "sources: [{ name: a }, { name: a }]",
      ['1:26 sources[1].name: must not be the same as an earlier one; found "a"'],
    ],
    ["sources: [{ alertmanager: { urls: [http://a] } }]", ["1:11 sources[0].name: required; expected a text"]],
    ["sources: [{ name: a, alertmanager: {} }]", ["1:22 sources[0].alertmanager.urls: required; expected a list"]],
    [
      "sources: [{ name: a, alertmanager: { urls: [] } }]",
      ["1:38 sources[0].alertmanager.urls: expected at least one URL; found an empty list"],
    ],
    [
      "sources: [{ name: a, alertmanager: { urls: [http://a], every: 10m } }]",
      ['1:56 sources[0].alertmanager.every: must be between 1s and 5m; found "10m"'],
    ],
    [
      "sources: [{ name: a, alertmanager: { urls: [http://a], every: 10 } }]",
      ['1:56 sources[0].alertmanager.every: expected a duration such as "30s", "5m" or "1h30m"; found 10'],
    ],
    [
      "sources: [{ name: a, alertmanager: { urls: [http://a], receiver: tocsin } }]",
      ['1:56 sources[0].alertmanager.receiver: unknown key; expected "urls", "every", "headers" or "tls"'],
    ],
    [
      "sources: [{ name: a, alertmanager: { urls: ['ftp://user:secret@a', 'http://a?filter=secret', 'http://%zz:secret@a'] } }]",
      [
        '1:45 sources[0].alertmanager.urls[0]: expected a URL such as "http://alertmanager:9093"',
        "1:68 sources[0].alertmanager.urls[1]: must not have a query or a fragment",
        "1:94 sources[0].alertmanager.urls[2]: has a user or password that is not URL-encoded",
      ],
    ],
    [
      "sources: [{ name: a, alertmanager: { urls: ['http://u:p@a'], headers: { authorization: 'Bearer secret' } } }]",
      [
        "1:73 sources[0].alertmanager.headers.authorization: must not be used together with a user and password in a URL",
      ],
    ],
    [
      "sources: [{ name: a, alertmanager: { urls: [http://a], headers: { 'a b': c } } }]",
      ['1:67 sources[0].alertmanager.headers["a b"]: is not a valid header name'],
    ],
    [
      'sources: [{ name: a, alertmanager: { urls: [http://a], headers: { a: "secret\\r\\nb: c" } } }]',
      ["1:67 sources[0].alertmanager.headers.a: holds characters that a header must not have"],
    ],
    [
      "sources: [{ name: a, alertmanager: { urls: [{ env: MISSING }], headers: { b: { file: no/such } } } }]",
      [
        "1:45 sources[0].alertmanager.urls[0]: environment variable MISSING is not set",
        `1:75 sources[0].alertmanager.headers.b: cannot read ${join(dir, "no/such")}: ENOENT`,
      ],
    ],
    [
      "sources: [{ name: a, alertmanager: { urls: [https://a], tls: { cert: secret } } }]",
      ["1:57 sources[0].alertmanager.tls: `cert` and `key` need each other"],
    ],
    [
      "sources: [{ name: a, alertmanager: { urls: [https://a], tls: { ca: secret } } }]",
      ["1:64 sources[0].alertmanager.tls.ca: expected the certificates of authorities as PEM"],
    ],
    [
      "server: { auth: { tokens: [{ name: '', token: 5, roles: [admin], more: 1 }] } }",
      [
        "1:30 server.auth.tokens[0].name: must not be empty",
        '1:40 server.auth.tokens[0].token: expected a text, { "file": "/path" } or { "env": "NAME" }; found a number',
        '1:58 server.auth.tokens[0].roles[0]: expected "ingest", "read" or "operate"; found "admin"',
        '1:66 server.auth.tokens[0].more: unknown key; expected "name", "token" or "roles"',
      ],
    ],
    [
      "server:\n  auth:\n    tokens:\n      - name: a\n        token: { env: NOWHERE }\n        roles: []",
      ["6:9 server.auth.tokens[0].roles: expected at least one role; found an empty list"],
    ],
    [
      "server:\n  auth:\n    tokens:\n      - name: a\n        token: { env: NOWHERE }\n        roles: [read]",
      ["5:9 server.auth.tokens[0].token: environment variable NOWHERE is not set"],
    ],
    [
      "server: { auth: { disabled: true, tokens: [{ name: a, token: secret, roles: [read] }] } }",
      ["1:19 server.auth.disabled: must not be true if there are tokens"],
    ],
    [
      `ledger: { url: "postgres://db/tocsin", encryptionKey: "${key}" }`,
      ["1:11 ledger.url: expected a host, a user and a database"],
    ],
    [
      `ledger: { url: "postgres://me:hunter2@db/tocsin?sslmode=prefer", encryptionKey: "${key}" }`,
      ["1:11 ledger.url: sslmode is one of disable, require, verify-ca, verify-full"],
    ],
    [
      'ledger: { url: "postgres://me@db/tocsin" }',
      ["1:1 ledger.encryptionKey: is needed with PostgreSQL: 32 bytes in base64, the same for all replicas"],
    ],
    ["ledger: { password: hunter2 }", ["1:11 ledger.password: applies to PostgreSQL only"]],
    [
      'ledger: { url: "data/tocsin.db" }',
      [
        '1:11 ledger.url: expected a URL such as "sqlite:./data/tocsin.db" or "postgres://tocsin@db.example.com/tocsin"',
      ],
    ],
    ["ledger: { encryptionKey: c2hvcnQ= }", ["1:11 ledger.encryptionKey: expected 32 bytes in base64"]],
    [
      `ledger: { encryptionKey: ["${key}", { env: EMPTY }] }`,
      ["1:75 ledger.encryptionKey[1]: environment variable EMPTY is not set"],
    ],
    [
      "ledger: { retention: 30 }",
      [expect.stringContaining("1:11 ledger.retention: expected a duration such as") as never],
    ],
    [
      "delivery:\n  retry:\n    initial: 10\n    max: 5 minutes",
      [
        expect.stringContaining("3:5 delivery.retry.initial: expected a duration such as") as never,
        expect.stringContaining("4:5 delivery.retry.max: expected a duration such as") as never,
      ],
    ],
    ["delivery: { retry: { initial: 10m } }", ["1:13 delivery.retry.max: must not be shorter than `initial`"]],
    ["delivery: { concurrency: 30s }", ['1:13 delivery.concurrency: expected a number; found "30s"']],
    ["delivery: { concurrency: 0 }", ["1:13 delivery.concurrency: must be at least 1; found 0"]],
    ["targets: {}", ["1:1 targets: expected a list; found an object"]],
    [
      "telemetry: { logs: { level: loud } }",
      [
        '1:22 telemetry.logs.level: expected "fatal", "error", "warn", "info", "debug", "trace" or "silent"; found "loud"',
      ],
    ],
    ["telemetry: { traces: { otlp: x, sample: 2 } }", ["1:33 telemetry.traces.sample: must be at most 1; found 2"]],
    [
      "telemetry: { traces: { otlp: x } }",
      ['1:24 telemetry.traces.otlp: expected a URL such as "http://localhost:4318"'],
    ],
    [
      "telemetry: { heartbeat: {} }",
      ['1:14 telemetry.heartbeat.url: expected a text, { "file": "/path" } or { "env": "NAME" }'],
    ],
    ["discovery: { files: ./targets }", ['1:14 discovery.files: expected a list; found "./targets"']],
    ["discovery: { files: [a, a] }", ["1:14 discovery.files: names a directory twice"]],
    [
      "discovery: { kubernetes: { enabled: yes, namespaces: [], labelSelector: '', resync: 1s, all: true } }",
      [
        '1:28 discovery.kubernetes.enabled: expected true or false; found "yes"',
        "1:42 discovery.kubernetes.namespaces: expected at least one namespace; found an empty list",
        "1:58 discovery.kubernetes.labelSelector: must not be empty: it would read every Secret",
        '1:77 discovery.kubernetes.resync: must not be shorter than 10s; found "1s"',
        '1:89 discovery.kubernetes.all: unknown key; expected "enabled", "namespaces", "labelSelector", "kubeconfig", "resync" or "fallbackAcrossNamespaces"',
      ],
    ],
    [
      "discovery: { kubernetes: { namespaces: [Shop, ../x] } }",
      [
        '1:41 discovery.kubernetes.namespaces[0]: expected the name of a Kubernetes namespace, such as "monitoring"; found "Shop"',
        '1:47 discovery.kubernetes.namespaces[1]: expected the name of a Kubernetes namespace, such as "monitoring"; found "../x"',
      ],
    ],
    [
      "discovery: { policy: { types: [pager], hosts: ['https://x', 'x:1', ''], allowLoopback: 1, allowAll: true } }",
      [
        expect.stringMatching(
          /^1:32 discovery.policy.types\[0\]: expected "all", "pagerduty", .*; found "pager"$/,
        ) as never,
        '1:48 discovery.policy.hosts[0]: expected a host such as "*.example.com", without scheme, port and path',
        '1:61 discovery.policy.hosts[1]: expected a host such as "*.example.com", without scheme, port and path; found "x:1"',
        '1:68 discovery.policy.hosts[2]: expected a host such as "*.example.com", without scheme, port and path; found ""',
        "1:73 discovery.policy.allowLoopback: expected true or false; found 1",
        expect.stringMatching(/^1:91 discovery.policy.allowAll: unknown key; expected "types", /) as never,
      ],
    ],
    ["classification: { provider: llm }", ["1:1 classification.llm: is needed with `provider: llm`"]],
    [
      "classification: { provider: none, bugdet: 2s }",
      ['1:35 classification.bugdet: unknown key; did you mean "budget"?'],
    ],
    [
      "classification: { provider: rules, budget: 11s, criticalBudget: 3s, shapeLabels: [a, a], rules: [{ name: r, severity: warn, when: 'x +', matchers: ['a'] }] }",
      [
        '1:36 classification.budget: must be between 100ms and 10s; found "11s"',
        "1:69 classification.shapeLabels: must not name a label twice; found a list of 2",
        "1:125 classification.rules[0].when: Unexpected token: EOF",
        '1:149 classification.rules[0].matchers[0]: expected =, !=, =~ or !~ at character 2; found "a"',
        '1:109 classification.rules[0].severity: expected "critical", "error", "warning", "info" or "noise"; found "warn"',
      ],
    ],
    [
      "classification: { budget: 1s, criticalBudget: 2s, rules: [{ name: r, severity: noise }, { name: r, severity: info }] }",
      [
        "1:51 classification.rules: must not have two rules of one name; found a list of 2",
        '1:31 classification.criticalBudget: must not be longer than `budget`; found "2s"',
      ],
    ],
    [
      "classification: { provider: llm, llm: { api: anthropic, baseUrl: 'http://llm.example.com/v1', model: m } }",
      [
        "1:57 classification.llm.baseUrl: plain http is only allowed to this machine; use https, or set `allowInsecure: true`",
        '1:34 classification.llm.apiKey: is needed with `api: "anthropic"`',
      ],
    ],
    [
      "classification: { provider: llm, llm: { api: openai, baseUrl: 'https://user:PLANTED@llm.example.com/v1', model: m, apiKey: 'two words' } }",
      [
        "1:54 classification.llm.baseUrl: must not hold a user or password; use `apiKey`",
        "1:116 classification.llm.apiKey: holds characters that a header must not have",
      ],
    ],
    [
      "classification: { provider: llm, llm: { api: openai, baseUrl: 'https://llm.example.com/v1?key=PLANTED', model: m, apiKey: { env: MISSING } } }",
      [
        "1:54 classification.llm.baseUrl: must not have a query or a fragment",
        "1:115 classification.llm.apiKey: environment variable MISSING is not set",
      ],
    ],
    [
      "canary: { every: 1s }\ncanaries: []",
      [
        '1:11 canary.every: must be between 5s and 24h; found "1s"',
        "1:1 canary.target: required; expected a text",
        expect.stringMatching(/^2:1 canaries: unknown key; expected "server", .* or "canary"$/) as never,
      ],
    ],
    [
      "changes: { kubernetes: { enabled: true } }",
      ["1:12 changes.kubernetes.namespaces: expected at least one namespace"],
    ],
    ["a: 1\na: 2", ["2:1 Map keys must be unique"]],
    ["server: { listen: x", [expect.stringContaining("1:20 Flow map") as never]],
  ])("with the text %j is refused with every issue and its line", (text, issues) => {
    expect(issuesOf(text)).toEqual(issues);
  });

  test("that does not exist, or is no file, is refused with its path", () => {
    expect(() => loadConfig("missing.yaml", { cwd: dir, env })).toThrow(`${join(dir, "missing.yaml")}: no such file`);
    expect(() => loadConfig(".", { cwd: dir, env })).toThrow("cannot be read (EISDIR)");
  });

  test.each(["s3cret\n", "s3cret\r\n\n", "\uFEFFs3cret\n", "s3cret"])(
    "reads a token %j without byte order mark and final newlines, from a file, the environment and the text itself",
    (token) => {
      writeFileSync(join(dir, "token"), token);
      for (const input of ["{ file: token }", "{ env: TOKEN }", JSON.stringify(token)]) {
        const tokens = `[{ name: x, token: ${input}, roles: [read] }]`;
        writeFileSync(join(dir, "tocsin.yaml"), `server: { auth: { tokens: ${tokens} } }\n`);
        const { server } = loadConfig("tocsin.yaml", { cwd: dir, env: { TOKEN: token } });
        expect(server.tokens.map(({ value }) => value)).toEqual(["s3cret"]);
      }
    },
  );

  test("merges mappings with <<, and ignores top-level keys that begin with x-", () => {
    const { targets, delivery } = load(
      `x-common: &common { type: pagerduty, region: eu }
x-remind: { remind: 1h }
targets:
  - { <<: *common, name: a }
  - { <<: [*common], name: b, region: us }
delivery: { retry: { max: 1m } }
`,
    );
    expect(targets).toEqual([
      { type: "pagerduty", region: "eu", name: "a" },
      { type: "pagerduty", region: "us", name: "b" },
    ]);
    expect(delivery.retry.max).toBe(60_000);
    expect(issuesOf("y-other: 1\n")).toEqual([expect.stringContaining("y-other")]);
  });

  test.each(["*:9877", "http://127.0.0.1:9877", "under score:1", "a..b:1"])(
    "refuses %j as an address to listen on",
    (listen) => {
      expect(issuesOf(`server: { listen: ${JSON.stringify(listen)} }\n`)).toEqual([
        expect.stringContaining('server.listen: expected an address such as "127.0.0.1:9877", or ":9877"'),
      ]);
    },
  );

  test("with too many aliases is refused", () => {
    const bomb = ["a: &a [x, x, x, x, x, x, x, x, x]"];
    for (const [from, to] of ["ab", "bc", "cd", "de", "ef"])
      bomb.push(`${to}: &${to} [${Array(9).fill(`*${from}`).join(", ")}]`);
    expect(issuesOf(bomb.join("\n"))).toEqual(["too many aliases"]);
  });

  test("never repeats a secret that it refuses", () => {
    const secret = "planted secret with blanks";
    const text = `server: { auth: { tokens: [{ name: a, token: "${secret}", roles: [read] }] } }\nledger: { encryptionKey: "${secret}" }`;
    const issues = issuesOf(text);
    expect(issues).toHaveLength(2);
    expect(issues.join("\n")).not.toContain(secret);
  });
});
