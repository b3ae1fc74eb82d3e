import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { hashKey } from "@tocsin/simulator";
import { describe, expect, test } from "vitest";
import { compose } from "../compose.ts";
import { readConfig } from "../config/config.ts";
import { routingKey, startService, type TestService } from "../service.fixture.ts";

/** Tests Slack and Rootly with the whole service in one process, against the simulator's receivers. */

const webhookPath = "/services/T0001/B0001/h00kh00kh00kh00kh00kh00k";
const botToken = "xoxb-b0t-b0t-b0t-b0t";
const apiKey = "rootly_k3yk3yk3yk3yk3yk3yk3y";
const policy = { type: "EscalationPolicy", id: "policy-1" };

/** Slack's limit of one message per second, ten times as fast. */
const rate_limit = { limit: 1, per: "100ms" };

const targetsAt = (url: string) => [
  { name: "pager", type: "pagerduty", url, routing_key: routingKey },
  { name: "hook", type: "slack", webhook_url: url + webhookPath, rate_limit },
  { name: "bot", type: "slack", url, bot_token: botToken, channel: "#ops", rate_limit },
  { name: "oncall", type: "rootly", url, api_key: apiKey, notification_targets: [policy] },
];

const alertOf = (fingerprint: string, status = "firing", more: object = {}) => ({
  status,
  fingerprint,
  labels: { alertname: "DiskFull", severity: "critical", instance: "db-1" },
  annotations: { summary: `${fingerprint} is full` },
  startsAt: "2026-11-23T10:00:00Z",
  ...more,
});

/** A service, or the one that runs after it over the same files. */
type Asked = Pick<TestService, "ask">;
const post = (service: Asked, ...alerts: unknown[]) => service.ask("POST", "/api/v1/webhook/alertmanager", { alerts });

/** Returns state, reason and events of an alert at every target, as `explain` shows them. */
async function explained(service: Asked, fingerprint: string) {
  const { body } = await service.ask("GET", `/api/v1/explain?fingerprint=${fingerprint}`);
  const targets = body.targets as { target: string; state: string; reason: string; history?: { what: string }[] }[];
  return targets.map(({ target, state, reason, history = [] }) => [
    target,
    state,
    reason,
    history.map(({ what }) => what).join(" "),
  ]);
}

/** Waits until nothing is due at any target. */
const quiet = (first: TestService, service: Asked = first) =>
  first.until("nothing is due", async () => {
    const { body } = await service.ask("GET", "/api/v1/stats");
    const incidents = body.incidents as { state: string; count: number }[];
    return incidents.every(({ state, count }) => count === 0 || !/due|in_flight/.test(state)) || undefined;
  });

/** A second process over the same files: it knows only what the ledger holds. */
async function restart(service: TestService): Promise<Asked & { stop(): Promise<void> }> {
  await service.tocsin.stop();
  const config = readConfig(service.next, { dir: service.dir, env: {} });
  const tocsin = await compose(config, { writeLog: (line) => service.logs.push(line), env: {}, reread: () => config });
  return {
    async ask(method, path, body) {
      const at = `http://${tocsin.address.host}:${tocsin.address.port}${path}`;
      const response = await fetch(at, { method, ...(body !== undefined && { body: JSON.stringify(body) }) });
      const text = await response.text();
      return { status: response.status, headers: response.headers, text, body: JSON.parse(text) };
    },
    stop: () => tocsin.stop(),
  };
}

/** The texts in a channel, each message with its thread. */
const textsIn = (service: TestService, channel: string | undefined) =>
  service.simulator
    .messages()
    .filter((message) => message.channel === channel)
    .flatMap(({ text, replies = [] }) => [text, ...replies.map((reply) => reply.text)]);

/** The channels of the webhook and of the bot. */
const channels = (service: TestService) =>
  [webhookPath, botToken].map(
    (credential) => service.simulator.messages().find(({ key }) => key === hashKey(credential))?.channel,
  );

const atRootly = (service: TestService) =>
  service.simulator.incidents().filter(({ receiver }) => receiver === "rootly");

describe("Slack and Rootly", () => {
  test("receive an alert, and after a restart its resolve and the next alert, each in its own format", async () => {
    await using service = await startService((url) => ({ targets: targetsAt(url) }));
    const { simulator } = service;
    simulator.setLimit({ receiver: "slack", limit: 1, per: "100ms" });
    await post(service, alertOf("disk"));
    await quiet(service);
    const open = ["told", "delivered"];
    const told = ["pager", "hook", "bot", "oncall"].map((target) => [target, ...open, "trigger"]);
    expect(await explained(service, "disk")).toEqual(told);
    expect(simulator.incidents().map(({ receiver, dedup_key, status }) => [receiver, dedup_key, status])).toEqual(
      expect.arrayContaining([
        ["pagerduty", "disk", "triggered"],
        ["rootly", "disk", "triggered"],
      ]),
    );

    const again = await restart(service);
    try {
      await post(again, alertOf("disk", "resolved"));
      await quiet(service, again);
      const over = told.map(([target]) => [target, "closed", "delivered", "trigger resolve"]);
      expect(await explained(again, "disk")).toEqual(over);
      expect(simulator.incidents().map(({ status }) => status)).toEqual(["resolved", "resolved"]);

      // The next episode of the same alert: nothing is left of the previous one.
      await post(again, alertOf("disk", "firing", { startsAt: "2026-11-23T11:00:00Z" }));
      await quiet(service, again);
      await post(again, alertOf("disk", "resolved", { startsAt: "2026-11-23T11:00:00Z" }));
      await quiet(service, again);
    } finally {
      await again.stop();
    }
    const cycle = ["🔴 CRITICAL disk is full", "✅ RESOLVED disk is full"];
    const [hook, bot] = channels(service);
    expect(textsIn(service, hook)).toEqual([...cycle, ...cycle]);
    // The bot updates its message, also after a restart, and posts another one for the next episode.
    const updated = ["✅ RESOLVED disk is full", "✅ Resolved"];
    expect(textsIn(service, bot)).toEqual([...updated, ...updated]);
    expect(atRootly(service).map(({ events }) => events.map(({ action }) => action))).toEqual([
      ["trigger", "resolve"],
      ["trigger", "resolve"],
    ]);
    expect([simulator.refused(), simulator.overLimit()]).toEqual([[], []]);
  });

  test("receive a person's acknowledgement", async () => {
    await using service = await startService((url) => ({ targets: targetsAt(url).slice(1) }));
    service.simulator.setLimit({ receiver: "slack", limit: 0 });
    await post(service, alertOf("disk"));
    await quiet(service);
    const { body } = await service.ask("GET", "/api/v1/incidents");
    for (const { id } of body.incidents) await service.ask("POST", `/api/v1/incidents/${id}/acknowledge`);
    await quiet(service);
    const [hook, bot] = channels(service);
    expect(textsIn(service, hook)).toEqual(["🔴 CRITICAL disk is full", "👀 ACKNOWLEDGED disk is full"]);
    expect(textsIn(service, bot)).toEqual([
      "👀 ACKNOWLEDGED · CRITICAL disk is full",
      expect.stringMatching(/^👀 Acknowledged/),
    ]);
    expect(atRootly(service).map(({ status }) => status)).toEqual(["acknowledged"]);
  });

  test("receive a higher severity, and show it", async () => {
    await using service = await startService((url) => ({ targets: targetsAt(url).slice(1) }));
    service.simulator.setLimit({ receiver: "slack", limit: 0 });
    for (const severity of ["warning", "critical"]) {
      await post(service, alertOf("disk", "firing", { labels: { alertname: "DiskFull", severity } }));
      await quiet(service);
    }
    const [hook, bot] = channels(service);
    expect(textsIn(service, hook)).toEqual(["🟡 WARNING disk is full", "🔴 CRITICAL disk is full"]);
    expect(textsIn(service, bot)).toEqual([
      "🔴 FIRING · CRITICAL disk is full",
      "🔴 Severity is now *CRITICAL*: disk is full",
    ]);
    expect(atRootly(service)).toMatchObject([{ status: "triggered", severity: "critical" }]);
  });

  test("accept any text of an alert, and mention no one", async () => {
    await using service = await startService((url) => ({
      targets: targetsAt(url).map((target) => ({ ...target, rate_limit: { limit: 0 } })),
    }));
    const { simulator } = service;
    for (const receiver of ["slack", "slack_update", "rootly", "rootly_api", "pagerduty"])
      simulator.setLimit({ receiver, limit: 0 });
    const alerts = hostile.map(({ fingerprint = "", ...more }, i) => alertOf(`${fingerprint}${i}`, "firing", more));
    expect((await post(service, ...alerts)).body).toMatchObject({ accepted: alerts.length, rejected: 0 });
    await quiet(service);
    await post(service, ...alerts.map((alert) => ({ ...alert, status: "resolved" })));
    await quiet(service);
    expect(simulator.refused()).toEqual([]);
    expect(atRootly(service).map(({ status }) => status)).toEqual(alerts.map(() => "resolved"));
    // The webhook posts twice for each, the bot once.
    expect(simulator.messages()).toHaveLength(3 * alerts.length);
    expect(JSON.stringify(simulator.messages())).not.toMatch(/<[!@#](?!date\^)/);
  });

  test("never reveal their credentials, whatever they respond", async () => {
    await using service = await startService((url) => ({
      targets: targetsAt(url)
        .slice(1)
        .map((target) => ({ ...target, rate_limit: { limit: 0 } })),
    }));
    const { simulator } = service;
    const shown: string[] = [];
    const see = async (method: string, path: string, body?: unknown) => {
      const answer = await service.ask(method, path, body);
      shown.push(answer.text);
      return answer.body;
    };
    for (const [index, status] of [500, 400, 403].entries()) {
      simulator.setFaults([{ kind: "answer", status, share: 1 }]);
      await post(service, alertOf(`f${index}`));
      await service.until("each target answered", async () => {
        const { incidents } = await see("GET", `/api/v1/incidents?fingerprint=f${index}`);
        return (incidents as { attempts: number }[]).every(({ attempts }) => attempts > 0) || undefined;
      });
    }
    simulator.setFaults([]);
    for (const path of ["targets", "targets/hook", "targets/oncall", "deadletters", "stats", "explain?fingerprint=f0"])
      await see("GET", `/api/v1/${path}`);
    await see("POST", "/api/v1/explain", alertOf("g"));
    await see("GET", "/metrics");
    const wrong = [
      { name: "wrong", type: "slack", webhook_url: webhookPath, bot_token: botToken, [`see ${botToken}`]: 1 },
    ];
    service.next = { ...(service.next as object), targets: wrong };
    await see("POST", "/-/reload");
    await see("GET", "/api/v1/targets");
    await service.tocsin.stop();
    const files = readdirSync(service.dir).filter((name) => statSync(join(service.dir, name)).isFile());
    expect(files).toContain("tocsin.db");
    const database = files.map((name) => readFileSync(join(service.dir, name), "latin1")).join("\n");
    const text = [...shown, ...service.logs, database].join("\n");
    expect(text).toContain("DiskFull");
    expect(text).toContain("unauthorized");
    for (const secret of [webhookPath, webhookPath.split("/").at(-1)!, botToken, apiKey])
      expect([secret, text.includes(secret)]).toEqual([secret, false]);
  });
});

const hostile: { readonly fingerprint?: string; readonly [field: string]: unknown }[] = [
  { labels: { alertname: "<!channel>", severity: "critical", team: "<@U012AB3CD> <!here|x> <#C012>" } },
  { labels: { alertname: "💥".repeat(3_000), severity: "🔥" }, annotations: { summary: "😀".repeat(10_000) } },
  { annotations: { summary: "x".repeat(10_000), description: "&<>".repeat(10_000) } },
  { labels: Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`label_${i}`, "é".repeat(i % 300)])) },
  { labels: { alertname: "lone \ud800 one", "\udc00": "\ud800" }, annotations: { summary: "half \udfff" } },
  { labels: { alertname: "\u0000\u001b[31m" }, annotations: { summary: "\u0000", description: "a\u0000b" } },
  { labels: {}, annotations: {} },
  { annotations: { summary: " \u200b ", runbook_url: "javascript:alert(1)", grafana_url: "https://a|b>c/<!here>" } },
  { fingerprint: "\u0000 <!channel> ", annotations: { summary: "a strange fingerprint" } },
  { startsAt: "0001-01-01T00:00:00Z", annotations: { summary: "since ever" } },
  { labels: { alertname: "__proto__", __proto__x: "1", constructor: "2", toJSON: "3" } },
];
