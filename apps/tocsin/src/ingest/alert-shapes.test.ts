import { describe, expect, test } from "vitest";
import { alertShapes } from "./alert-shapes.ts";
import { parseAlertmanagerWebhook } from "./alertmanager.ts";
import { parsePrometheusAlerts } from "./prometheus.ts";
import { readAll } from "./read-all.fixture.ts";

const labels = { alertname: "A" };
const nowMs = Date.UTC(2026, 0, 1);

/** Members of an alert, and whether they are valid. */
const members: readonly (readonly [members: object, isValid: boolean])[] = [
  [{}, true],
  [{ more: { unknown: 1 } }, true],
  [{ labels: 1 }, false],
  [{ labels: { alertname: 1 } }, false],
  [{ labels: { alertname: "A", empty: null } }, true],
  [{ annotations: null }, true],
  [{ annotations: { summary: 1 } }, false],
  [{ startsAt: null, endsAt: "" }, true],
  [{ startsAt: 1 }, false],
  [{ generatorURL: null }, true],
  [{ generatorURL: 1 }, false],
];

describe("the documented shape of an alert agrees with the parser", () => {
  test.each(members)("of Prometheus: %j", (some, isValid) => {
    const body = [{ labels, ...some }];
    const { rejected } = readAll(parsePrometheusAlerts(body, { source: "s", sender: "a", nowMs }));
    expect([rejected === 0, alertShapes.postedAlerts.safeParse(body).success]).toEqual([isValid, isValid]);
  });

  test.each([
    ...members,
    [{ status: undefined }, false] as const,
    [{ status: "lit" }, false] as const,
    [{ fingerprint: null, imageURL: "" }, true] as const,
    [{ fingerprint: 1 }, false] as const,
    [{ panelURL: {} }, false] as const,
    [{ valueString: 1 }, false] as const,
  ])("of a webhook: %j", (some, isValid) => {
    const body = { version: "4", alerts: [{ status: "firing", labels, ...some }] };
    const { rejected } = readAll(parseAlertmanagerWebhook(body, { source: "s", nowMs }));
    expect([rejected === 0, alertShapes.webhookBody.safeParse(body).success]).toEqual([isValid, isValid]);
  });

  test("of a body that is none", () => {
    for (const body of [null, [], 1, {}, { alerts: {} }])
      expect([body, alertShapes.webhookBody.safeParse(body).success]).toEqual([body, false]);
    expect([alertShapes.postedAlerts.safeParse(null).success, alertShapes.postedAlerts.safeParse({}).success]).toEqual([
      true,
      false,
    ]);
  });
});
