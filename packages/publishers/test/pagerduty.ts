import {
  type Alert,
  alertOfChange,
  type Change,
  type Endpoint,
  parseTarget,
  type Target,
  type Notification,
} from "@tocsin/core";
import { pagerdutyTargetType } from "../src/pagerduty/target-type.ts";

export const routingKey = "0123456789abcdef0123456789ABCDEF";

/** A valid target, for tests. */
export function targetOf(input: object): Target {
  const written = { name: "pd", type: "pagerduty", routing_key: routingKey, ...input };
  const parsed = parseTarget(written, { types: [pagerdutyTargetType], readSecret: String });
  if ("issues" in parsed) throw new Error(JSON.stringify(parsed.issues));
  return parsed.target;
}

export const endpoint: Endpoint = targetOf({ metadata: { environment: "production" } });

export const disk: Alert = {
  fingerprint: "9266ef3da838ad95",
  labels: {
    alertname: "DiskFull",
    severity: "critical",
    instance: "db-1:9100",
    job: "node",
    service: "orders",
    namespace: "shop",
    cluster: "eu-1",
  },
  annotations: {
    summary: "Disk of db-1 is full",
    description: "97 % of /var are used",
    runbook_url: "https://runbooks.example.com/disk",
  },
  startsAtMs: Date.UTC(2026, 10, 23, 3, 0, 0, 250),
  generatorURL: "https://prometheus.example.com/graph?g0.expr=disk",
};

/** The notification that the engine would make of an alert. */
export function tellingOf(more: Partial<Notification> = {}): Notification {
  return {
    action: "trigger",
    dedupKey: "9266ef3da838ad95",
    eventId: "1-1",
    eventAtMs: Date.UTC(2026, 10, 23, 3, 0, 10),
    severity: "critical",
    alert: disk,
    summary: "Disk of db-1 is full",
    firing: 1,
    ...more,
  };
}

/** A deployment that a pipeline reported. */
export const deployment: Change = {
  id: "build-4711",
  origin: "ci",
  summary: "Deployed orders 1.27.0",
  source: "ci.example.com",
  timestampMs: Date.UTC(2026, 10, 23, 2, 48),
  environment: "production",
  labels: { service: "orders", namespace: "shop" },
  customDetails: { commit: "8f3c1d2", tests: { passed: 512, failed: 0 }, labels: ["canary"] },
  links: [{ href: "https://ci.example.com/builds/4711", text: "Build" }, { href: "https://git.example.com/8f3c1d2" }],
};

/** The notification that the engine makes of a change. */
export const changeTelling = (change: Change = deployment): Partial<Notification> => ({
  action: "change",
  alert: alertOfChange(change),
  severity: "info",
  summary: change.summary,
});

/** A change with texts that receivers do not accept unchanged. */
export const hostileChange: Change = {
  ...deployment,
  id: "\u0000\ud800".repeat(3),
  summary: `<!channel> lone \udc00 & *bold* ${"💥".repeat(20)}`,
  source: "<@U012AB3CD>|x",
  environment: " \u200b ",
  timestampMs: -1e17,
  labels: Object.fromEntries([
    ["__proto__", "polluted"],
    ["service", "orders\u001b"],
    ["", "no name"],
  ]),
  customDetails: { ["half \udc00"]: [null, { deep: "<@U1>" }] },
  links: [
    { href: "javascript:alert(1)", text: "<!here>" },
    { href: "https://x.example/a|b>c", text: "<@U1>|*b*" },
  ],
  state: "failed",
};

/** A change that is larger than what receivers accept, in each of its parts. */
export const oversizeChange: Change = {
  ...deployment,
  id: "i".repeat(1_024),
  summary: "💥".repeat(5_000),
  source: "s".repeat(1_024),
  labels: { service: "s".repeat(120_000), other: "o".repeat(300_000) },
  customDetails: { big: "é".repeat(400_000), other: ["x".repeat(200_000)] },
  links: Array.from({ length: 200 }, (_, n) => ({ href: `https://x.example/${n}/${"y".repeat(1_900)}` })),
};
