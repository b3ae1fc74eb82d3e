import { expect, test } from "vitest";
import { ApiServer } from "../../apps/tocsin/src/kubernetes/api-server.fixture.ts";
import { webhookAlert } from "../support/alerts.ts";
import { hasPrometheus, Prometheus } from "../support/debian.ts";
import { metricQueries } from "../support/metric-queries.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { Sender } from "../support/storm.ts";
import { tempDir } from "../support/temp-dir.ts";
import { Service } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

const alertCount = 3_000;
/** Alerts for a target that takes ten in a second. */
const slowCount = 25;
const batchSize = 100;
const severities = ["critical", "error", "warning", "info"] as const;

/** The storm takes about ten seconds on an idle machine. */
const patience = { withinMs: 120_000 };

const keyOf = (name: string): string => name.padEnd(32, "0");

/** Most requests fail for a while, and all are accepted in the end, except the one of the target `dead`. */
const faults = `
  key ${keyOf("pagerduty")} share 4% answer 500
  times 20 reset before
  key ${keyOf("pagerduty")} times 3 answer 429 retry-after 1s
  key ${keyOf("dead")} answer 422
`;

/** Alerts for one target; their severities in turn. */
const alertsFor = (target: string, count: number, status: "firing" | "resolved", from = 0) =>
  Array.from({ length: count }, (_, index) => {
    const n = from + index;
    const alert = webhookAlert(`${target}-${n}`, status, { severity: severities[n % severities.length] as string });
    return { ...alert, labels: { ...alert.labels, to: target } };
  });

test.skipIf(!hasPrometheus())(
  "Prometheus has the counts of the receiver after a storm, and answers every query of the docs and the dashboard",
  async () => {
    using place = tempDir();
    await using pagerduty = await PagerDuty.open();
    await using api = await ApiServer.start();
    const { stand } = pagerduty;
    stand.setFaults(faults, { seed: 1 });
    const target = (name: string, more: object = {}) =>
      pagerduty.target({ name, routing_key: keyOf(name), filters: { labels: { to: name } }, ...more });
    await using tocsin = await Service.start({
      config: {
        delivery: { retry: { initial: "50ms", max: "100ms" } },
        discovery: { kubernetes: { enabled: true, namespaces: ["team"] } },
        targets: [
          target("pagerduty"),
          target("dead"),
          target("slow", { rate_limit: { limit: 10, per: "1s" } }),
          target("stuck", { rate_limit: { limit: 1, per: "1h" } }),
        ],
      },
      env: { KUBECONFIG: api.kubeconfig(place.path) },
    });
    await using prometheus = await Prometheus.start({ scrapes: { tocsin: { address: `127.0.0.1:${tocsin.port}` } } });
    const valueOf = async (query: string) => (await prometheus.query(query))[0]?.value;
    await waitUntil("it was scraped", () => valueOf("tocsin_build_info"));

    const sender = new Sender(tocsin);
    for (let from = 0; from < alertCount; from += batchSize)
      await sender.send(alertsFor("pagerduty", batchSize, "firing", from));
    await sender.send([...alertsFor("slow", slowCount, "firing"), ...alertsFor("dead", 1, "firing")]);
    await sender.send(alertsFor("stuck", 1, "firing"));
    await waitUntil("all are delivered", () => stand.incidents().length === alertCount + slowCount + 1, patience);
    await sender.send(alertsFor("stuck", 1, "firing", 4));
    for (let from = 0; from < alertCount; from += 2 * batchSize)
      await sender.send(alertsFor("pagerduty", batchSize, "resolved", from));
    const inTenMinutes = new Date(Date.now() + 600_000).toISOString();
    const [ahead] = alertsFor("slow", 1, "firing", slowCount).map((alert) => ({ ...alert, startsAt: inTenMinutes }));
    const [change] = alertsFor("pagerduty", 1, "firing", alertCount).map((alert) => ({
      ...alert,
      labels: { ...alert.labels, change_event: "true" },
    }));
    await tocsin.webhook([ahead, change]);
    await tocsin.ask("POST", "/api/v1/changes?source=default", { summary: "Deployed 1.2.3" });
    const webhook = "/api/v1/webhook/alertmanager?source=default";
    await tocsin.ask("POST", webhook, { version: "4", alerts: [7, 8], truncatedAlerts: 5 });
    await tocsin.ask("POST", webhook, "no JSON");
    await tocsin.ask("POST", "/api/v1/webhook/nagios", {});
    const [open] = (await tocsin.get("/api/v1/incidents?fingerprint=pagerduty-100")).body.incidents;
    await tocsin.ask("POST", `/api/v1/incidents/${open.id}/acknowledge`);

    await waitUntil("the incident is acknowledged", () =>
      stand.requests(Infinity).some(({ action, applied }) => action === "acknowledge" && applied),
    );
    await waitUntil("the change is delivered", () => stand.changes().length === 1);
    await waitUntil("the alert of the future is delivered", () =>
      stand.incidents().some(({ dedup_key: key }) => key === `slow-${slowCount}`),
    );
    await waitUntil(
      "one event waits, and Prometheus has seen that",
      () =>
        valueOf(`sum(tocsin_incidents{state=~"candidate|due|in_flight"}) == 1
          and sum(pagerduty_api_calls_total) == ${stand.requests(Infinity).length}`),
      patience,
    );

    const requests = stand.requests(Infinity);
    const count = (is: (row: (typeof requests)[number]) => boolean): number => requests.filter(is).length;
    const withStatus = (status: number) => count((row) => row.status === status);
    const accepted = (action: string) => count((row) => row.action === action && row.status === 202);
    const isReset = ({ fault }: (typeof requests)[number]) => fault === "reset_before";
    const incidents = stand.incidents();
    const resolved = incidents.filter(({ status }) => status === "resolved").length;
    const expected: Record<string, number> = {
      'sum(pagerduty_events_published_total{event_type="trigger"})': accepted("trigger"),
      'sum(pagerduty_events_published_total{event_type="resolve"})': accepted("resolve"),
      'sum(pagerduty_events_published_total{event_type="acknowledge"})': accepted("acknowledge"),
      'sum(pagerduty_events_published_total{event_type="change"})': stand.changes().length,
      'sum(pagerduty_publish_errors_total{error_type="server"})': withStatus(500),
      'sum(pagerduty_publish_errors_total{error_type="rate_limited"})': withStatus(429),
      'sum(pagerduty_publish_errors_total{error_type="invalid"})': withStatus(422),
      'sum(pagerduty_publish_errors_total{error_type="network"})': count(isReset),
      "sum(pagerduty_publish_errors_total)": count(({ status }) => status !== 202),
      'pagerduty_api_calls_total{method="POST"}': requests.length,
      'pagerduty_api_request_duration_seconds_count{status_code="202"}': withStatus(202),
      'pagerduty_api_request_duration_seconds_count{status_code="500"}': withStatus(500),
      'pagerduty_api_request_duration_seconds_count{status_code="0"}': count(isReset),
      // Each wait at the limiter has ended, except that of `stuck`.
      "sum(pagerduty_rate_limit_hits_total) - sum(tocsin_limiter_wait_seconds_count)": withStatus(429) + 1,
      'sum(pagerduty_cache_hits_total{cache_name="endpoints"}) + sum(pagerduty_cache_misses_total{cache_name="endpoints"})':
        requests.length,
      'sum(pagerduty_cache_hits_total{cache_name="told"}) + sum(pagerduty_cache_misses_total{cache_name="told"})': 0,
      pagerduty_cache_size: 4,
      'sum(tocsin_attempts_total{outcome="accepted"})': withStatus(202),
      "sum(tocsin_attempts_total)": requests.length,
      'tocsin_alerts_received_total{status="firing"}': alertCount + slowCount + 1 + 2 + 2,
      'tocsin_alerts_received_total{status="resolved"}': alertCount / 2,
      'tocsin_alerts_received_total{status="rejected"}': 2,
      'tocsin_alerts_received_total{status="truncated"}': 5,
      "sum(tocsin_alerts_skewed_total)": 1,
      "sum(tocsin_changes_received_total)": 1,
      'tocsin_requests_refused_total{reason="path"}': 1,
      'tocsin_requests_refused_total{reason="unavailable"}': 0,
      'tocsin_incidents{target="pagerduty",state="told"}': alertCount - resolved,
      'tocsin_incidents{target="pagerduty",state="closed"}': resolved + stand.changes().length,
      'sum(tocsin_incidents{state=~"told|closed"})': incidents.length + stand.changes().length,
      'tocsin_incidents{target="dead",state="dead"}': withStatus(422),
      'tocsin_dead_letters{target="dead",reason="dead_invalid"}': withStatus(422),
      "count(tocsin_due_oldest_seconds > 0)": 1,
      "sum(tocsin_breaker_state)": 0,
      'tocsin_targets{source="config",state="ready"}': 4,
      'sum(tocsin_target_state{state="ready"})': 4,
      'tocsin_discovery_stale{source="kubernetes",where="team"}': 0,
      tocsin_ledger_up: 1,
      tocsin_config_last_reload_successful: 1,
    };
    for (const severity of severities)
      expected[`sum(tocsin_time_to_told_seconds_count{severity="${severity}"})`] = incidents.filter(
        (row) => row.severity === severity,
      ).length;
    expect(withStatus(500)).toBeGreaterThan(50);
    const found = await Promise.all(Object.keys(expected).map(async (query) => [query, await valueOf(query)] as const));
    expect(Object.fromEntries(found)).toEqual(expected);
    expect(await valueOf("sum(tocsin_ledger_commit_seconds_count)")).toBeGreaterThanOrEqual(alertCount / batchSize);

    const unanswered: string[] = [];
    for (const query of metricQueries().always)
      if (!(await prometheus.query(query)).some(({ value }) => Number.isFinite(value))) unanswered.push(query);
    expect(unanswered).toEqual([]);
    // No receiver confirms anything here. Prometheus refuses a query that is wrong.
    for (const query of metricQueries().withCallback) expect(await prometheus.query(query)).toEqual([]);
  },
);
