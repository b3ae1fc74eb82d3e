import { type Alert, route, type Telling } from "@tocsin/core";
import { Simulator } from "@tocsin/simulator";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Transport } from "../transport.ts";
import { targetOf, tellingOf } from "../../test/pagerduty.ts";
import { pagerdutyPublisher } from "./index.ts";

const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: "binary", maxLength: 30 }) },
  { weight: 2, arbitrary: fc.string({ unit: "grapheme", maxLength: 30 }) },
  fc.constantFrom("", " ", "\u0000", "\ud800", "😀".repeat(3_000), "x".repeat(10_000), "null", "__proto__"),
  fc.constantFrom(
    "http://a/b.png",
    'https://a b/ü?q="',
    "javascript:alert(1)",
    "//a",
    "https://",
    "HTTPS://EXAMPLE.COM/%zz",
  ),
);
const name = fc.oneof(
  fc.constantFrom(
    "alertname",
    "instance",
    "severity",
    "service",
    "namespace",
    "summary",
    "description",
    "grafana_url",
    "panelURL",
    "dashboard_url",
    "runbook_url",
    "generatorURL",
    "grafana_snapshot",
    "imageURL",
    "__proto__",
    "constructor",
    "toJSON",
  ),
  text,
);
const many = Array.from({ length: 1_000 }, (_, i) => [`label_${i}`, "é".repeat(i % 300)] as const);
const labels = fc
  .tuple(fc.array(fc.tuple(name, text), { maxLength: 12 }), fc.integer({ min: 0, max: 30 }))
  // Now and then a thousand of them, over half a megabyte together with the rest.
  .map(([entries, dice]) => Object.fromEntries(dice === 0 ? [...many, ...entries] : entries));

const alerts: fc.Arbitrary<Alert> = fc.record(
  {
    fingerprint: text,
    labels,
    annotations: labels,
    startsAtMs: fc.oneof(fc.double(), fc.integer(), fc.constant(Number.NaN)),
    generatorURL: text,
    dashboardURL: text,
    panelURL: text,
    imageURL: text,
  },
  { requiredKeys: ["fingerprint", "labels", "annotations", "startsAtMs"] },
);

const words = {
  template: {
    summary: "{{ annotations.summary }}",
    source: "{{ labels.instance }}",
    severity: "{{ labels.severity }}",
    component: "{{ labels.service }}",
    class: "{{ alert_name }}",
    dedup_key: "{{ labels.namespace }}",
    custom_details: { a: "{{ labels.instance }}" },
  },
};

test("whatever an alert holds, the event is one that PagerDuty takes, and its resolve closes it", async () => {
  await using simulator = new Simulator({ limit: { limit: 0 } });
  await using transport = new Transport();
  const { url } = await simulator.listen();
  const targets = [targetOf({ name: "plain", url }), targetOf({ name: "words", url, ...words })];
  const publishers = new Map(
    targets.map((target) => [target.name, pagerdutyPublisher(target, { transport, version: "1" })]),
  );
  const { signal } = new AbortController();

  await fc.assert(
    fc.asyncProperty(alerts, text, fc.constantFrom("trigger", "change"), async (alert, incidentUrl, action) => {
      for (const decision of route(alert, targets)) {
        if (!decision.tell) throw new Error("told nobody");
        const publisher = publishers.get(decision.target)!;
        const telling: Telling = tellingOf({ ...decision, alert, action, incidentUrl, sender: incidentUrl });
        const outcome = await publisher.publish(telling, signal);
        expect({ outcome: outcome.kind, refused: simulator.refused() }).toEqual({ outcome: "accepted", refused: [] });
        expect((await publisher.publish({ ...telling, action: "resolve" }, signal)).kind).toBe("accepted");
      }
      expect(simulator.incidents().filter(({ status }) => status !== "resolved")).toEqual([]);
      simulator.reset();
    }),
    { numRuns: 300 },
  );
});
