import { attemptReasons, type Lease } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { startService } from "../service.fixture.ts";
import type { Snapshot } from "./counted-gauges.ts";
import { maxIdleTargets, Metrics } from "./metrics.ts";
import { registeredMetrics } from "./metrics-page.ts";
import { eventTypes } from "./pagerduty-metrics.ts";

/** The eight PagerDuty metrics, exactly: names and labels are public API. */
const eight: Record<string, readonly string[]> = {
  pagerduty_events_published_total: ["publisher", "event_type"],
  pagerduty_publish_errors_total: ["publisher", "error_type"],
  pagerduty_api_request_duration_seconds: ["method", "status_code"],
  pagerduty_api_calls_total: ["method"],
  pagerduty_rate_limit_hits_total: [],
  pagerduty_cache_hits_total: ["cache_name"],
  pagerduty_cache_misses_total: ["cache_name"],
  pagerduty_cache_size: [],
};

/** Our own metrics that are built, exactly: names and labels are public API. */
const own: Record<string, readonly string[]> = {
  tocsin_alerts_received_total: ["source", "status"],
  tocsin_requests_refused_total: ["reason"],
  tocsin_source_silent: ["source"],
  tocsin_incidents: ["target", "state"],
  tocsin_due_oldest_seconds: ["target", "severity"],
  tocsin_time_to_told_seconds: ["target", "severity"],
  tocsin_attempts_total: ["target", "outcome", "reason"],
  tocsin_dead_letters: ["target", "reason"],
  tocsin_limiter_wait_seconds: ["target"],
  tocsin_breaker_state: ["target"],
  tocsin_targets: ["source", "state"],
  tocsin_target_state: ["target", "state"],
  tocsin_discovery_last_sync_timestamp_seconds: ["source", "where"],
  tocsin_discovery_stale: ["source", "where"],
  tocsin_ledger_commit_seconds: [],
  tocsin_ledger_up: [],
  tocsin_event_loop_lag_seconds: [],
  tocsin_certificate_expiry_timestamp_seconds: ["name"],
  tocsin_config_last_reload_successful: [],
  tocsin_config_last_reload_success_timestamp_seconds: [],
  tocsin_build_info: ["version", "node"],
};

/** Returns the samples of a scrape: for `name{label="value"} 1`, the text before the blank is the key. */
const samplesOf = (text: string): Map<string, number> =>
  new Map(
    text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
  );

const lease = { target: "pager", action: "trigger", severity: "critical" } as Lease;

const snapshotWith = (incidents: Snapshot["stats"]["incidents"]): Snapshot => ({
  stats: { incidents, due: [], deadLetters: [], alerts: { firing: 0, resolved: 0 }, nowMs: 0 },
  targetStatuses: [],
});

const manyTargets = Array.from({ length: maxIdleTargets }, (_, n) => ({ name: `target-${n}`, type: "slack" }));

/** The first series of the PagerDuty target `pager`. */
const firstSeries = [
  ...attemptReasons.map((reason) => `pagerduty_publish_errors_total{publisher="pager",error_type="${reason}"}`),
  ...eventTypes.map((event) => `pagerduty_events_published_total{publisher="pager",event_type="${event}"}`),
  'tocsin_attempts_total{target="pager",outcome="accepted",reason=""}',
  'tocsin_time_to_told_seconds_count{target="pager",severity="critical"}',
  'tocsin_limiter_wait_seconds_count{target="pager"}',
];

const stateLines = (of: readonly string[]) =>
  of.map((state) => `tocsin_target_state{target="${state} one",state="${state}"} 1`);

describe("metrics", () => {
  test("include the eight PagerDuty metrics with their labels, after one publish and one failure of each kind", async () => {
    const metrics = new Metrics("1.2.3");
    try {
      metrics.attempted(lease, "pagerduty", { kind: "accepted", receipt: "", status: 202 }, 120);
      metrics.attempted(lease, "pagerduty", { kind: "retry", reason: "rate_limited", detail: "", status: 429 }, 5);
      metrics.attempted(
        { ...lease, action: "resolve" },
        "pagerduty",
        { kind: "ambiguous", reason: "timeout", detail: "" },
        9_000,
      );
      metrics.attempted(lease, "pagerduty", { kind: "interrupted", left: false, detail: "" }, 1);
      metrics.attempted({ ...lease, action: "check" }, "pagerduty", { kind: "accepted", receipt: "", status: 202 }, 1);
      metrics.attempted({ ...lease, target: "slack" }, "slack", { kind: "accepted", receipt: "" }, 1);
      metrics.limited("pagerduty");
      metrics.limited("slack");
      metrics.lookedUp(true);
      metrics.cached(3);
      const text = await metrics.registry.metrics();
      const samples = samplesOf(text);
      expect(Object.fromEntries(samples)).toMatchObject({
        'pagerduty_events_published_total{publisher="pager",event_type="trigger"}': 1,
        'pagerduty_publish_errors_total{publisher="pager",error_type="rate_limited"}': 1,
        'pagerduty_publish_errors_total{publisher="pager",error_type="timeout"}': 1,
        'pagerduty_api_request_duration_seconds_count{method="POST",status_code="202"}': 2,
        'pagerduty_api_request_duration_seconds_sum{method="POST",status_code="429"}': 0.005,
        'pagerduty_api_request_duration_seconds_count{method="POST",status_code="0"}': 1,
        'pagerduty_api_calls_total{method="POST"}': 4,
        pagerduty_rate_limit_hits_total: 2,
        'pagerduty_cache_hits_total{cache_name="endpoints"}': 1,
        'pagerduty_cache_misses_total{cache_name="endpoints"}': 0,
        pagerduty_cache_size: 3,
        'tocsin_attempts_total{target="pager",outcome="interrupted",reason="interrupted"}': 1,
        'tocsin_attempts_total{target="slack",outcome="accepted",reason=""}': 1,
        [`tocsin_build_info{version="1.2.3",node="${process.version}"}`]: 1,
      });
      for (const [name, labels] of Object.entries(eight)) {
        const used = [...samples.keys()].filter(
          (sample) => sample.replace(/(_bucket|_sum|_count)?(\{.*)?$/, "") === name,
        );
        expect([name, used.length > 0]).toEqual([name, true]);
        for (const sample of used) {
          const found = Array.from(sample.matchAll(/[{,](\w+)="/g), ([, label = ""]) => label).filter(
            (label) => label !== "le",
          );
          expect([sample, found.toSorted()]).toEqual([sample, labels.toSorted()]);
        }
      }
    } finally {
      metrics.stop();
    }
  });

  test("include our own public metrics with their labels", () => {
    const labelNames = new Map(registeredMetrics().map((metric) => [metric.name, metric.labelNames]));
    const found = Object.keys(own).map((name) => [name, labelNames.get(name)]);
    expect(Object.fromEntries(found)).toEqual(own);
  });

  test("do not accumulate for removed targets", async () => {
    const metrics = new Metrics("1");
    metrics.useTargets(["pager", "other"].map((name) => ({ name, type: "pagerduty" })));
    const outcome = { kind: "retry", reason: "server", detail: "", status: 500 } as const;
    for (const target of ["pager", "other"]) {
      metrics.attempted({ ...lease, target }, "pagerduty", outcome, 5);
      metrics.told({ ...lease, target }, 5);
      metrics.waited(target, 5);
    }
    await metrics.counted([{ name: "pager", source: "config", state: "unauthorized" }], undefined);
    expect(await metrics.registry.metrics()).toContain('"pager"');
    metrics.useTargets([{ name: "other", type: "pagerduty" }]);
    await metrics.counted([], undefined);
    const text = await metrics.registry.metrics();
    metrics.stop();
    expect([text.includes('"pager"'), text.includes('publisher="other"')]).toEqual([false, true]);
  });

  test("start at 0 with a target, so that its first event is an increase", async () => {
    const metrics = new Metrics("1");
    metrics.useTargets([{ name: "pager", type: undefined }]);
    metrics.useTargets([{ name: "pager", type: "pagerduty" }]);
    const samples = samplesOf(await metrics.registry.metrics());
    expect(firstSeries.filter((series) => samples.get(series) !== 0)).toEqual([]);
    metrics.stop();
  });

  test("start at 0 with a target's first incident if there are many targets", async () => {
    const metrics = new Metrics("1");
    metrics.useTargets([{ name: "pager", type: "pagerduty" }, ...manyTargets]);
    expect(await metrics.registry.metrics()).not.toContain('"pager"');
    await metrics.counted([], snapshotWith([{ target: "pager", state: "due", count: 1 }]));
    const samples = samplesOf(await metrics.registry.metrics());
    expect(firstSeries.filter((series) => samples.get(series) !== 0)).toEqual([]);
    metrics.stop();
  });

  test("start at 0 for all alerts of a source with its first one", async () => {
    const metrics = new Metrics("1");
    metrics.received("berlin", "firing", 2);
    const samples = samplesOf(await metrics.registry.metrics());
    metrics.stop();
    expect(samples.get('tocsin_alerts_received_total{source="berlin",status="firing"}')).toBe(2);
    for (const status of ["resolved", "rejected", "truncated"])
      expect(samples.get(`tocsin_alerts_received_total{source="berlin",status="${status}"}`)).toBe(0);
  });

  test("show the state of each target that is not ready, and of ready ones among many targets that have an incident", async () => {
    const metrics = new Metrics("1");
    const states = ["ready", "degraded", "invalid", "disabled", "shadow", "unauthorized", "misconfigured"];
    const targets = states.map((state) => ({ name: `${state} one`, source: "files", state }));
    metrics.useTargets([...targets.map(({ name }) => ({ name, type: "slack" })), ...manyTargets]);
    const shown = async () => {
      const samples = samplesOf(await metrics.registry.metrics());
      const names = [...samples.keys()].filter((name) => name.startsWith("tocsin_target_state{"));
      return names.map((name) => `${name} ${samples.get(name)}`);
    };
    await metrics.counted(targets, snapshotWith([]));
    expect(await shown()).toEqual(stateLines(states.slice(1)));
    await metrics.counted(targets, snapshotWith([{ target: "ready one", state: "told", count: 1 }]));
    expect(await shown()).toEqual(stateLines(states));
    await metrics.counted([{ name: "invalid one", source: "files", state: "degraded" }], undefined);
    expect(await shown()).toEqual(['tocsin_target_state{target="invalid one",state="degraded"} 1']);
    expect(samplesOf(await metrics.registry.metrics()).get('tocsin_targets{source="files",state="degraded"}')).toBe(1);
    metrics.stop();
  });

  test("are counters if and only if their name ends in _total", async () => {
    const metrics = new Metrics("1");
    const types = (await metrics.registry.metrics()).matchAll(/^# TYPE (\S+) (\S+)$/gm);
    metrics.stop();
    const counters = Array.from(types, ([, name = "", type]) => [name, name.endsWith("_total"), type === "counter"]);
    expect(counters).toContainEqual(["process_cpu_seconds_total", true, true]);
    expect(counters.filter(([, isTotal, isCounter]) => isTotal !== isCounter)).toEqual([]);
  });

  test("distinguish minutes and hours in the time to delivery", async () => {
    const metrics = new Metrics("1");
    for (const seconds of [90, 200, 600, 1_200, 3_000, 10_000, 100_000]) metrics.told(lease, seconds * 1_000);
    const samples = samplesOf(await metrics.registry.metrics());
    metrics.stop();
    const upTo = (bound: string) =>
      samples.get(`tocsin_time_to_told_seconds_bucket{le="${bound}",target="pager",severity="critical"}`);
    expect(["60", "120", "300", "900", "1800", "3600", "21600", "+Inf"].map(upTo)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test("have a bounded number of lines for 10,000 targets without incidents, and are built in slices for targets with one", async () => {
    const metrics = new Metrics("1");
    const names = Array.from({ length: 10_000 }, (_, n) => `target-${n}`);
    const targets = names.map((name) => ({ name, source: "kubernetes", state: "ready" }));
    metrics.useTargets(names.map((name) => ({ name, type: "pagerduty" })));
    await metrics.counted(targets, snapshotWith([]));
    let slices = 0;
    const text = async () => {
      slices = 0;
      return (await metrics.registry.slices(async () => void slices++)).join("");
    };
    expect((await text()).split("\n").length).toBeLessThan(250);
    expect(slices).toBe(0);
    await metrics.counted(
      targets.map((target) => ({ ...target, state: "invalid" })),
      snapshotWith([]),
    );
    expect((await text()).split("\n").length).toBeLessThan(10_250);
    expect(slices).toBeGreaterThanOrEqual(10);
    for (const target of names) metrics.told({ ...lease, target }, 1);
    const lines = (await text()).split("\n").length;
    expect(lines).toBeGreaterThan(150_000);
    expect(slices).toBeGreaterThanOrEqual(Math.floor(lines / 1_000) - 1);
    metrics.stop();
  });

  test("distinguish a hundred sources at most", async () => {
    const metrics = new Metrics("1");
    for (let index = 0; index < 1_000; index++) metrics.received(`source-${index}`, "firing", 1);
    metrics.received("source-0", "resolved", 2);
    const samples = samplesOf(await metrics.registry.metrics());
    metrics.stop();
    expect(samples.get('tocsin_alerts_received_total{source="source-99",status="firing"}')).toBe(1);
    expect(samples.get('tocsin_alerts_received_total{source="other",status="firing"}')).toBe(900);
    expect(samples.get('tocsin_alerts_received_total{source="source-0",status="resolved"}')).toBe(2);
  });

  test("are separate for two services in one process, and each scrape is complete", async () => {
    await using one = await startService();
    await using other = await startService();
    await one.ask("POST", "/api/v1/webhook/alertmanager?source=berlin", {
      alerts: [{ status: "firing", fingerprint: "a", labels: { severity: "critical" } }, 5],
    });
    await one.until("the alert is delivered", () => one.simulator.incidents()[0]);
    const scraped = await one.until("the attempt is counted", async () => {
      const { text } = await one.ask("GET", "/metrics");
      const samples = samplesOf(text);
      return samples.get('tocsin_incidents{target="pager",state="told"}') === 1 ? samples : undefined;
    });
    expect(Object.fromEntries(scraped)).toMatchObject({
      'pagerduty_events_published_total{publisher="pager",event_type="trigger"}': 1,
      'tocsin_alerts_received_total{source="berlin",status="firing"}': 1,
      'tocsin_alerts_received_total{source="berlin",status="rejected"}': 1,
      'tocsin_time_to_told_seconds_count{target="pager",severity="critical"}': 1,
      'tocsin_breaker_state{target="pager"}': 0,
      'tocsin_targets{source="config",state="ready"}': 1,
      tocsin_ledger_commit_seconds_count: 1,
      tocsin_config_last_reload_successful: 1,
    });
    for (const name of ["process_resident_memory_bytes", "tocsin_config_last_reload_success_timestamp_seconds"]) {
      expect(scraped.get(name)).toBeGreaterThan(0);
    }
    expect(scraped.has("tocsin_event_loop_lag_seconds")).toBe(true);
    const quiet = samplesOf((await other.ask("GET", "/metrics")).text);
    const ofTarget = [...quiet].filter(
      ([sample]) => sample.includes('"pager"') && !sample.startsWith("tocsin_target_state"),
    );
    expect(ofTarget.filter(([, value]) => value > 0)).toEqual([]);
    expect(quiet.get("tocsin_ledger_commit_seconds_count")).toBe(0);
  });
});
