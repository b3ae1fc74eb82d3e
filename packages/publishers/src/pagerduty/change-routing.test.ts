import { type Alert, parseTarget, route, type Target } from "@tocsin/core";
import { expect, test } from "vitest";
import { pagerdutyTargetType } from "./target-type.ts";

const targetWith = (routing_key: string): Target => {
  const input = { name: "changes", type: "pagerduty", routing_key };
  const parsed = parseTarget(input, { types: [pagerdutyTargetType], readSecret: String });
  if (!("target" in parsed)) throw new Error(JSON.stringify(parsed.issues));
  return parsed.target;
};

const deploy: Alert = {
  fingerprint: "00000000000000aa",
  labels: { alertname: "Deploy", change_event: "true" },
  annotations: {},
  startsAtMs: 1_000,
};

test("routes a change event with one key per fingerprint and start", () => {
  const [decision] = route(deploy, [targetWith("a".repeat(32))]);
  expect(decision).toMatchObject({ send: true, kind: "change", dedupKey: "00000000000000aa@1000" });
});

test("a key that starts with R takes no change events, and alerts as before", () => {
  const target = targetWith(`R${"0".repeat(31)}`);
  expect(route(deploy, [target])).toMatchObject([{ send: false, reason: "filtered" }]);
  expect(route({ ...deploy, labels: { alertname: "Deploy" } }, [target])).toMatchObject([{ send: true }]);
});
