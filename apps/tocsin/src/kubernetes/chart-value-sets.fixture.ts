import type { Values } from "./chart-renderer.fixture.ts";

/** Values of a fleet over PostgreSQL. */
export const fleet = {
  ledger: {
    kind: "postgres",
    postgres: { url: "postgres://tocsin@postgres.databases.svc/tocsin?sslmode=verify-full" },
  },
};
/** The sets of values that the tests of the chart render. */
export const chartValueSets: readonly {
  name: string;
  values: Values;
  release?: { name: string; namespace: string };
}[] = [
  { name: "the default", values: {} },
  { name: "a fleet", values: fleet },
  {
    name: "an existing claim, another release and a private registry",
    release: { name: "pager", namespace: "alerting" },
    values: {
      image: { repository: "registry.example.com/tocsin", tag: "1e3", pullSecrets: ["registry"] },
      credentials: { secretName: "others" },
      ledger: { sqlite: { existingClaim: "old-ledger" } },
      nodeSelector: { disk: "ssd" },
      tolerations: [{ key: "monitoring", operator: "Exists", effect: "NoSchedule" }],
      networkPolicy: { fromNamespaces: [], extraEgress: [{ ports: [{ protocol: "TCP", port: 3128 }] }] },
    },
  },
  {
    name: "a fleet with mutual TLS",
    values: {
      ...fleet,
      tls: { secretName: "tocsin-tls", clientCa: true },
      config: { server: { auth: { clients: [{ name: "a", san: "a.monitoring.svc", roles: ["ingest"] }] } } },
      serviceMonitor: { enabled: true },
    },
  },
  {
    name: "several namespaces",
    values: {
      discovery: { namespaces: ["tocsin", "shop-alerting"] },
      rollouts: { namespaces: ["shop", "checkout"] },
      ledger: { sqlite: { storageClassName: "fast", size: "10Gi" } },
    },
  },
  {
    name: "everything optional",
    values: {
      tls: { secretName: "tocsin-tls" },
      config: { telemetry: { logs: { level: "debug" } } },
      ingress: {
        enabled: true,
        className: "nginx",
        host: "tocsin.example.com",
        annotations: { "nginx.ingress.kubernetes.io/backend-protocol": "HTTPS" },
        tlsSecretName: "ingress-tls",
      },
      networkPolicy: { enabled: false },
      serviceMonitor: { enabled: true, labels: { release: "prometheus" }, serverName: "tocsin.example.com" },
      prometheusRule: { enabled: true, labels: { release: "prometheus" }, runbookUrl: "https://wiki.example.com" },
      dashboard: { enabled: true },
    },
  },
];
