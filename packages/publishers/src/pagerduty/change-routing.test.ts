import { type Alert, parseTarget, route, type Target } from "@tocsin/core";
import { expect, test } from "vitest";
import { pagerdutyTargetType } from "./target-type.ts";

const parse = (routing_key: string, more: object = {}) => {
  const input = { name: "changes", type: "pagerduty", routing_key, ...more };
  return parseTarget(input, { types: [pagerdutyTargetType], readSecret: String });
};

const targetWith = (routing_key: string): Target => {
  const parsed = parse(routing_key);
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
  expect(route(deploy, [target])).toMatchObject([
    { send: false, reason: "no_changes", detail: expect.stringContaining("start with R") as string },
  ]);
  expect(route({ ...deploy, labels: { alertname: "Deploy" } }, [target])).toMatchObject([{ send: true }]);
});

test("a key that starts with R is refused only if the target says that it takes changes", () => {
  const key = `R${"0".repeat(31)}`;
  expect(parse(key, { changes: true })).toMatchObject({ issues: [{ path: "changes" }] });
  expect(parse(key, { changes: false })).toHaveProperty("target");
  expect(parse("a".repeat(32), { changes: false })).toMatchObject({ target: { takesChanges: false } });
});
