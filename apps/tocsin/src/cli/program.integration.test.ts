import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Simulator } from "@tocsin/simulator";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatAddress } from "../config/address.ts";
import { startService, type TestService } from "../service.fixture.ts";
import { runProgram } from "./program.ts";
import { table } from "./table.ts";
import { runIn, TestTerminal } from "./terminal.fixture.ts";

const dir = mkdtempSync(join(tmpdir(), "tocsin-cli-"));
afterAll(() => rmSync(dir, { recursive: true }));

const tocsin = (args: readonly string[], env?: Record<string, string>) => runIn(dir, args, env);

const write = (name: string, text: string) => {
  writeFileSync(join(dir, name), text);
  return name;
};

describe("usage", () => {
  test.each([["--help"], ["help"], ["serve", "--help"], ["incidents", "list", "--help"], ["--version"]])(
    "%s %s is supported",
    async (...args) => {
      const { code, stdout, stderr } = await tocsin(args.filter((arg) => arg !== undefined));
      expect([code, stderr, stdout.length > 3]).toEqual([0, "", true]);
    },
  );

  test.each([
    [["frobnicate"], "unknown command 'frobnicate'"],
    [["--frobnicate"], "unknown option '--frobnicate'"],
    [["explain"], "expected one of a fingerprint, --matcher and --alert"],
    [["explain", "f", "--matcher", "a=b"], "expected one of a fingerprint, --matcher and --alert"],
    [["explain", "--alert", "f", "--matcher", "a=b"], "expected one of a fingerprint, --matcher and --alert"],
    [["alerts", "list", "--received", "all"], "Allowed choices are none"],
    [["incidents", "lst"], "unknown command 'lst'"],
    [["send", "trigger"], "missing required options: --routing-key, --summary, --source"],
    [["send", "trigger", "--summary", "x", "--routing-key", "k"], "missing required options: --source"],
    [
      ["send", "trigger", "--summary", "x", "--source", "y", "--severity", "bad", "--routing-key", "k"],
      "Allowed choices",
    ],
    [["send", "resolve", "--dedup-key", "x"], "missing required options: --routing-key"],
    [["send", "change", "--summary", "s", "--routing-key", "k"], "--routing-key and --region need --direct"],
    [["send", "change", "--summary", "", "--direct"], "missing required options: --routing-key, --summary"],
    [["send", "change"], "missing required options: --summary"],
    [
      ["send", "change", "--summary", "s", "--direct", "--routing-key", "k", "--label", "a=b", "--id", "7"],
      "only the service takes --id, --label: omit --direct",
    ],
    [["send", "change", "--summary", "x", "--label", "y"], "--label: expected NAME=VALUE"],
    [["ledger", "copy"], "missing required options: --from, --to"],
    [["ledger", "restore", "--from", "x"], "missing required options: --to"],
    [["ledger", "backup"], "missing required options: --to"],
    [["config", "check", "extra"], "too many arguments"],
  ])("%j is wrong usage: exit code 2", async (args, message) => {
    const { code, stderr } = await tocsin(args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  test("help marks the options that an event needs", async () => {
    const { stdout } = await tocsin(["send", "resolve", "--help"]);
    expect(stdout).toMatch(/--dedup-key <key> +required: /);
    expect(stdout).toMatch(/--routing-key <key> +required: [^-]*PAGERDUTY_ROUTING_KEY/);
  });

  test("help names the environment variables and --listen", async () => {
    expect((await tocsin(["incidents", "list", "--help"])).stdout).toMatch(/TOCSIN_URL[\s\S]*TOCSIN_TOKEN/);
    expect((await tocsin(["serve", "--help"])).stdout).toContain("--listen <address>");
    const { stdout } = await tocsin(["stats", "--help"], { TOCSIN_TOKEN: "planted-token" });
    expect(stdout.replace(/\s+/g, " ")).toContain("(environment: TOCSIN_TOKEN) (default: the value of TOCSIN_TOKEN)");
    expect(stdout).not.toContain("planted-token");
  });

  test("--help loads neither the HTTP server nor the logger", () => {
    const script = `
      process.argv = [process.argv[0], "tocsin", "--help"];
      const { registerHooks } = await import("node:module");
      registerHooks({ load: (url, context, next) => { console.error(url); return next(url, context); } });
      await import(${JSON.stringify(new URL("../main.mjs", import.meta.url).href)});`;
    const args = ["--conditions=@tocsin/source", "--input-type=module", "--eval", script];
    const { stdout, stderr: loaded } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(stdout).toContain("Usage: tocsin");
    expect(loaded).toContain("commander");
    expect(loaded).not.toMatch(/fastify|pino|zod/);
  });
});

/** A configuration with one target, and further text. */
const target = (more: string) =>
  `targets:\n  - name: pager\n    type: pagerduty\n    routing_key: { env: KEY }\n${more}`;

describe("config", () => {
  const env = { KEY: "R0UT1NGKEY0123456789abcdefABCDEF" };

  test("check accepts a valid configuration", async () => {
    const { code, stdout, stderr } = await tocsin(
      ["config", "check", "--config", write("right.yaml", target(""))],
      env,
    );
    expect([code, stdout, stderr]).toEqual([0, "right.yaml: ok, 1 target\n", ""]);
  });

  test.each(["HTTPS_PROXY", "http_proxy", "ALL_PROXY"])("check reports %s that serve would refuse", async (name) => {
    const proxied = { ...env, [name]: "socks5://user:hunter2@proxy.example.com" };
    const file = write(
      "proxied.yaml",
      `server: { listen: "127.0.0.1:0" }\nledger: { url: "sqlite::memory:" }\n${target("")}`,
    );
    const checked = await tocsin(["config", "check", "--config", file], proxied);
    expect(checked).toMatchObject({
      code: 78,
      stderr: expect.stringContaining(`${name} must be an http or https URL`),
    });
    expect(checked.stderr).not.toContain("hunter2");
    const served = await tocsin(["serve", "--config", file], proxied);
    expect(served).toMatchObject({ code: 1, stderr: expect.stringContaining(`${name} must be an http or https URL`) });
  });

  test("check reports all mistakes with lines, wrong targets included", async () => {
    const both = write(
      "both.yaml",
      `${target("    timeout: 5\n    frobnicate: 1\n")}  - { name: pager, type: nope }\n`,
    );
    const { code, stdout, stderr } = await tocsin(["config", "check", "--config", both], env);
    expect([code, stdout]).toEqual([78, ""]);
    expect(stderr).toMatch(/^both\.yaml:5:5: targets\[0\]\.timeout: expected a duration/m);
    expect(stderr).toMatch(/^both\.yaml:6:5: targets\[0\]\.frobnicate: unknown key/m);
    expect(stderr).toMatch(/^both\.yaml:7:\d+: targets\[1\]/m);
    expect(stderr).not.toContain(env.KEY);
  });

  test.each([
    ["a wrong key", "serve: 1\n", /^worse\.yaml:1:1: serve: unknown key/m],
    [
      "a missing secret",
      "ledger: { encryptionKey: { env: NOPE } }\n",
      /^worse\.yaml:1:\d+: ledger\.encryptionKey: .*NOPE/m,
    ],
  ])("check reports wrong targets beside %s", async (_, first, mistake) => {
    const worse = write("worse.yaml", `${first}${target("    frobnicate: 1\n")}`);
    const { code, stderr } = await tocsin(["config", "check", "--config", worse], env);
    expect([code, stderr.trim().split("\n").length]).toEqual([78, 2]);
    expect(stderr).toMatch(mistake);
    expect(stderr).not.toContain(env.KEY);
    expect(stderr).toMatch(/^worse\.yaml:6:5: targets\[0\]\.frobnicate: unknown key/m);
  });

  test("check reads directories of targets", async () => {
    mkdirSync(join(dir, "some-targets"));
    write("some-targets/a.json", '[{"name": "a", "type": "pagerduty"}]');
    const file = write("files.yaml", "discovery: { files: [./some-targets, nowhere] }");
    const { code, stderr } = await tocsin(["config", "check", "--config", file]);
    expect([code, stderr.split("\n")]).toEqual([
      78,
      [
        expect.stringMatching(
          /^files\.yaml: discovery\.files\[1\]: cannot read the directory \S*nowhere: no such directory\. A running service keeps/,
        ),
        expect.stringMatching(/^some-targets\/a\.json\[0\]: routing_key: required/),
        "",
      ],
    ]);
  });

  test("check does not say that alerts are not sent if a directory of targets cannot be read", async () => {
    const file = write("away.yaml", "discovery: { files: [./away.d] }");
    const { code, stderr } = await tocsin(["config", "check", "--config", file]);
    expect([code, stderr]).toEqual([
      78,
      expect.stringMatching(
        /^away\.yaml: discovery\.files\[0\]: cannot read the directory \S*away\.d: no such directory\. A running service keeps the targets that it found there last, also after a restart\n$/,
      ),
    ]);
  });

  test.each<[string, string, string]>([
    ["no targets", "delivery: {}\n", "no target can receive alerts (none is configured)"],
    ["an empty list of targets", "targets: []\n", "no target can receive alerts (none is configured)"],
    ["disabled targets", target("    enabled: false\n"), "no target can receive alerts (1 disabled)"],
    ["targets that are shadows", target("    mode: shadow\n"), "no target can receive alerts (1 shadow)"],
    ["an empty directory of targets", "discovery: { files: [./no-targets] }\n", "no target can receive alerts"],
    ["a missing fallback", target("    fallback: unknown\n"), 'there is no target named "unknown"'],
  ])("check warns about %s, and fails with --strict", async (_, text, warning) => {
    mkdirSync(join(dir, "no-targets"), { recursive: true });
    const args = ["config", "check", "--config", write("warned.yaml", text)];
    const { code, stderr } = await tocsin(args, env);
    expect([code, stderr]).toEqual([0, expect.stringContaining(warning)]);
    const strict = await tocsin([...args, "--strict"], env);
    expect([strict.code, strict.stdout]).toEqual([78, ""]);
  });

  test("check does not warn if targets come from Secrets, or events go to the simulator", async () => {
    const secrets = write("secrets.yaml", "discovery: { kubernetes: { enabled: true } }\n");
    rmSync(join(dir, "tocsin.yaml"), { force: true });
    for (const args of [["--config", secrets], []]) {
      const { code, stderr } = await tocsin(["config", "check", "--strict", ...args]);
      expect([code, stderr]).toEqual([0, ""]);
    }
  });

  test("check prints JSON", async () => {
    const { code, stdout } = await tocsin(["config", "check", "--config", write("wrong.yaml", "serve: 1"), "--json"]);
    expect([code, JSON.parse(stdout)]).toEqual([
      78,
      {
        file: "wrong.yaml",
        issues: [{ path: "serve", message: 'unknown key; did you mean "server"?', place: { line: 1, column: 1 } }],
        warnings: [],
      },
    ]);
  });

  test("schema prints a JSON Schema that accepts valid configurations and refuses wrong ones", async () => {
    const { code, stdout } = await tocsin(["config", "schema"]);
    const { Ajv2020 } = await import("ajv/dist/2020.js");
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(JSON.parse(stdout) as object);
    expect(code).toBe(0);
    const right = {
      server: { listen: "127.0.0.1:1", auth: { tokens: [{ name: "a", token: { env: "T" }, roles: ["read"] }] } },
      delivery: { retry: { max: "5m" }, remind: 0 },
      targets: [
        { name: "p", type: "pagerduty", routing_key: { file: "k" }, metadata: { a: [1, { b: null }] } },
        { name: "s", type: "slack", webhook_url: { env: "U" }, template: { custom_details: { a: [{}] } } },
        { name: "h", type: "webhook", signing_secret: [{ env: "S" }], template: { custom_details: { a: [{}] } } },
      ],
      discovery: { files: ["./targets"], kubernetes: { enabled: true, kubeconfig: null } },
    };
    expect([validate(right), validate.errors]).toEqual([true, null]);
    for (const wrong of [
      { serve: {} },
      { server: { tls: { cert: "a" } } },
      { delivery: { remind: 5 } },
      { targets: [{ name: "p", type: "pagerduty", frobnicate: 1 }] },
      { targets: [{ name: "s", type: "slack", routing_key: "k" }] },
      { targets: [{ name: "h", type: "webhook", routing_key: "k" }] },
      { discovery: { kubernetes: { enabled: true, namespaces: [] } } },
    ]) {
      expect([wrong, validate(wrong)]).toEqual([wrong, false]);
    }
  });
});

const topKeys =
  '"server", "ledger", "targets", "discovery", "sources", "delivery", "classification", "changes", "telemetry", "selfAlerts", "callbacks" or "canary"';

describe("serve", () => {
  test("exits with 78 and a list of mistakes for a wrong configuration, or a wrong key in the environment", async () => {
    const wrong = await tocsin(["--config", write("wrong.yaml", "a: 1\nb: 2")]);
    expect([wrong.code, wrong.stderr]).toEqual([
      78,
      [1, 2]
        .map((line) => `${join(dir, "wrong.yaml")}:${line}:1: ${"ab"[line - 1]}: unknown key; expected ${topKeys}\n`)
        .join(""),
    ]);
    const missing = await tocsin(["serve", "--config", "nowhere.yaml"]);
    expect([missing.code, missing.stderr]).toEqual([78, `${join(dir, "nowhere.yaml")}: no such file\n`]);
    const key = await tocsin(["serve"], { PAGERDUTY_ROUTING_KEY: "too-short-secret" });
    expect([key.code, key.stderr]).toEqual([78, expect.stringContaining("PAGERDUTY_ROUTING_KEY")]);
    expect(key.stderr).not.toContain("too-short-secret");
  });

  test("runs until a stop signal, reloads at a reload signal, and exits with 0", async () => {
    await using simulator = new Simulator();
    const { url } = await simulator.listen();
    const config = (name: string) =>
      write(
        "serve.yaml",
        `server: { listen: "127.0.0.1:0" }\nledger: { url: "sqlite:deep/er/tocsin.db" }\n` +
          `targets: [{ name: ${name}, type: pagerduty, url: "${url}", routing_key: "R0UT1NGKEY0123456789abcdefABCDEF" }]\n`,
      );
    const terminal = new TestTerminal(dir);
    const running = runProgram(["--config", config("first")], terminal);
    const until = async (text: RegExp) => {
      for (
        const sinceMs = Date.now();
        Date.now() - sinceMs < 10_000;
        await new Promise((done) => setTimeout(done, 10))
      ) {
        const found = text.exec(terminal.stdout + terminal.stderr);
        if (found) return found;
      }
      throw new Error(`not written within 10 s: ${String(text)}`);
    };
    const [, address] = await until(/"address":"([^"]+)"/);
    const service = `http://${address}`;
    expect(terminal.stdout).toBe("");
    expect(terminal.signals).toEqual(["SIGHUP", "SIGINT", "SIGTERM"]);
    config("second");
    terminal.send("SIGHUP");
    await until(/config_reloaded/);
    const { targets } = (await (await fetch(`${service}/api/v1/targets`)).json()) as { targets: { name: string }[] };
    expect(targets.map(({ name }) => name)).toEqual(["second"]);
    terminal.send("SIGTERM");
    expect(await running).toBe(0);
    expect(JSON.parse(terminal.stderr.trimEnd().split("\n").at(-1)!)).toMatchObject({ level: "info", msg: "Stopped" });
    expect(terminal.signals).toEqual([]);
    await expect(fetch(`${service}/healthz`)).rejects.toThrow("fetch failed");
  });
});

describe("serve refuses in one sentence, without a stack,", () => {
  const ledger = (path: string) =>
    write("ledger.yaml", `server: { listen: "127.0.0.1:0" }\nledger: { url: "sqlite:${path}" }\n`);
  write("a-file", "");
  mkdirSync(join(dir, "a-directory.db.key"), { recursive: true });
  mkdirSync(join(dir, "ledger.db"), { recursive: true });
  write("bad.db.key", "no key");

  test.each([
    ["a file in place of a directory", "a-file/tocsin.db", "Cannot create the directory"],
    ["a path through a device", "/dev/null/deep/tocsin.db", "Cannot create the directory /dev/null/deep"],
    ["a directory in place of the ledger", "ledger.db", "cannot be opened"],
    ["a directory in place of the key file", "a-directory.db", "Cannot use the ledger's key file"],
    ["a key file without a key", "bad.db", "Cannot use the ledger's key file"],
  ])("%s", async (_, path, message) => {
    const { code, stdout, stderr } = await tocsin(["serve", "--config", ledger(path)]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test("an invalid listen address, and missing tokens for --listen beyond loopback", async () => {
    const star = write("star.yaml", 'server: { listen: "*:9877" }\n');
    for (const command of [["serve"], ["config", "check"]])
      expect(await tocsin([...command, "--config", star])).toMatchObject({
        code: 78,
        stderr: expect.stringContaining("server.listen: expected an address"),
      });
    expect(await tocsin(["serve", "--config", write("plain.yaml", "{}\n"), "--listen", "0.0.0.0:0"])).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/^--listen 0\.0\.0\.0:0: listening beyond loopback needs `server\.auth\.tokens`/),
    });
    expect(await tocsin(["serve", "--listen", "9877"])).toEqual({
      code: 2,
      stdout: "",
      stderr: '--listen 9877: expected an address such as "127.0.0.1:9877", or ":9877" for every interface\n',
    });
  });
});

test("simulator runs until a signal stops it", async () => {
  const terminal = new TestTerminal(dir);
  const running = runProgram(["simulator", "--listen", "127.0.0.1:0", "--listen-eu", "127.0.0.1:0"], terminal);
  while (!terminal.stdout.includes("Its incidents")) await new Promise((done) => setTimeout(done, 5));
  const [us, eu] = Array.from(terminal.stdout.matchAll(/http:\/\/127\.0\.0\.1:\d+/g), ([url]) => url);
  expect(us).not.toBe(eu);
  expect(await (await fetch(`${us}/_sim/incidents`)).json()).toEqual([]);
  terminal.send("SIGINT");
  expect(await running).toBe(0);
  const wrong = await tocsin(["simulator", "--listen", "nowhere"]);
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("--listen nowhere: expected an address")]);
});

/** Returns the exit code and the error message. */
const fails = async (args: readonly string[]) => {
  const { code, stderr } = await tocsin(args);
  return [code, stderr.trim()];
};

describe("operator commands", () => {
  let service: TestService;
  let url: string;
  beforeAll(async () => {
    service = await startService();
    url = `http://${formatAddress(service.tocsin.address)}`;
    const alert = {
      status: "firing",
      fingerprint: "f1",
      labels: { alertname: "A", severity: "critical" },
      annotations: { summary: "red \u001B[31malert\u001B[0m" },
    };
    await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts: [alert] });
    await service.until("it is sent", () => service.simulator.incidents()[0]);
    await service.until("that is settled", async () => {
      const { body } = await service.ask("GET", "/api/v1/incidents");
      return body.incidents[0].state === "told" || undefined;
    });
  });
  afterAll(() => service[Symbol.asyncDispose]());

  test("print the API's responses as tables and lines", async () => {
    const at = ["--url", url];
    const incidents = await tocsin(["incidents", "list", ...at]);
    expect(incidents.stdout).toMatch(
      /^ID +TARGET +STATE +REASON +SEVERITY +UPDATED +SUMMARY\n\d+ +pager +told +delivered +critical/,
    );
    expect(incidents.stdout).not.toContain("\u001B");
    const explained = await tocsin(["explain", "f1"], { TOCSIN_URL: url });
    expect(explained).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /^f1 \(A\) is firing\nlabels: .*\npager: told, delivered, incident \d+\n {2}\S+Z {2}trigger/,
      ),
    });
    expect((await tocsin(["targets", "list", ...at])).stdout).toMatch(/\npager +pagerduty +ready +targets\[0\] +http:/);
    expect((await tocsin(["deadletters", "list", ...at])).stdout).toMatch(/^ID +INCIDENT/);
    const [id] = /^\d+/m.exec(incidents.stdout) ?? [];
    expect(JSON.parse((await tocsin(["incidents", "show", String(id), ...at])).stdout)).toMatchObject({
      dedupKey: "f1",
    });
    expect((await tocsin(["incidents", "list", "--state", "closed", ...at])).stdout.trim().split("\n")).toHaveLength(1);
  });

  test("explain and list alerts by their labels, and explain one that was never received", async () => {
    const at = ["--url", url];
    const matching = await tocsin(["explain", "--matcher", "alertname=A", "--matcher", "severity=~crit.*", ...at]);
    expect(matching.stdout).toMatch(/^f1 \(A\) is firing\nlabels: .*\npager: told, delivered/);
    expect((await tocsin(["explain", "--matcher", "alertname=B", ...at])).stdout).toBe("No alert matches\n");
    const listed = await tocsin(["alerts", "list", "--matcher", "alertname=A", ...at]);
    expect(listed.stdout).toMatch(/^FINGERPRINT +STATUS .*\nf1 +firing +A +\S+Z +pager: told, delivered\n$/);
    const none = await tocsin(["alerts", "list", "--received", "none", "--json", ...at]);
    expect(JSON.parse(none.stdout)).toEqual({ alerts: [] });
    expect((await tocsin(["alerts", "list", "--limit", "1", ...at])).stderr).toBe("");
    const file = write("alert.json", '{"labels": {"alertname": "New", "severity": "info"}}');
    const imagined = await tocsin(["explain", "--alert", file, ...at]);
    expect(imagined.stdout).toMatch(/^\S+ \(New\) is firing\nlabels: severity="info"\npager: due, would_tell\n$/);
    expect(await fails(["explain", "--alert", "nowhere.json", ...at])).toEqual([
      1,
      "--alert: cannot read nowhere.json: ENOENT",
    ]);
    const broken = write("broken.json", "{");
    expect(await fails(["explain", "--alert", broken, ...at])).toEqual([1, expect.stringContaining("is not JSON")]);
    const refused = await fails(["alerts", "list", "--matcher", "a", ...at]);
    expect(refused).toEqual([1, expect.stringMatching(/^400: .*\n {2}matcher: expected =/)]);
    expect(await fails(["alerts", "list", "--limit", "0", ...at])).toEqual([1, expect.stringContaining("limit:")]);
    expect(await fails(["alerts", "list", "--limit", "x", ...at])).toEqual([1, expect.stringContaining("limit:")]);
  });

  test("acknowledge and resolve an incident, show a target, count, and reload", async () => {
    const { stdout } = await tocsin(["incidents", "list", "--json", "--url", url]);
    const { incidents } = JSON.parse(stdout) as { incidents: { id: number }[] };
    const id = String(incidents[0]?.id);
    expect(await tocsin(["incidents", "acknowledge", id, "--url", url])).toMatchObject({
      code: 0,
      stdout: `Incident ${id} is acknowledged. Its target will be notified.\n`,
    });
    await service.until(
      "it is acknowledged there",
      () => service.simulator.incidents()[0]?.status === "acknowledged" || undefined,
    );
    expect((await tocsin(["incidents", "resolve", id, "--url", url])).stdout).toContain(`${id} is resolved`);
    await service.until(
      "it is resolved there",
      () => service.simulator.incidents()[0]?.status === "resolved" || undefined,
    );
    expect(await fails(["incidents", "resolve", "999", "--url", url])).toEqual([1, "404: no such open incident"]);
    expect(JSON.parse((await tocsin(["targets", "show", "pager", "--url", url])).stdout)).toMatchObject({
      name: "pager",
      state: "ready",
    });
    expect((await tocsin(["stats", "--url", url])).stdout).toMatch(/^WHAT .*\nalerts +firing +1\n/);
    expect(await tocsin(["reload", "--url", url])).toMatchObject({
      code: 0,
      stdout: "The configuration was reloaded\n",
    });
  });

  test("say that a list has more rows", async () => {
    const alerts = ["m1", "m2"].map((fingerprint) => ({ status: "firing", fingerprint, labels: { alertname: "M" } }));
    await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts });
    const first = await tocsin(["incidents", "list", "--limit", "1", "--url", url]);
    const [, cursor] = /^There are more. Show them with --cursor (\S+), or raise --limit.\n$/.exec(first.stderr) ?? [];
    const second = await tocsin(["incidents", "list", "--limit", "1", "--cursor", String(cursor), "--url", url]);
    expect(second.stdout.split("\n")[1]).not.toBe(first.stdout.split("\n")[1]);
    expect((await tocsin(["incidents", "list", "--url", url])).stderr).toBe("");
  });

  test("list alerts page by page until the limit, and say that there may be more", async () => {
    await using many = await startService(() => ({ targets: [] }));
    const at = ["--url", `http://${formatAddress(many.tocsin.address)}`];
    const alerts = Array.from({ length: 1_500 }, (_, n) => ({
      status: "firing",
      labels: { alertname: n === 1_499 ? "Last" : "A", n: String(n) },
    }));
    await many.ask("POST", "/api/v1/webhook/alertmanager", { alerts });
    // More than the service searches at once.
    const last = JSON.parse((await tocsin(["alerts", "list", "--matcher", "alertname=Last", "--json", ...at])).stdout);
    expect(last).toMatchObject({ alerts: [{ labels: { n: "1499" }, reason: "no_target" }] });
    const some = await tocsin(["alerts", "list", "--limit", "1200", ...at]);
    expect(some.stdout.split("\n")).toHaveLength(1_200 + 2);
    const [, cursor] = /^There are more. Show them with --cursor (\S+), or raise --limit.\n$/.exec(some.stderr) ?? [];
    const rest = await tocsin(["alerts", "list", "--cursor", String(cursor), "--limit", "2000", ...at]);
    expect([rest.stdout.split("\n").length, rest.stderr]).toEqual([300 + 2, ""]);
  });

  test("show an open breaker in the list of targets", async () => {
    await using broken = await startService((receiver) => ({
      targets: [{ name: "pager", type: "pagerduty", url: receiver, routing_key: "R0UT1NGKEY0123456789abcdefABCDEF" }],
      delivery: { retry: { initial: "10ms", max: "50ms" } },
    }));
    broken.simulator.setFaults([{ kind: "answer", status: 500 }]);
    const alerts = ["a", "b"].map((name) => ({ status: "firing", labels: { alertname: name } }));
    await broken.ask("POST", "/api/v1/webhook/alertmanager", { alerts });
    const at = ["--url", `http://${formatAddress(broken.tocsin.address)}`];
    const line = await broken.until("the breaker opens", async () => {
      const { stdout } = await tocsin(["targets", "list", ...at]);
      return stdout.includes("breaker") ? stdout : undefined;
    });
    expect(line).toMatch(/\npager +pagerduty +failing \(breaker open, next try at \S+Z\) +targets\[0\]/);
  });

  test("print the response unchanged with --json", async () => {
    for (const args of [
      ["incidents", "list"],
      ["explain", "f1"],
      ["targets", "list"],
      ["deadletters", "list"],
    ]) {
      const { code, stdout } = await tocsin([...args, "--json", "--url", url]);
      expect([args, code, Object.keys(JSON.parse(stdout) as object).length > 0]).toEqual([args, 0, true]);
    }
  });

  test("fail with exit code 1 and the service's message", async () => {
    expect(await fails(["explain", "unknown", "--url", url])).toEqual([1, "404: no such alert"]);
    expect(await fails(["deadletters", "replay", "7", "--url", url])).toEqual([1, "404: no such dead letter"]);
    for (const option of [["--dry-run"], ["--all"], ["--target", "a"], ["--before", "x"], ["--matcher", "a=b"]])
      expect(await fails(["deadletters", "replay", "7", ...option, "--url", url])).toEqual([
        2,
        "deadletters replay: expected an id, or --all with filters, not both",
      ]);
    expect(await fails(["deadletters", "drop", "7", "--url", url])).toEqual([1, "404: no such dead letter"]);
    const state = await fails(["incidents", "list", "--state", "x", "--url", url]);
    expect(state).toEqual([1, expect.stringMatching(/^400: .*\n {2}state: expected one of/)]);
    expect(await fails(["targets", "list", "--url", "http://127.0.0.1:9"])).toEqual([
      1,
      "cannot reach http://127.0.0.1:9: ECONNREFUSED",
    ]);
    expect(await fails(["targets", "list", "--url", "nowhere"])).toEqual([2, expect.stringContaining("--url")]);
    expect(await fails(["targets", "list", "--url", url, "--ca", "nowhere.pem"])).toEqual([
      1,
      expect.stringContaining("--ca: cannot read"),
    ]);
    expect(await fails(["targets", "list", "--url", service.simulatorUrl])).toEqual([
      1,
      expect.stringContaining("404"),
    ]);
  });

  test("name the option of the token when the service demands one", async () => {
    await using guarded = await startService(() => ({
      server: { auth: { tokens: [{ name: "people", token: "a-token-of-the-people", roles: ["read"] }] } },
    }));
    const at = ["doctor", "--url", `http://${formatAddress(guarded.tocsin.address)}`];
    expect(await fails(at)).toEqual([1, "401: a bearer token is needed (--token, or TOCSIN_TOKEN)"]);
    expect(await fails([...at, "--token", "another"])).toEqual([
      1,
      "401: the bearer token is not known (--token, or TOCSIN_TOKEN)",
    ]);
  });

  test("send change records a change at the service, which changes list shows", async () => {
    const sending = ["send", "change", "--summary", "Deployed shop", "--id", "build-7", "--label", "service=shop"];
    const more = ["--source", "ci", "--environment", "prod", "--link", "https://ci.example.com/7", "--url", url];
    const sent = await tocsin([...sending, ...more]);
    expect(sent).toEqual({ code: 0, stdout: "The service recorded the change build-7\n", stderr: "" });
    const listed = await tocsin(["changes", "list", "--matcher", "service=shop", "--url", url]);
    const { changes } = JSON.parse((await tocsin(["changes", "list", "--json", "--url", url])).stdout);
    expect(changes).toMatchObject([
      { id: "build-7", labels: { service: "shop" }, links: [{ href: "https://ci.example.com/7" }] },
    ]);
    const [, fingerprint = ""] =
      /^FINGERPRINT .*\n(\S+) +\S+ +default +ci +prod +Deployed shop\n$/.exec(listed.stdout) ?? [];
    expect(fingerprint).toBe(changes[0].fingerprint);
    const explained = await tocsin(["explain", fingerprint, "--url", url]);
    expect(explained.stdout).toContain('is the change "Deployed shop" of default');
    expect(explained.stdout).toContain("no_changes");
    expect((await tocsin(["changes", "list", "--since", "noon", "--url", url])).stderr).toContain("since");
  });

  test("send talks to PagerDuty directly", async () => {
    const key = "SENDSENDSENDSENDSENDSENDSENDSEND";
    const send = (...args: string[]) =>
      tocsin(["send", ...args, "--url", service.simulatorUrl], { PAGERDUTY_ROUTING_KEY: key });
    const incident = () => service.simulator.incidents().find(({ dedup_key }) => dedup_key === "manual");
    const triggered = await send("trigger", "--summary", "manually", "--source", "me", "--dedup-key", "manual");
    expect(triggered).toEqual({ code: 0, stdout: "PagerDuty accepted the trigger (dedup key manual)\n", stderr: "" });
    expect(incident()).toMatchObject({ status: "triggered", severity: "error" });
    await send("acknowledge", "--dedup-key", "manual");
    expect(incident()?.status).toBe("acknowledged");
    expect(JSON.parse((await send("resolve", "--dedup-key", "manual", "--json")).stdout)).toMatchObject({
      dedupKey: "manual",
    });
    expect(incident()?.status).toBe("resolved");
    expect(await send("change", "--summary", "deployed", "--direct")).toMatchObject({ code: 0 });
    expect(service.simulator.changes()).toHaveLength(1);
    const refused = await tocsin(["send", "resolve", "--dedup-key", "x", "--routing-key", "short-secret"]);
    expect(refused).toEqual({
      code: 2,
      stdout: "",
      stderr: "Nothing was sent. --routing-key: must be 32 letters and digits\n",
    });
    expect(refused.stderr).not.toContain("short-secret");
  });
});

test("a table is as wide as its content, and control characters in it have no effect", () => {
  expect(
    table(
      ["A", "LONG"],
      [
        ["\u001B[2Jx", 1],
        [undefined, null],
        ["wider", "y\n"],
      ],
    ),
  ).toBe("A      LONG\n�[2Jx  1\n\nwider  y�\n");
});
