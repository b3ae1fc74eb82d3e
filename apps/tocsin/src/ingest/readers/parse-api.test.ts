import { describe, expect, test } from "vitest";
import { alertOf, parseApiAlerts, parseApiStatus } from "./parse-api.ts";

const from = { source: "am", nowMs: Date.UTC(2026, 0, 1) };

/** An alert as Alertmanager 0.25 lists it. */
const listed = {
  annotations: { summary: "The disk is full" },
  endsAt: "2026-01-01T00:04:00.000Z",
  fingerprint: "4f1f4b1c34d7a8a2",
  receivers: [{ name: "tocsin" }],
  startsAt: "2026-01-01T00:00:00.123456789Z",
  status: { inhibitedBy: [], silencedBy: ["8d1c"], state: "suppressed" },
  updatedAt: "2026-01-01T00:00:00.000Z",
  generatorURL: "http://prometheus:9090/graph",
  labels: { alertname: "DiskFull", severity: "critical" },
};

describe("the list of alerts", () => {
  test("is parsed with the state of each alert", () => {
    const [alert] = parseApiAlerts(JSON.stringify([listed]));
    expect(alert).toMatchObject({ fingerprint: "4f1f4b1c34d7a8a2", state: "suppressed" });
    expect(alertOf(alert!, from)).toEqual({
      fingerprint: "4f1f4b1c34d7a8a2",
      labels: listed.labels,
      annotations: listed.annotations,
      startsAtMs: Date.UTC(2026, 0, 1) + 123,
      generatorURL: listed.generatorURL,
    });
  });

  test("may be empty", () => {
    expect(parseApiAlerts("[]")).toEqual([]);
  });

  // A part that cannot be parsed might hold a firing alert, which must never count as absent.
  test.each([
    ["nothing", ""],
    ["half a list", JSON.stringify([listed, listed]).slice(0, -40)],
    ["a page", "<html></html>"],
    ["an object", "{}"],
    ["an error of Alertmanager", '"get alerts failed"'],
    ["null", "null"],
    ["a list of texts", '["a"]'],
    ["an alert without a fingerprint", JSON.stringify([{ ...listed, fingerprint: undefined }])],
    ["an alert with an empty fingerprint", JSON.stringify([{ ...listed, fingerprint: "" }])],
    ["an alert with a long fingerprint", JSON.stringify([{ ...listed, fingerprint: "f".repeat(1_000) }])],
    ["an alert without a status", JSON.stringify([{ ...listed, status: undefined }])],
    ["an alert in a state that is unknown", JSON.stringify([{ ...listed, status: { state: "muted" } }])],
  ])("is refused as a whole: %s", (_what, body) => {
    expect(() => parseApiAlerts(body)).toThrow(Error);
  });

  test("includes alerts that cannot be routed", () => {
    const [alert] = parseApiAlerts(JSON.stringify([{ ...listed, labels: [1] }]));
    expect(alert?.state).toBe("suppressed");
    expect(alertOf(alert!, from)).toBeUndefined();
  });
});

describe("the status", () => {
  const status = {
    cluster: { name: "01H", peers: [{ address: "10.0.0.1:9094", name: "01H" }, { name: "02H" }], status: "ready" },
    config: { original: "global:\n  resolve_timeout: 7m\n  http_config:\n    follow_redirects: true\n" },
    uptime: "2026-01-01T00:00:00.5Z",
    versionInfo: { version: "0.25.0" },
  };

  test("is parsed", () => {
    expect(parseApiStatus(JSON.stringify(status))).toEqual({
      name: "01H",
      peers: ["01H", "02H"],
      uptime: "2026-01-01T00:00:00.5Z",
      startedAtMs: Date.UTC(2026, 0, 1) + 500,
      resolveTimeoutMs: 7 * 60_000,
    });
  });

  test("has no name and no peers for an instance without a cluster", () => {
    const alone = { ...status, cluster: { peers: [], status: "disabled" } };
    expect(parseApiStatus(JSON.stringify(alone))).toMatchObject({ name: null, peers: [] });
  });

  test.each([
    ["global:\n  resolve_timeout: 1h30m\n", 90 * 60_000],
    ['global:\n  resolve_timeout: "30s"\n', 30_000],
    ["global: {}\n", 5 * 60_000],
    ["global:\n  resolve_timeout: soon\n", 5 * 60_000],
    ["receivers: []\n# resolve_timeout: 1h\n", 5 * 60_000],
  ])("has the resolve_timeout of the configuration %j", (original, ms) => {
    expect(parseApiStatus(JSON.stringify({ ...status, config: { original } })).resolveTimeoutMs).toBe(ms);
  });

  test.each([
    ["no JSON", "up"],
    ["a list", "[]"],
    ["no uptime", JSON.stringify({ ...status, uptime: undefined })],
    ["an uptime that is no time", JSON.stringify({ ...status, uptime: "yesterday" })],
    ["no cluster", JSON.stringify({ ...status, cluster: undefined })],
    ["a peer without a name", JSON.stringify({ ...status, cluster: { ...status.cluster, peers: [{}] } })],
  ])("is refused: %s", (_what, body) => {
    expect(() => parseApiStatus(body)).toThrow(Error);
  });
});
