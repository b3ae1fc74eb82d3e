import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runIn } from "./terminal.fixture.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "tocsin-init-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const put = (path: string, text: string) => {
  mkdirSync(join(dir, path, ".."), { recursive: true });
  writeFileSync(join(dir, path), text);
};
const read = (path: string) => readFileSync(join(dir, path), "utf8");
const modeOf = (path: string) => (statSync(join(dir, path)).mode & 0o777).toString(8);
const run = (...args: string[]) => runIn(dir, args);

const key = "0123456789abcdef0123456789abcdef";

describe("tocsin init", () => {
  test("writes a configuration that config check accepts, and names the next commands", async () => {
    const { code, stdout, stderr } = await run("init");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("  tocsin config check\n  tocsin serve\n");
    const checked = await runIn(dir, ["config", "check", "--strict"], { PAGERDUTY_ROUTING_KEY: key });
    expect(checked).toEqual({ code: 0, stderr: "", stdout: "tocsin.yaml: ok, 1 target\n" });
  });

  test("accepts all lines that the configuration has as comments", async () => {
    await run("init");
    put("tocsin.yaml", read("tocsin.yaml").replace(/^(\s*)# (?=( *- | *auth:| *tokens:|  ))/gm, "$1"));
    put("secrets/slack-webhook", "https://hooks.slack.com/services/T0/B0/abcdefgh");
    const env = { PAGERDUTY_ROUTING_KEY: key, INGEST_TOKEN: "i".repeat(32), OPERATE_TOKEN: "o".repeat(32) };
    const { code, stdout, stderr } = await runIn(dir, ["config", "check"], env);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "tocsin.yaml: ok, 2 targets\n", stderr: "" });
  });

  test.each([[["init"]], [["init", "--from-alertmanager", "am.yml"]]])(
    "%j overwrites a file only with --force",
    async (args) => {
      put("am.yml", `route: { receiver: a }\nreceivers: [{ name: a, pagerduty_configs: [{ routing_key: ${key} }] }]`);
      put("tocsin.yaml", "# mine\n");
      const { code, stderr } = await run(...args);
      expect(code).toBe(1);
      expect(stderr).toContain("tocsin.yaml exists; nothing was written. Use --force to overwrite it");
      expect([read("tocsin.yaml"), readdirSync(dir)]).toEqual(["# mine\n", ["am.yml", "tocsin.yaml"]]);
      expect(await run(...args, "--force")).toMatchObject({ code: 0 });
      expect(read("tocsin.yaml")).toContain("targets:");
    },
  );
});

describe("tocsin init --from-alertmanager", () => {
  const secrets = {
    key,
    service: "fedcba9876543210fedcba9876543210",
    slack: "https://hooks.slack.com/services/T0/B0/slack-secret",
    token: "bearer-secret-of-the-hook",
    password: "password-of-the-hook",
  };
  const file = `
global: { slack_api_url: "${secrets.slack}" }
route: { receiver: pager, routes: [{ receiver: hooks, matchers: [kind="hook"] }, { receiver: files, matchers: [kind="file"] }] }
receivers:
  - name: pager
    pagerduty_configs: [{ routing_key: ${secrets.key} }, { service_key: ${secrets.service} }]
    slack_configs: [{ channel: "#ops" }]
  - name: hooks
    webhook_configs:
      - { url: "https://hooks.example.com/a", http_config: { authorization: { credentials: ${secrets.token} } } }
      - { url: "https://me:${secrets.password}@hooks.example.com/b" }
      - { url: "https://hooks.example.com/c", http_config: { bearer_token_file: token } }
      - { url: "https://webhooks.rootly.com/webhooks/incoming/alertmanager_webhooks" }
      - { url_file: hook-url }
  - name: files
    pagerduty_configs: [{ routing_key_file: keys/pager }, { routing_key_file: /run/secrets/pager }]
`;

  test("moves literal secrets to files that only the owner can read, and shows none of them", async () => {
    put("am/alertmanager.yml", file);
    const answers = [
      await run("init", "--from-alertmanager", "am/alertmanager.yml", "--to", "new/tocsin.yaml"),
      await run("init", "--from-alertmanager", "am/alertmanager.yml", "--to", "new/tocsin.yaml", "--json", "--force"),
    ];
    const shown = JSON.stringify(answers) + read("new/tocsin.yaml");
    for (const secret of Object.values(secrets)) expect(shown).not.toContain(secret);
    const names = readdirSync(join(dir, "new/secrets")).toSorted();
    expect(Object.fromEntries(names.map((name) => [name, read(`new/secrets/${name}`)]))).toEqual({
      "hooks-webhook-2.authorization": `Basic ${Buffer.from(`me:${secrets.password}`).toString("base64")}\n`,
      "hooks-webhook.authorization": `Bearer ${secrets.token}\n`,
      "pager-pagerduty-2.service_key": `${secrets.service}\n`,
      "pager-pagerduty.routing_key": `${secrets.key}\n`,
      "pager-slack.webhook_url": `${secrets.slack}\n`,
    });
    expect([...names.map((name) => `new/secrets/${name}`), "new/tocsin.yaml"].map(modeOf)).toEqual(
      [...names, "tocsin.yaml"].map(() => "600"),
    );
    expect(modeOf("new/secrets")).toBe("700");
  });

  test("finds the files of Alertmanager's secrets from the new place", async () => {
    put("am/alertmanager.yml", file);
    put("am/hook-url", "https://hooks.example.com/d\n");
    await run("init", "--from-alertmanager", "am/alertmanager.yml", "--to", "new/tocsin.yaml");
    const written = read("new/tocsin.yaml");
    expect(written).toContain("routing_key: { file: ../am/keys/pager }");
    expect(written).toContain("routing_key: { file: /run/secrets/pager }");
    expect(written).toContain("url: https://hooks.example.com/d");
  });

  test("lists the parts that are left out, each with its place, a reason and an advice", async () => {
    put("am.yml", file);
    const { stdout } = await run("init", "--from-alertmanager", "am.yml", "--json");
    const { remarks } = JSON.parse(stdout) as {
      remarks: { kind: string; path: string; reason: string; advice: string }[];
    };
    const leftOut = remarks.filter(({ kind }) => kind === "left_out");
    expect(leftOut.map(({ path }) => path)).toEqual([
      "receivers[1].webhook_configs[2].http_config",
      "receivers[1].webhook_configs[3]",
      "receivers[1].webhook_configs[4].url_file",
    ]);
    for (const { reason, advice } of leftOut) expect([reason, advice]).not.toContain("");
  });

  test("keeps literal secrets in a configuration that only the owner can read, with --keep-literals", async () => {
    put("am.yml", `route: { receiver: a }\nreceivers: [{ name: a, pagerduty_configs: [{ routing_key: ${key} }] }]`);
    const { stdout } = await run("init", "--from-alertmanager", "am.yml", "--keep-literals");
    expect(stdout).not.toContain(key);
    expect([read("tocsin.yaml").includes(`routing_key: ${key}`), modeOf("tocsin.yaml"), readdirSync(dir)]).toEqual([
      true,
      "600",
      ["am.yml", "tocsin.yaml"],
    ]);
    expect(await run("config", "check")).toMatchObject({ code: 0, stdout: "tocsin.yaml: ok, 1 target\n" });
  });

  test("fails and names the labels and the receiver of a lost critical", async () => {
    put(
      "am.yml",
      `route: { receiver: a, routes: [{ receiver: sms, matchers: [team="x"] }] }
receivers: [{ name: a, pagerduty_configs: [{ routing_key: ${key} }] }, { name: sms, pushover_configs: [{ token: t }] }]`,
    );
    const { code, stdout } = await run("init", "--from-alertmanager", "am.yml");
    expect(code).toBe(1);
    expect(stdout).toContain('  {team="x", severity="critical"}: receiver sms\n');
  });

  test.each([
    ["a missing file", undefined, "am.yml: no such file or directory\n"],
    ["a file without routes", "receivers: []", "am.yml: route: required\n"],
  ])("refuses %s", async (_, text, message) => {
    if (text !== undefined) put("am.yml", text);
    expect(await run("init", "--from-alertmanager", "am.yml")).toEqual({ code: 1, stdout: "", stderr: message });
    expect(readdirSync(dir)).not.toContain("tocsin.yaml");
  });
});
