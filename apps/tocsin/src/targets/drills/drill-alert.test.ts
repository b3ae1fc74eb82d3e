import { expect, test } from "vitest";
import { drillAlert, drillOf, endOf } from "./drill-alert.ts";

const vault = { identity: (kind: string, text: string) => `${kind}:${text.length}:${text}` };
const alert = drillAlert({ target: "pager", severity: "error" }, { nonce: "00ff", vault, nowMs: 5, endsAtMs: 60_000 });

test("an alert of a drill names its target and severity, and is clearly marked", () => {
  expect(drillOf(alert, vault)).toEqual({ target: "pager", severity: "error" });
  expect(alert.annotations["summary"]).toMatch(/^DRILL/);
  expect(endOf(alert)).toBe(60_000);
  expect(endOf({ annotations: {} })).toBe(0);
  expect(alert.labels).toMatchObject({ tocsin_drill: "true" });
});

test.each([
  ["another target", { ...alert, labels: { ...alert.labels, target: "other" } }],
  ["another severity", { ...alert, labels: { ...alert.labels, severity: "critical" } }],
  ["an invented seal", { ...alert, fingerprint: "tocsin-drill-00ff-forged" }],
  ["an ordinary fingerprint", { ...alert, fingerprint: "0123456789abcdef" }],
])("an alert with %s is no drill at a target", (_, forged) => {
  expect(drillOf(forged, vault)).toBeUndefined();
});
