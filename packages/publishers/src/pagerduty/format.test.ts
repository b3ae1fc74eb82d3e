import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Alert, Change, Notification } from "@tocsin/core";
import { Simulator } from "@tocsin/simulator";
import { describe, expect, test } from "vitest";
import { classified } from "../../test/classifications.ts";
import { Transport } from "@tocsin/http";
import {
  changeTelling,
  deployment,
  disk,
  endpoint,
  hostileChange,
  oversizeChange,
  routingKey,
  targetOf,
  tellingOf,
} from "../../test/pagerduty.ts";
import { pagerdutyPublisher } from "./index.ts";

const transport = new Transport();
const render = (telling: Partial<Notification>, target = endpoint) =>
  pagerdutyPublisher(target, { transport, version: "0" }).render(tellingOf(telling)) as Rendered;

interface Rendered {
  payload: {
    source: string;
    summary: string;
    timestamp?: string;
    custom_details: Record<string, Record<string, string>>;
  };
  links?: { href: string; text: string }[];
  images?: { src: string }[];
}

/** The details of a change as PagerDuty gets them. */
const details = (change: Partial<Change>) =>
  (render(changeTelling({ ...deployment, ...change })) as unknown as { payload: { custom_details: object } }).payload
    .custom_details;

const alertOf = (more: Partial<Alert>): { alert: Alert } => ({ alert: { ...disk, annotations: {}, ...more } });

const hostile: Alert = {
  fingerprint: "\ud800".repeat(3),
  labels: Object.fromEntries([
    ["alertname", "💥".repeat(20)],
    ["__proto__", "polluted"],
    ["constructor", "x"],
    ["", "no name"],
    ["instance", " \u0000\u200b "],
    ["node", "control\u0000\u001b[31m\u2028"],
    ["severity", "Page"],
  ]),
  annotations: {
    summary: "lone \udc00 surrogate",
    grafana_url: "javascript:alert(1)",
    dashboard_url: "",
    runbook_url: "not a url",
    grafana_snapshot: "http://pictures.example.com/1.png",
    imageURL: "data:image/png;base64,AAAA",
  },
  startsAtMs: Number.NaN,
  generatorURL: "https://prometheus.example.com/ graph?q=größe",
};

describe("PagerDuty's event", () => {
  // Reviewed like code; `vitest run -u` writes them again.
  test.each<[string, Partial<Notification>]>([
    ["firing", { incidentUrl: "https://tocsin.example.com/incidents/7", sender: "prometheus-a" }],
    ["resolved", { action: "resolve" }],
    ["acknowledged", { action: "acknowledge" }],
    ["change", { action: "change", alert: { ...disk, labels: { ...disk.labels, change_event: "true" } } }],
    ["change-reported", changeTelling()],
    ["change-hostile", changeTelling(hostileChange)],
    ["related-changes", { relatedChanges: [deployment, { ...deployment, links: [], state: "running" }] }],
    ["grouped", { firing: 12, endsAtMs: Date.UTC(2026, 10, 23, 4) }],
    ["grafana", alertOf({ dashboardURL: "https://g/d", panelURL: "https://g/p", imageURL: "https://g/i.png" })],
    ["hostile", { alert: hostile, summary: "lone \udc00 surrogate" }],
    ...Object.entries(classified),
    [
      "oversize",
      alertOf({
        labels: { ...disk.labels, long: "n".repeat(100) },
        annotations: { small: "kept", large: "l".repeat(600_000), larger: "é".repeat(500_000) },
      }),
    ],
  ])("is as reviewed: %s", async (name, telling) => {
    const text = `${JSON.stringify(render(telling), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot(join(import.meta.dirname, "golden", `${name}.json`));
  });

  test("is accepted by PagerDuty, in every golden file", () => {
    const simulator = new Simulator();
    for (const file of globSync("golden/*.json", { cwd: import.meta.dirname })) {
      const event = JSON.parse(readFileSync(join(import.meta.dirname, file), "utf8")) as object;
      const answered = simulator.handle({
        method: "POST",
        path: file.includes("change") ? "/v2/change/enqueue" : "/v2/enqueue",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ routing_key: routingKey, ...event }),
      });
      expect([file, answered.status]).toEqual([file, 202]);
    }
    expect(simulator.requests()).toHaveLength(16);
  });

  test.each<[string, Partial<Alert>, Partial<Notification>, string]>([
    ["the instance", {}, {}, "db-1:9100"],
    ["the next label that says something", { labels: { instance: " ", host: "h", job: "j" } }, {}, "h"],
    ["the job", { labels: { job: "j" } }, {}, "j"],
    ["the sender", { labels: {} }, { sender: "prometheus-a" }, "prometheus-a"],
    ["the generator URL", { labels: {} }, {}, "prometheus.example.com"],
    ["nobody", { labels: {}, generatorURL: "x" }, {}, "unknown"],
  ])("comes from %s", (_, alert, telling, source) => {
    expect(render({ ...alertOf(alert), ...telling }).payload.source).toBe(source);
  });

  test("uses the target's own templates, field by field", () => {
    const template = {
      source: "{{ metadata.environment }}/{{ labels.instance }}",
      component: "{{ labels.missing }}",
      group: "g",
      class: "{{ alert_name | downcase }}",
      custom_details: { team: "{{ labels.service }}", gone: "{{ labels.missing }}", alert_name: "replaced" },
    };
    const { payload } = render({}, targetOf({ template, metadata: { environment: "prod" } }));
    expect(payload).toMatchObject({
      source: "prod/db-1:9100",
      component: "orders",
      group: "g",
      class: "diskfull",
      custom_details: { team: "orders", alert_name: "replaced", fingerprint: disk.fingerprint },
    });
    expect(payload.custom_details).not.toHaveProperty("gone");
  });

  test("links the runbook of the alert's name below the target's base", () => {
    const target = targetOf({ metadata: { runbook_base_url: "https://runbooks.example.com/" } });
    const { links } = render(alertOf({ labels: { alertname: "a b/c" } }), target);
    expect(links).toContainEqual({ href: "https://runbooks.example.com/a%20b%2Fc", text: "Runbook" });
  });

  test("of a change that is too large is fitted, and accepted", () => {
    const simulator = new Simulator();
    const body = JSON.stringify({ routing_key: routingKey, ...render(changeTelling(oversizeChange)) });
    expect(Buffer.byteLength(body)).toBeLessThan(512_100);
    const headers = { "content-type": "application/json" };
    expect(simulator.handle({ method: "POST", path: "/v2/change/enqueue", headers, body }).status).toBe(202);
  });

  test("keeps the details of a change unchanged, also if they are no object", () => {
    expect(details({})).toMatchObject(deployment.customDetails as object);
    expect(details({})).toMatchObject({ change_id: "build-4711", origin: "ci", environment: "production" });
    expect(details({ customDetails: ["a", 1] })).toMatchObject({ details: ["a", 1] });
    expect(Object.keys(details({ customDetails: null }))).not.toContain("details");
  });

  test("links each page once, and converts an image that is not https to a link", () => {
    const url = "https://grafana.example.com/d/1";
    const event = render(
      alertOf({
        annotations: { grafana_url: url, grafana_snapshot: "http://g/s.png" },
        dashboardURL: url,
        generatorURL: "",
      }),
    );
    expect(event.links).toEqual([
      { href: url, text: "Grafana" },
      { href: "http://g/s.png", text: "Snapshot" },
    ]);
    expect(event.images ?? []).toEqual([]);
  });

  test("has the classification only in a trigger, and the same dedup key with and without it", () => {
    const { classification } = classified["classified-applied"]!;
    for (const action of ["acknowledge", "resolve"] as const)
      expect(render({ action, classification })).toEqual(render({ action }));
    expect(render({ classification })).toHaveProperty("dedup_key", disk.fingerprint);
    expect(render({ classification }).payload.custom_details).toHaveProperty("ai_classification.severity", "error");
    expect(render({}).payload.custom_details).not.toHaveProperty("ai_classification");
  });

  test("has no classification rather than no identifying label, if the body is too large", () => {
    const labels = { ...disk.labels, node: "é".repeat(249_000) };
    const { payload } = render({ ...alertOf({ labels, annotations: {} }), ...classified["classified-hostile"] });
    expect(payload.summary).toMatch(/ · AI: noise \(100 %\)$/);
    expect(payload.custom_details["labels"]).toHaveProperty("node", labels.node);
    expect(Object.keys(payload.custom_details)).not.toContain("ai_classification");
  });

  test("has a summary even if the alert has none", () => {
    expect(render({ summary: " \u200b" }).payload.summary).toBe("[DiskFull]");
  });

  test("shows no key, not even one that an alert repeats", () => {
    const key = endpoint.credential!.reveal();
    const text = JSON.stringify(render(alertOf({ annotations: { leak: `key=${key}` } })));
    expect(text).not.toContain(key);
    expect(text).not.toContain("routing_key");
    expect(text).toContain("key=[secret]");
  });
});
