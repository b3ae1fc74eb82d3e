/** Distinct alerts as Alertmanager would send them, some 700 bytes each. */
export interface PostedAlert {
  readonly status: "firing" | "resolved";
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
  readonly fingerprint: string;
}

const startsAt = new Date(Date.now() - 60_000).toISOString();

/** Spread like real fingerprints, so that an index sees random keys. */
const fingerprintOf = (n: number): string =>
  ((BigInt(n + 1) * 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn).toString(16).padStart(16, "0");

export const postedAlert = (n: number, status: "firing" | "resolved", severity = "warning"): PostedAlert => ({
  status,
  labels: {
    alertname: "HighRequestLatency",
    cluster: "eu-1",
    instance: `api-${n}.example.com:9090`,
    job: "api",
    namespace: "production",
    pod: `api-7d9f6c5b4-${n}`,
    severity,
  },
  annotations: {
    summary: `Latency of api on api-${n} is above 2 s`,
    description: `The 99th percentile of request latency on api-${n}.example.com has been above 2 s for 5 minutes.`,
    runbook_url: "https://runbooks.example.com/HighRequestLatency",
  },
  startsAt,
  endsAt: status === "resolved" ? new Date().toISOString() : "0001-01-01T00:00:00Z",
  generatorURL: "https://prometheus.example.com/graph?g0.expr=latency",
  fingerprint: fingerprintOf(n),
});

export const webhookBody = (alerts: readonly PostedAlert[]): string =>
  JSON.stringify({
    version: "4",
    groupKey: "{}:{}",
    truncatedAlerts: 0,
    status: alerts[0]?.status ?? "firing",
    receiver: "tocsin",
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    externalURL: "http://alertmanager.example.com",
    alerts,
  });

/** `count` alerts in lists of `size`, numbered from `first` on. */
export const batches = (count: number, size: number, status: "firing" | "resolved", first = 0): PostedAlert[][] =>
  Array.from({ length: Math.ceil(count / size) }, (_, batch) =>
    Array.from({ length: Math.min(size, count - batch * size) }, (__, i) =>
      postedAlert(first + batch * size + i, status),
    ),
  );
