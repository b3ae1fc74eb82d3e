import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Alert, Notification } from "@tocsin/core";
import { Simulator } from "@tocsin/simulator";
import { describe, expect, test } from "vitest";
import { classified } from "../../test/classifications.ts";
import { disk, tellingOf } from "../../test/pagerduty.ts";
import { apiKey, rootlyTargetOf } from "../../test/rootly.ts";
import { Transport } from "@tocsin/http";
import { newAlert } from "./alert.ts";
import { deduplicationKey } from "./deduplication-key.ts";
import { rootlyPublisher } from "./index.ts";

const target = rootlyTargetOf({
  alert_urgency_ids: { critical: "urgency-high", warning: "urgency-low" },
  service_ids: ["5f0c0a0e-0000-4000-a000-000000000002"],
  metadata: { environment: "production", runbook_base_url: "https://runbooks.example.com" },
});
const transport = new Transport();
const render = (telling: Partial<Notification>, at = target) =>
  rootlyPublisher(at, { transport, version: "0" }).render(tellingOf(telling));
const alertOf = (more: Partial<Alert>): { alert: Alert } => ({ alert: { ...disk, annotations: {}, ...more } });

const hostile: Partial<Notification> = {
  dedupKey: "\u0000 ",
  summary: "lone \udc00 surrogate\u0000",
  alert: {
    fingerprint: "\ud800".repeat(3),
    labels: Object.fromEntries([
      ["alertname", "💥".repeat(400)],
      ["severity", "Page"],
      ["__proto__", "polluted"],
      ["", "no name"],
      ["instance", " \u0000\u200b "],
      ["a\u0000b", "control\u0000\u001b[31m\u2028"],
      ...Array.from({ length: 1_000 }, (_, i) => [`label_${i}`, "é".repeat(i)] as const),
    ]),
    annotations: {
      description: "x".repeat(20_000),
      grafana_url: "javascript:alert(1)",
      dashboard_url: "https://grafana.example.com/ d?q=größe",
      ["__proto__"]: "polluted",
    },
    startsAtMs: 8e15,
    generatorURL: "not a url",
  },
};

const golden = () =>
  globSync("golden/*.json", { cwd: import.meta.dirname }).map(
    (file) =>
      [
        file,
        JSON.parse(readFileSync(join(import.meta.dirname, file), "utf8")) as { call?: string; body?: object },
      ] as const,
  );

describe("Rootly's alert", () => {
  // Reviewed like code; `vitest run -u` writes them again.
  test.each<[string, Partial<Notification>]>([
    ["firing", { incidentUrl: "https://tocsin.example.com/incidents/7" }],
    ["resolved", { action: "resolve" }],
    ["acknowledged", { action: "acknowledge" }],
    ["grouped", { firing: 12, severity: "warning" }],
    ["hostile", hostile],
    ...Object.entries(classified),
  ])("is as reviewed: %s", async (name, telling) => {
    const text = `${JSON.stringify(render(telling), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot(join(import.meta.dirname, "golden", `${name}.json`));
  });

  test("is accepted by Rootly, in every golden file", () => {
    const simulator = new Simulator();
    const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/vnd.api+json" };
    const post = (path: string, body: unknown) =>
      simulator.handle({ method: "POST", path, headers, body: body === undefined ? "" : JSON.stringify(body) }).status;
    const [opening, moving] = [golden().filter(([, { call }]) => !call), golden().filter(([, { call }]) => call)];
    expect(opening.map(([file, body]) => [file, post("/v1/alerts", body)])).toEqual(
      opening.map(([file]) => [file, 201]),
    );
    const { id } = simulator.incidents()[0]!;
    const moved = moving.map(([file, { call, body }]) => [
      file,
      post(call!.slice("POST ".length).replace("{id}", id), body),
    ]);
    expect(moved).toEqual(moving.map(([file]) => [file, 200]));
    expect([opening.length, moving.length, simulator.refused()]).toEqual([8, 2, []]);
  });

  test("names the target to page and the urgency, by the severity sent", () => {
    const urgencies = (["critical", "error", "warning"] as const).map(
      (severity) => newAlert(tellingOf({ severity }), target).alert_urgency_id,
    );
    expect(urgencies).toEqual(["urgency-high", undefined, "urgency-low"]);
    const bare = newAlert(tellingOf(), rootlyTargetOf({ notification_targets: undefined }));
    for (const key of ["notification_targets", "alert_urgency_id", "service_ids"]) expect(bare).not.toHaveProperty(key);
  });

  test("has one severity label: the severity sent, not the word of the source", () => {
    const labels = { ...disk.labels, severity: "P1" };
    const told = newAlert(tellingOf({ ...alertOf({ labels }), severity: "warning" }), target).labels;
    expect(told.filter(({ key }) => key === "severity")).toEqual([{ key: "severity", value: "warning" }]);
    expect(told[0]!.key).toBe("severity");
  });

  test("keeps the identifying labels among any number of labels", () => {
    const labels = { ...Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`a${i}`, "x"])), ...disk.labels };
    const told = newAlert(tellingOf(alertOf({ labels })), target).labels;
    expect(told.length).toBeLessThan(100);
    expect(told.slice(0, 4).map(({ key }) => key)).toEqual(["severity", "alertname", "cluster", "namespace"]);
  });

  test("puts the target's own fields into its data", () => {
    const own = rootlyTargetOf({ template: { custom_details: { team: "{{ labels.service }}", alert_name: "mine" } } });
    expect(newAlert(tellingOf(), own).data).toMatchObject({
      team: "orders",
      alert_name: "mine",
      fingerprint: disk.fingerprint,
    });
  });

  test.each<[string, Partial<Notification>, string | undefined]>([
    ["the incident's page", { incidentUrl: "https://tocsin.example.com/7" }, "https://tocsin.example.com/7"],
    ["the generator URL", {}, "https://prometheus.example.com/graph?g0.expr=disk"],
    ["nothing", alertOf({ generatorURL: "x" }), undefined],
  ])("leads to %s", (_, telling, url) => {
    expect(newAlert(tellingOf(telling), target).external_url).toBe(url);
  });

  test("shows no key, not even one that an alert repeats", () => {
    const text = JSON.stringify(render(alertOf({ annotations: { leak: `key=${apiKey}` } })));
    expect(text).not.toContain(apiKey);
    expect(text).toContain("key=[secret]");
  });
});

describe("a deduplication key", () => {
  test.each(["9266ef3da838ad95", "group-1", "DiskFull on db-1", "größe 💥", "a"])("%j comes back as it is", (key) => {
    expect(deduplicationKey(key)).toBe(key);
  });

  test.each([" a", "a\n", "a\u0000b", "\ud800", "\u200b", ""])("%j is replaced by its hash", (key) => {
    expect(deduplicationKey(key)).toMatch(/^[0-9a-f]{64}$/);
    expect(deduplicationKey(key)).not.toBe(deduplicationKey(`${key}x`));
  });
});
