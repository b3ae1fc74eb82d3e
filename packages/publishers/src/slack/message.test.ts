import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Alert, Notification } from "@tocsin/core";
import { Simulator } from "@tocsin/simulator";
import { describe, expect, test } from "vitest";
import { classified } from "../../test/classifications.ts";
import { Transport } from "@tocsin/http";
import { changeTelling, deployment, disk, hostileChange, tellingOf } from "../../test/pagerduty.ts";
import { hostileTelling, slackTargetOf, webhookPath } from "../../test/slack.ts";
import { slackPublisher } from "./index.ts";
import type { Text } from "./blocks.ts";
import { type Message, messageOf } from "./message.ts";

const metadata = {
  environment: "production",
  runbook_base_url: "https://runbooks.example.com",
  severity_threshold: "info",
};
const target = slackTargetOf({ webhook_url: `https://hooks.slack.com${webhookPath}`, metadata });
const transport = new Transport();
const render = (telling: Partial<Notification>, at = target) =>
  slackPublisher(at, { transport, version: "0" }).render(tellingOf(telling)) as Message;
const alertOf = (more: Partial<Alert>): { alert: Alert } => ({ alert: { ...disk, annotations: {}, ...more } });

describe("Slack's message", () => {
  // Reviewed like code; `vitest run -u` writes them again.
  test.each<[string, Partial<Notification>]>([
    ["firing", { incidentUrl: "https://tocsin.example.com/incidents/7" }],
    ["resolved", { action: "resolve", firing: 0, incidentUrl: "https://tocsin.example.com/incidents/7" }],
    ["acknowledged", { action: "acknowledge" }],
    ["grouped", { firing: 12, severity: "warning" }],
    [
      "change",
      { action: "change", severity: "info", alert: { ...disk, labels: { ...disk.labels, change_event: "true" } } },
    ],
    ["change-reported", changeTelling()],
    ["change-hostile", changeTelling(hostileChange)],
    ["related-changes", { relatedChanges: [deployment, { ...hostileChange, timestampMs: deployment.timestampMs }] }],
    ["hostile", hostileTelling],
    ...Object.entries(classified),
  ])("is as reviewed: %s", async (name, telling) => {
    const text = `${JSON.stringify(render(telling), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot(join(import.meta.dirname, "golden", `${name}.json`));
  });

  test("is accepted by Slack, in every golden file, by webhook and by bot", () => {
    const simulator = new Simulator({ limit: { receiver: "slack", limit: 0 } });
    const files = globSync("golden/*.json", { cwd: import.meta.dirname });
    expect(files.length).toBeGreaterThan(5);
    for (const file of files) {
      const message = JSON.parse(readFileSync(join(import.meta.dirname, file), "utf8")) as object;
      const post = (path: string, body: object, more = {}) =>
        simulator.handle({
          method: "POST",
          path,
          headers: { "content-type": "application/json", ...more },
          body: JSON.stringify(body),
        });
      expect([file, post(webhookPath, message).body]).toEqual([file, "ok"]);
      const bot = { authorization: "Bearer xoxb-1-2" };
      expect(JSON.parse(post("/api/chat.postMessage", { channel: "C0123456789", ...message }, bot).body)).toMatchObject(
        {
          ok: true,
        },
      );
    }
    expect(simulator.refused()).toEqual([]);
  });

  test("of the next incident has nothing of the one that ended", () => {
    const said = (["trigger", "acknowledge", "resolve"] as const).map((action) => render({ action }).text);
    const again = (["trigger", "acknowledge", "resolve"] as const).map((action) => render({ action }).text);
    expect(said).toEqual([
      "🔴 CRITICAL Disk of db-1 is full",
      "👀 ACKNOWLEDGED Disk of db-1 is full",
      "✅ RESOLVED Disk of db-1 is full",
    ]);
    expect(again).toEqual(said);
  });

  test("pings no one, for any alert", () => {
    const classification = Object.values(classified);
    for (const telling of [
      hostileTelling,
      changeTelling(hostileChange),
      { relatedChanges: [hostileChange] },
      ...classification,
    ]) {
      const { text, blocks } = render(telling);
      for (const one of [text, JSON.stringify(blocks)]) expect(one).not.toMatch(/<[!@#](?!date\^)/);
      for (const one of textsOf(blocks)) {
        expect(one.type === "mrkdwn" ? one.verbatim : !one.emoji).toBe(true);
      }
    }
  });

  test("shows the texts of a model only where Slack reads no markup", () => {
    const { text, blocks } = render(classified["classified-hostile"]!);
    const formatted = textsOf(blocks).flatMap((one) => (one.type === "mrkdwn" ? [one.text] : []));
    expect(`${text}${formatted.join("")}`).not.toMatch(/\*bold\*|\*Reboot\*|\*model\*|:tada:|evil/);
    const plain = textsOf(blocks).flatMap((one) => (one.type === "plain_text" ? [one.text] : []));
    expect(plain.join("")).toMatch(/\*model\*.*&lt;!channel&gt;.*\*bold\*/s);
  });

  test("has no picture: Slack would refuse the whole message if it could not fetch it", () => {
    const { blocks } = render(
      alertOf({ imageURL: "https://g.example.com/i.png", annotations: { imageURL: "https://a/b.png" } }),
    );
    expect(JSON.stringify(blocks)).not.toContain("image");
  });

  test("shows the configured fields, then the place, and counts the rest", () => {
    const own = slackTargetOf({
      webhook_url: `https://hooks.slack.com${webhookPath}`,
      template: { custom_details: { team: "{{ labels.service }}", alertname: "mine", n: 3, gone: "{{ labels.no }}" } },
      metadata: { environment: "prod" },
    });
    const labels = { ...disk.labels, a: "1", b: "2", z: "3" };
    const fields = textsOf(render(alertOf({ labels }), own).blocks).filter(({ text }) => /^\*.*\*\n/.test(text));
    expect(fields.map(({ text }) => text.replace(/\*(.*)\*\n/, "$1="))).toEqual([
      "team=orders",
      "alertname=mine",
      "n=3",
      "cluster=eu-1",
      "namespace=shop",
      "service=orders",
      "job=node",
      "instance=db-1:9100",
      "a=1",
      "b=2",
    ]);
    expect(JSON.stringify(render(alertOf({ labels }), own).blocks)).toContain("and 2 more");
  });

  test("is valid for an empty alert", () => {
    const { text, blocks } = messageOf(
      tellingOf({
        summary: " \u200b",
        alert: { fingerprint: "f", labels: {}, annotations: {}, startsAtMs: Number.NaN },
      }),
      slackTargetOf(),
    );
    expect([text, blocks.length]).toEqual(["🔴 CRITICAL alert", 2]);
  });

  test("shows no credential, not even one that an alert repeats", () => {
    const leak = `https://hooks.slack.com${webhookPath} and ${webhookPath.split("/").at(-1)}`;
    const text = JSON.stringify(render(alertOf({ annotations: { description: leak } })));
    expect(text).not.toContain("abcdefghijklmnopqrstuvwx");
    expect(text).toContain("https://hooks.slack.com[secret] and [secret]");
  });
});

const textsOf = (blocks: Message["blocks"]): Text[] =>
  blocks.flatMap((block) => {
    if (block.type === "context") return block.elements;
    return "fields" in block ? block.fields : [block.text];
  });
