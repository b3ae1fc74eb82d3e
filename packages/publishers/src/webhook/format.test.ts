import { join } from "node:path";
import type { Alert, Notification } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { classified } from "../../test/classifications.ts";
import { changeTelling, deployment, disk, hostileChange, oversizeChange, tellingOf } from "../../test/pagerduty.ts";
import { webhookTargetOf } from "../../test/webhook.ts";
import { Transport } from "@tocsin/http";
import { formatEvent } from "./format.ts";
import { webhookPublisher } from "./index.ts";

const transport = new Transport();
const target = webhookTargetOf({
  metadata: { environment: "production", runbook_base_url: "https://runbooks.example.com" },
});
const render = (telling: Partial<Notification>, of = target) =>
  webhookPublisher(of, { transport, version: "0" }).render(tellingOf(telling));
const alertOf = (more: Partial<Alert>): { alert: Alert } => ({ alert: { ...disk, annotations: {}, ...more } });

const hostile: Alert = {
  fingerprint: "\ud800".repeat(3),
  labels: Object.fromEntries([
    ["alertname", "💥".repeat(20)],
    ["__proto__", "polluted"],
    ["constructor", "x"],
    ["", "no name"],
    ["half \udc00 a name", "control\u0000\u001b[31m\u2028"],
  ]),
  annotations: { summary: "lone \udc00 surrogate", grafana_url: "javascript:alert(1)", runbook_url: "not a url" },
  startsAtMs: Number.NaN,
  generatorURL: "https://prometheus.example.com/ graph?q=größe",
};
const words = {
  template: {
    summary: "not ours to make",
    component: "{{ labels.service }}",
    group: "{{ labels.missing }}",
    custom_details: { team: "{{ labels.service | upcase }}", gone: "{{ labels.missing }}" },
  },
};

describe("a webhook's event", () => {
  test.each<[string, Partial<Notification>, object?]>([
    ["firing", { incidentUrl: "https://tocsin.example.com/incidents/7" }],
    ["acknowledged", { action: "acknowledge" }],
    ["resolved", { action: "resolve", firing: 0, endsAtMs: Date.UTC(2026, 10, 23, 3, 20) }],
    ["change", { action: "change", alert: { ...disk, labels: { ...disk.labels, change_event: "true" } } }],
    ["change-reported", changeTelling()],
    ["change-hostile", changeTelling(hostileChange)],
    ["related-changes", { relatedChanges: [deployment] }],
    ["grouped", { firing: 12, dedupKey: "DiskFull/eu-1" }],
    ["own-words", {}, words],
    ...Object.entries(classified),
    ["hostile", { alert: hostile, summary: "lone \udc00 surrogate" }],
    ["oversize", alertOf({ annotations: { small: "kept", large: "l".repeat(600), larger: "é".repeat(50_000) } })],
  ])("is as reviewed: %s", async (name, telling, more = {}) => {
    const text = `${JSON.stringify(render(telling, webhookTargetOf({ metadata: target.metadata, ...more })), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot(join(import.meta.dirname, "golden", `${name}.json`));
  });

  test("of a change that is too large is fitted", () => {
    expect(Buffer.byteLength(JSON.stringify(render(changeTelling(oversizeChange))))).toBeLessThanOrEqual(100_000);
  });

  test("always has all fields except the documented optional ones", () => {
    const bare = alertOf({ labels: {}, startsAtMs: Number.NaN });
    const [one, other] = [bare, {}].map((telling) => formatEvent(tellingOf(telling), target).data);
    expect(Object.keys(one!)).toEqual(Object.keys(other!));
  });

  test("holds no credential, not even one that an alert repeats", () => {
    const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const url = "https://hooks.example.com/t0ken-in-the-path?key=0123456789";
    const of = webhookTargetOf({ url, signing_secret: secret, headers: { Authorization: "Bearer b34rer-token" } });
    const leak = `${secret} /t0ken-in-the-path?key=0123456789 key=0123456789 b34rer-token`;
    const text = JSON.stringify(render(alertOf({ annotations: { leak } }), of));
    expect(text).toContain('"leak":"[secret] [secret] [secret] [secret]"');
  });
});
