import { type Alert, type Endpoint, parseTarget, type Target, type Notification } from "@tocsin/core";
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
