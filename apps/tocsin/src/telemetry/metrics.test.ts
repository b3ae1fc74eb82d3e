import { attemptReasons, type Lease } from "@tocsin/core";
import { describe, expect, test } from "vitest";

import { startService } from "../service.fixture.ts";
import { Metrics } from "./metrics.ts";

/** The eight, exactly: names and labels are public API. */
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

/** Samples of a scrape: `name{label="value"} 1` by its text before the blank. */
const samplesOf = (text: string): Map<string, number> =>
  new Map(
    text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
  );

const lease = { target: "pager", action: "trigger", severity: "critical" } as Lease;

describe("metrics", () => {
  test("name the eight with their labels, after one publish and one failure of each", async () => {
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

  test("of targets that are gone do not pile up", async () => {
    const metrics = new Metrics("1");
    metrics.expect(["pager", "other"]);
    metrics.expect(["other"]);
    const text = await metrics.registry.metrics();
    metrics.stop();
    expect([text.includes('publisher="pager"'), text.includes('publisher="other"')]).toEqual([false, true]);
  });

  test("of a known PagerDuty target start at nothing, so that the first failure is an increase", async () => {
    const metrics = new Metrics("1");
    metrics.expect(["pager"]);
    const samples = samplesOf(await metrics.registry.metrics());
    metrics.stop();
    for (const reason of attemptReasons) {
      expect(samples.get(`pagerduty_publish_errors_total{publisher="pager",error_type="${reason}"}`)).toBe(0);
    }
    for (const event of ["trigger", "acknowledge", "resolve", "change"]) {
      expect(samples.get(`pagerduty_events_published_total{publisher="pager",event_type="${event}"}`)).toBe(0);
    }
  });

  test("tell a hundred sources apart, and no more", async () => {
    const metrics = new Metrics("1");
    for (let index = 0; index < 1_000; index++) metrics.received(`source-${index}`, "firing", 1);
    metrics.received("source-0", "resolved", 2);
    const samples = samplesOf(await metrics.registry.metrics());
    metrics.stop();
    expect(samples.get('tocsin_alerts_received_total{source="source-99",status="firing"}')).toBe(1);
    expect(samples.get('tocsin_alerts_received_total{source="other",status="firing"}')).toBe(900);
    expect(samples.get('tocsin_alerts_received_total{source="source-0",status="resolved"}')).toBe(2);
  });

  test("of two services in one process are apart, and a scrape of a whole one is right", async () => {
    await using one = await startService();
    await using other = await startService();
    await one.ask("POST", "/api/v1/webhook/alertmanager?source=berlin", {
      alerts: [{ status: "firing", fingerprint: "a", labels: { severity: "critical" } }, 5],
    });
    await one.until("the alert is told", () => one.simulator.incidents()[0]);
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
    expect(quiet.get('pagerduty_events_published_total{publisher="pager",event_type="trigger"}')).toBe(0);
    expect(quiet.get("tocsin_ledger_commit_seconds_count")).toBe(0);
  });
});
