import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { webhookAlert } from "./alertmanager.ts";
import { postedAlert } from "./prometheus.ts";
import { quickAlert, quickWebhookAlert } from "./quick-alert.ts";

/** Mostly right, now and then wrong: both sides of each check are met. */
const or = <T>(usual: fc.Arbitrary<T>) =>
  fc.oneof(
    { weight: 40, arbitrary: usual },
    { weight: 1, arbitrary: fc.constantFrom<unknown>(undefined, null, "", 0, true, [], {}, ["x"]) },
  );
const names = fc.constantFrom("alertname", "severity", "__proto__", "", "constructor", "job");
const texts = or(
  fc.array(fc.tuple(names, or(fc.string({ unit: "binary", minLength: 1 })))).map((pairs) => {
    const map: Record<string, unknown> = {};
    for (const [name, value] of pairs)
      Object.defineProperty(map, name, { value, enumerable: true, configurable: true });
    return map;
  }),
);
const time = or(
  fc.oneof(
    fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    fc.constantFrom("0001-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-31T12:00:00.123456789+02:00", "yesterday"),
  ),
);
const text = or(fc.string());
const alert = fc.record(
  {
    status: or(fc.constantFrom("firing", "resolved")),
    labels: texts,
    annotations: texts,
    startsAt: time,
    endsAt: time,
    generatorURL: text,
    fingerprint: text,
    dashboardURL: text,
    panelURL: text,
    silenceURL: text,
    imageURL: text,
    valueString: text,
    values: fc.anything(),
  },
  { requiredKeys: [] },
);
const inputs = fc.oneof({ weight: 20, arbitrary: alert }, fc.anything());

describe.each([
  ["an alert of a webhook", quickWebhookAlert, webhookAlert],
  ["a posted alert", quickAlert, postedAlert],
])("%s that is read quickly", (_name, quick, schema) => {
  test("is what its schema reads", () => {
    let met = 0;
    fc.assert(
      fc.property(inputs, (input) => {
        const read = quick(input);
        if (read === undefined) return;
        met++;
        expect(schema.parse(input)).toEqual(read);
      }),
      { numRuns: 5_000 },
    );
    expect(met).toBeGreaterThan(200);
  });
});

test("the usual alerts of Alertmanager, Grafana and Prometheus are read quickly", () => {
  const posted = {
    labels: { alertname: "DiskFull" },
    annotations: { summary: "" },
    startsAt: "2026-11-23T10:00:00.123456789Z",
    endsAt: "0001-01-01T00:00:00Z",
    generatorURL: "http://prometheus/graph",
  };
  expect(quickAlert(posted)).toBeDefined();
  expect(quickWebhookAlert({ ...posted, status: "firing", fingerprint: "3b15fd163d36582e" })).toBeDefined();
  expect(quickWebhookAlert({ ...posted, status: "resolved", values: null, imageURL: "" })).toBeDefined();
});
