import { expect, test } from "vitest";
import { parsePrometheusAlerts } from "./prometheus.ts";
import { readAll } from "./read-all.fixture.ts";

const nowMs = Date.UTC(2026, 10, 23, 10, 5);
const from = { source: "default", sender: "10.0.0.7", nowMs };
const readPostedAlerts = (body: unknown) => readAll(parsePrometheusAlerts(body, from));
const posted = {
  labels: { severity: "critical", job: "foo" },
  annotations: { summary: "slow" },
  startsAt: "2026-11-23T10:00:00Z",
  endsAt: "2026-11-23T10:09:00Z",
  generatorURL: "http://prometheus/graph",
};
const claimOf = (alert: unknown) => {
  const { claims, issues } = readPostedAlerts([alert]);
  expect(issues).toEqual([]);
  return claims[0]!;
};
const startOf = (endsAt?: string) => claimOf({ labels: { a: "b" }, endsAt }).alert.startsAtMs;

test("a posted alert becomes a claim of its sender, with Alertmanager's fingerprint and its own end", () => {
  expect(claimOf(posted)).toEqual({
    alert: {
      fingerprint: "3b15fd163d36582e",
      labels: { severity: "critical", job: "foo" },
      annotations: { summary: "slow" },
      startsAtMs: Date.UTC(2026, 10, 23, 10),
      generatorURL: "http://prometheus/graph",
    },
    status: "firing",
    source: "default",
    sender: "10.0.0.7",
    origin: "http://prometheus",
    endsAtMs: Date.UTC(2026, 10, 23, 10, 9),
  });
});

test.each([
  ["10:04:59.999", "resolved"],
  ["10:05:00.000", "resolved"],
  ["10:05:00.001", "firing"],
])("at 10:05:00.000 an alert that ends at %s is %s", (time, status) => {
  expect(claimOf({ ...posted, endsAt: `2026-11-23T${time}Z` }).status).toBe(status);
});

test.each([undefined, null, "", "0001-01-01T00:00:00Z"])(
  "an alert without an end (%j) fires, and its claim has no end",
  (endsAt) => {
    const claim = claimOf({ ...posted, endsAt });
    expect(claim.status).toBe("firing");
    expect(claim).not.toHaveProperty("endsAtMs");
  },
);

test("an alert without a start starts when it is received, or at its end if that has passed", () => {
  expect(startOf()).toBe(nowMs);
  expect(startOf("2026-11-23T10:04:00Z")).toBe(nowMs - 60_000);
  expect(startOf("2026-11-23T10:09:00Z")).toBe(nowMs);
});

test("marks an unknown start, so that repeats do not look like new episodes", () => {
  expect(claimOf({ ...posted, startsAt: undefined }).startUnknown).toBe(true);
  expect(claimOf({ ...posted, startsAt: "0001-01-01T00:00:00Z" }).startUnknown).toBe(true);
  expect(claimOf(posted)).not.toHaveProperty("startUnknown");
});

test.each([
  ["http://prometheus-a:9090/graph?g0.expr=up", "http://prometheus-a:9090"],
  ["https://Prometheus.Example.com/prometheus/graph", "https://prometheus.example.com"],
  ["http://[fd00::7]:9090/graph", "http://[fd00::7]:9090"],
  ["http://prometheus", "http://prometheus"],
  ["http://prometheus?x=/y", "http://prometheus"],
  ["http://user:pa@ss@prometheus/graph", "http://prometheus"],
])("the origin of %s is %s", (generatorURL, origin) => {
  expect(claimOf({ ...posted, generatorURL }).origin).toBe(origin);
});

test.each(["/graph?g0.expr=up", "prometheus:9090/graph", "", undefined, "http:///graph"])(
  "%j has no origin",
  (generatorURL) => {
    expect(claimOf({ ...posted, generatorURL })).not.toHaveProperty("origin");
  },
);

test("truncates a very long origin of the generatorURL, because the ledger stores it with each claim", () => {
  expect(claimOf({ ...posted, generatorURL: `http://${"x".repeat(100_000)}/` }).origin?.length).toBe(300);
});

test("removes labels with empty values before the fingerprint is computed; at least one must remain", () => {
  const { alert } = claimOf({ ...posted, labels: { severity: "critical", job: "foo", empty: "" } });
  expect(alert).toMatchObject({ fingerprint: "3b15fd163d36582e", labels: { severity: "critical", job: "foo" } });
});

test("ignores status and fingerprint, which are not part of this format", () => {
  const claim = claimOf({ ...posted, status: "resolved", fingerprint: "mine" });
  expect(claim).toMatchObject({ status: "firing", alert: { fingerprint: "3b15fd163d36582e" } });
});

test("keeps valid alerts, and names every issue of the others with its path", () => {
  const { claims, rejected, issues } = readPostedAlerts([
    posted,
    { ...posted, labels: { x: 1 } },
    { ...posted, endsAt: "2026-11-23T09:59:59Z" },
    { ...posted, labels: { a: "" } },
    { ...posted, labels: undefined },
    [],
    { ...posted, endsAt: 5, generatorURL: {} },
    posted,
  ]);
  expect([claims.length, rejected]).toEqual([2, 6]);
  expect(issues.map(({ path, message }) => `${path}: ${message}`)).toEqual([
    "alerts[1].labels.x: expected a string",
    "alerts[2].endsAt: must not be before startsAt",
    "alerts[3].labels: expected at least one label with a value",
    "alerts[4].labels: expected at least one label with a value",
    "alerts[5]: expected an object",
    'alerts[6].endsAt: expected a time such as "2026-01-31T12:00:00Z"',
    "alerts[6].generatorURL: expected a string",
  ]);
});

test.each([{ alerts: [posted] }, undefined, "", 5])("%j is no list of alerts", (body) => {
  expect(readPostedAlerts(body)).toEqual({
    claims: [],
    rejected: 1,
    truncated: 0,
    issues: [{ path: "", message: "expected a list of alerts" }],
  });
});

test("null is an empty list, as Alertmanager reads it", () => {
  expect(readPostedAlerts(null)).toMatchObject({ claims: [], rejected: 0 });
});

test("names of fields are read in any case, as Alertmanager reads them", () => {
  const claim = claimOf({ Labels: { a: "b" }, STARTSAT: "2026-11-23T10:00:00Z", EndsAt: "2026-11-23T10:04:00Z" });
  expect(claim).toMatchObject({ status: "resolved", endsAtMs: nowMs - 60_000, alert: { labels: { a: "b" } } });
  expect(claimOf({ ...posted, EndsAt: "2026-11-23T10:04:00Z" }).status).toBe("resolved");
});
