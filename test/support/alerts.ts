/** No end: the value that Alertmanager writes while an alert fires. */
const noEnd = "0001-01-01T00:00:00Z";

export interface WebhookAlert {
  readonly status: "firing" | "resolved";
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly fingerprint: string;
}

export interface Facts {
  readonly severity?: string;
  readonly startsAt?: string;
}

/** One alert of many, as a webhook carries it. */
export const webhookAlert = (
  name: string,
  status: "firing" | "resolved",
  { severity = "critical", startsAt = new Date(Date.now() - 1_000).toISOString() }: Facts = {},
): WebhookAlert => ({
  status,
  labels: { alertname: "DiskFull", instance: name, severity },
  annotations: { summary: `The disk of ${name} is full` },
  startsAt,
  endsAt: status === "firing" ? noEnd : new Date().toISOString(),
  fingerprint: name,
});

/** One alert as Prometheus posts it: firing has an end too, four evaluations ahead. */
export const postedAlert = (name: string, at: { readonly startsAtMs: number; readonly endsAtMs: number }) => ({
  labels: { alertname: "DiskFull", instance: name, severity: "critical" },
  annotations: { summary: `The disk of ${name} is full` },
  startsAt: new Date(at.startsAtMs).toISOString(),
  endsAt: new Date(at.endsAtMs).toISOString(),
  generatorURL: "http://prometheus.example.com/graph?g0.expr=disk",
});
