import { expect, test } from "vitest";
import { parseAlertmanagerWebhook } from "./alertmanager.ts";
import { readAll } from "./read-all.fixture.ts";

const nowMs = Date.UTC(2026, 10, 23, 10, 5);
const from = { source: "am", nowMs };
const firing = {
  status: "firing",
  labels: { alertname: "HighLatency", service: "api" },
  annotations: { summary: "slow" },
  startsAt: "2026-11-23T10:00:00.123456789Z",
  endsAt: "0001-01-01T00:00:00Z",
  generatorURL: "http://prometheus/graph",
  fingerprint: "3b15fd163d36582e",
};
const readWebhook = (body: unknown) => readAll(parseAlertmanagerWebhook(body, from));
const parse = (...alerts: unknown[]) => readWebhook({ version: "4", alerts });
const claimOf = (alert: unknown) => {
  const { claims, issues } = parse(alert);
  expect(issues).toEqual([]);
  return claims[0]!;
};

test("an alert from Alertmanager becomes one claim of its source, without a sender and, while it fires, without an end", () => {
  expect(parse({ ...firing, endsAt: "2026-11-23T12:00:00Z" })).toEqual({
    claims: [
      {
        alert: {
          fingerprint: "3b15fd163d36582e",
          labels: { alertname: "HighLatency", service: "api" },
          annotations: { summary: "slow" },
          startsAtMs: Date.UTC(2026, 10, 23, 10, 0, 0, 123),
          generatorURL: "http://prometheus/graph",
        },
        status: "firing",
        source: "am",
      },
    ],
    rejected: 0,
    truncated: 0,
    issues: [],
  });
});

test.each([
  [3, 3],
  [0, 0],
  [undefined, 0],
  ["3", 0],
  [-1, 0],
])("truncatedAlerts %j counts as %i alerts that the sender left out", (truncatedAlerts, truncated) => {
  expect(readWebhook({ alerts: [], truncatedAlerts }).truncated).toBe(truncated);
});

test("a resolved alert keeps its end", () => {
  const claim = claimOf({ ...firing, status: "resolved", endsAt: "2026-11-23T10:04:00Z" });
  expect(claim).toMatchObject({ status: "resolved", endsAtMs: Date.UTC(2026, 10, 23, 10, 4) });
  expect(claimOf({ ...firing, status: "resolved" })).not.toHaveProperty("endsAtMs");
});

test("keeps Grafana's links, but not empty ones and unknown members", () => {
  const { alert } = claimOf({
    ...firing,
    dashboardURL: "",
    panelURL: "https://grafana/d/1?viewPanel=2",
    imageURL: "https://grafana/i.png",
    valueString: "[ var='A' value=3 ]",
    silenceURL: null,
    values: { A: 3 },
    orgId: 1,
  });
  expect(alert).toMatchObject({
    panelURL: "https://grafana/d/1?viewPanel=2",
    imageURL: "https://grafana/i.png",
    valueString: "[ var='A' value=3 ]",
  });
  for (const absent of ["dashboardURL", "silenceURL", "values", "orgId"]) expect(alert).not.toHaveProperty(absent);
});

test.each([undefined, null, ""])("a missing fingerprint (%j) is computed as Alertmanager would", (fingerprint) => {
  const labels = { severity: "critical", job: "foo", empty: "" };
  expect(claimOf({ ...firing, labels, fingerprint }).alert.fingerprint).toBe("3b15fd163d36582e");
});

test("a given fingerprint is used even if the labels would give another one, or if there are no labels", () => {
  expect(claimOf({ ...firing, labels: { a: "b" }, fingerprint: "grafana-1" }).alert.fingerprint).toBe("grafana-1");
  expect(claimOf({ ...firing, labels: {}, fingerprint: "x" }).alert.labels).toEqual({});
});

test("an alert without a start starts when it is received", () => {
  for (const startsAt of [undefined, null, "0001-01-01T00:00:00Z"])
    expect(claimOf({ ...firing, startsAt })).toMatchObject({ alert: { startsAtMs: nowMs }, startUnknown: true });
  expect(claimOf(firing)).not.toHaveProperty("startUnknown");
});

test("labels and annotations may be absent or null, as Go writes empty maps", () => {
  const { alert } = claimOf({ ...firing, labels: null, annotations: undefined });
  expect(alert).toMatchObject({ labels: {}, annotations: {} });
});

test("any name and any text is accepted: __proto__, NUL, control characters, lone surrogates, emoji", () => {
  const body = `{"alerts":[{"status":"firing","fingerprint":"f","labels":{"__proto__":"p","constructor":"c","":"e",
    "nul":"a\\u0000b","bell":"\\u0007","half":"\\ud83d","whole":"🔔"},"annotations":{"__proto__":"q"}}]}`;
  const { claims, issues } = readWebhook(JSON.parse(body));
  expect(issues).toEqual([]);
  const { labels, annotations } = claims[0]!.alert;
  expect(Object.entries(labels)).toEqual([
    ["__proto__", "p"],
    ["constructor", "c"],
    ["", "e"],
    ["nul", "a\0b"],
    ["bell", "\u0007"],
    ["half", "\ud83d"],
    ["whole", "🔔"],
  ]);
  expect(Object.entries(annotations)).toEqual([["__proto__", "q"]]);
  expect(({} as Record<string, unknown>)["p"]).toBeUndefined();
});

test("removing an empty label keeps one that is named __proto__", () => {
  const { claims } = readWebhook(
    JSON.parse(`{"alerts":[{"status":"firing","labels":{"__proto__":"p","none":"","a":"b"}}]}`),
  );
  expect(Object.entries(claims[0]!.alert.labels)).toEqual([
    ["__proto__", "p"],
    ["a", "b"],
  ]);
});

test("keeps valid alerts, and names every issue of the others with its path", () => {
  const batch = parse(
    firing,
    { ...firing, labels: { alertname: "A", x: 5, "a b": 5 }, startsAt: "yesterday" },
    null,
    { ...firing, status: "pending", fingerprint: 7 },
    { ...firing, labels: ["a"], annotations: "none" },
    { ...firing, labels: {}, fingerprint: "" },
    { ...firing, fingerprint: "second" },
  );
  expect(batch.claims.map((claim) => claim.alert.fingerprint)).toEqual(["3b15fd163d36582e", "second"]);
  expect(batch.rejected).toBe(5);
  expect(batch.issues.map(({ path, message }) => `${path}: ${message}`)).toEqual([
    "alerts[1].labels.x: expected a string",
    'alerts[1].labels["a b"]: expected a string',
    'alerts[1].startsAt: expected a time such as "2026-01-31T12:00:00Z"',
    "alerts[2]: expected an object",
    'alerts[3].status: expected "firing" or "resolved"',
    "alerts[3].fingerprint: expected a string",
    "alerts[4].labels: expected an object",
    "alerts[4].annotations: expected an object",
    "alerts[5].labels: expected at least one label with a value",
  ]);
});

test.each([
  [null, ": expected an object"],
  [[firing], ": expected an object"],
  ["x", ": expected an object"],
  [{}, "alerts: expected a list"],
  [{ alerts: { 0: firing } }, "alerts: expected a list"],
])("%j is refused as a webhook", (body, issue) => {
  const { claims, rejected, issues } = readWebhook(body);
  expect([claims, rejected, issues.map(({ path, message }) => `${path}: ${message}`)]).toEqual([[], 1, [issue]]);
});

test("accepts a thousand labels, and counts ten thousand broken alerts without listing them all", () => {
  const labels = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`l${index}`, "v"]));
  expect(claimOf({ ...firing, labels }).alert.labels).toEqual(labels);
  const { rejected, issues } = parse(...Array.from({ length: 10_000 }, () => 0));
  expect([rejected, issues.length]).toEqual([10_000, 100]);
});

test.each([
  ["3", 3],
  ["1e999", 0],
  ["-1e999", 0],
  ["-1", 0],
  ["1.5", 0],
  ["1e300", 1_000_000_000],
  ['"3"', 0],
  ["null", 0],
])("truncatedAlerts of %s is counted as %d", (text, count) => {
  const { truncated } = readWebhook(JSON.parse(`{"alerts":[],"truncatedAlerts":${text}}`));
  expect(truncated).toBe(count);
});
