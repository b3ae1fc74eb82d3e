import { join } from "node:path";
import type { Alert, Notification } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { classified } from "../../test/classifications.ts";
import { alertmanagerTargetOf } from "../../test/alertmanager.ts";
import { disk, tellingOf } from "../../test/pagerduty.ts";
import { Transport } from "@tocsin/http";
import { believedForMs, formatAlert } from "./format.ts";
import { alertmanagerPublisher } from "./index.ts";

const second = 1_000;
const startsAtMs = disk.startsAtMs;
const nowMs = startsAtMs + 600 * second;
const transport = new Transport();
const render = (telling: Partial<Notification>, target = alertmanagerTargetOf()) =>
  alertmanagerPublisher(target, { transport, version: "0", now: () => nowMs }).render(tellingOf(telling));

const hostile: Alert = {
  fingerprint: "\ud800",
  labels: Object.fromEntries([
    ["alertname", "💥\u0000\u2028"],
    ["__proto__", "polluted"],
    ["", "no name"],
    ["a.b", "dotted"],
    ["a_b", "plain"],
    ["empty", ""],
    ["half \udc00", "a character \ud800"],
  ]),
  annotations: { "run book": "x", summary: "" },
  startsAtMs: Number.NaN,
  generatorURL: "https://prometheus.example.com/%zz",
};

const times = (alert: Partial<Alert>, action: Notification["action"]) => {
  const { startsAt, endsAt } = formatAlert(tellingOf({ action, alert: { ...disk, ...alert } }), nowMs);
  return [startsAt, endsAt].map((text) => (Date.parse(text) - nowMs) / second);
};

const labelsOf = (labels: Alert["labels"]) => formatAlert(tellingOf({ alert: { ...disk, labels } }), nowMs).labels;

describe("an alert for Alertmanager", () => {
  test.each<[string, Partial<Notification>]>([
    ["firing", {}],
    ["acknowledged", { action: "acknowledge" }],
    ["resolved", { action: "resolve", firing: 0 }],
    ["grouped", { firing: 12, dedupKey: "DiskFull/eu-1" }],
    ["hostile", { alert: hostile }],
    ...Object.entries(classified),
  ])("is as reviewed: %s", async (name, telling) => {
    const text = `${JSON.stringify(render(telling), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot(join(import.meta.dirname, "golden", `${name}.json`));
  });

  test.each<[string, number, [number, number]]>([
    ["long ago", -600, [-600, 86_400]],
    ["now", 0, [0, 86_400]],
    ["on a clock ahead of ours", 90, [0, 86_400]],
    ["who knows when", Number.NaN, [0, 86_400]],
    ["before there was time", -1e15, [0, 86_400]],
  ])("that fires and began %s stays firing for a day", (_, startsS, expected) => {
    expect(times({ startsAtMs: nowMs + startsS * second }, "trigger")).toEqual(expected);
  });

  test.each<[string, number, [number, number]]>([
    ["long ago", -600, [-600, -60]],
    ["just before", -5, [-5, -5]],
    ["now", 0, [0, 0]],
    ["on a clock ahead of ours", 90, [0, 0]],
    ["who knows when", Number.NaN, [-60, -60]],
  ])("that began %s and ended has an end in the receiver's past and never before its start", (_, startsS, expected) => {
    expect(times({ startsAtMs: nowMs + startsS * second }, "resolve")).toEqual(expected);
  });

  test("lasts several times longer than the usual time between two reminders", () => {
    expect(believedForMs).toBeGreaterThanOrEqual(2 * 4 * 3_600 * second);
  });

  test.each<[string, string | undefined]>([
    ["https://prometheus.example.com/graph?g0.expr=a%20b", "https://prometheus.example.com/graph?g0.expr=a%20b"],
    ["http://prometheus/graph?q=a b", "http://prometheus/graph?q=a%20b"],
    ["https://prometheus.example.com/%zz", undefined],
    ["javascript:alert(1)", undefined],
    ["/graph", undefined],
    ["", undefined],
  ])("with the generator URL %j has %j", (generatorURL, expected) => {
    expect(formatAlert(tellingOf({ alert: { ...disk, generatorURL } }), nowMs).generatorURL).toBe(expected);
  });

  test("shows its classification while it fires, in place of annotations that pretend to be one", () => {
    const annotations = { ai_severity: "critical", ai_other: "kept" };
    const telling = { alert: { ...disk, annotations }, ...classified["classified-applied"] };
    expect(formatAlert(tellingOf(telling), nowMs)).toMatchObject({
      labels: disk.labels,
      annotations: { ai_severity: "error", ai_other: "kept" },
    });
    expect(formatAlert(tellingOf({ ...telling, action: "resolve" }), nowMs).annotations).toEqual(annotations);
  });

  test("without any label has the label alertname", () => {
    expect(labelsOf({})).toEqual({ alertname: "alert" });
    expect(labelsOf({ alertname: "", team: "x" })).toEqual({ team: "x" });
  });

  test("shows no credential that an alert repeats", () => {
    const target = alertmanagerTargetOf({ headers: { Authorization: "Bearer b34rer-token" } });
    const text = JSON.stringify(render({ alert: { ...disk, annotations: { leak: "b34rer-token" } } }, target));
    expect(text).toContain('"leak":"[secret]"');
  });
});
