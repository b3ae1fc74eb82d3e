import { attemptReasons, type Lease, type LedgerStats, type Outcome, type TargetStanding } from "@tocsin/core";
import { Counter, Gauge, Histogram, Registry } from "prom-client";

import { type RefusalReason, refusalReasons } from "../http/refusals.ts";
import { BoundedLabel } from "./bounded-label.ts";
import { processMetrics } from "./process-metrics.ts";

/** Names of sources come from senders; beyond this many, the rest is one. */
const mostSources = 100;

const requestSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const waitSeconds = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 21_600];
const lagSeconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60];
const commitSeconds = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/** What is counted by asking, at the time of a scrape. */
export interface Snapshot {
  readonly stats: LedgerStats;
  readonly standing: readonly TargetStanding[];
}

/**
 * All metrics of one running service, in a registry of its own: two services in one process do not meet. No label ever
 * holds a credential.
 */
export class Metrics {
  readonly registry = new Registry();
  readonly #sources = new BoundedLabel(mostSources);
  #expected: ReadonlySet<string> = new Set();
  readonly #registers = [this.registry];
  readonly #process = processMetrics(this.registry);

  readonly #published = new Counter({
    name: "pagerduty_events_published_total",
    help: "Events that PagerDuty accepted.",
    labelNames: ["publisher", "event_type"],
    registers: this.#registers,
  });
  readonly #publishErrors = new Counter({
    name: "pagerduty_publish_errors_total",
    help: "Attempts that PagerDuty did not accept, by reason.",
    labelNames: ["publisher", "error_type"],
    registers: this.#registers,
  });
  readonly #requestSeconds = new Histogram({
    name: "pagerduty_api_request_duration_seconds",
    help: "Duration of an attempt; status_code 0 is one without an answer.",
    labelNames: ["method", "status_code"],
    buckets: requestSeconds,
    registers: this.#registers,
  });
  readonly #apiCalls = new Counter({
    name: "pagerduty_api_calls_total",
    help: "Attempts, whatever came of them.",
    labelNames: ["method"],
    registers: this.#registers,
  });
  readonly #rateLimitHits = new Counter({
    name: "pagerduty_rate_limit_hits_total",
    help: "Waits of ours at the limit, and 429s of PagerDuty.",
    registers: this.#registers,
  });
  readonly #cacheHits = new Counter({
    name: "pagerduty_cache_hits_total",
    help: "Look-ups that a cache answered.",
    labelNames: ["cache_name"],
    registers: this.#registers,
  });
  readonly #cacheMisses = new Counter({
    name: "pagerduty_cache_misses_total",
    help: "Look-ups that a cache could not answer.",
    labelNames: ["cache_name"],
    registers: this.#registers,
  });
  readonly #cacheSize = new Gauge({
    name: "pagerduty_cache_size",
    help: "Entries in all caches.",
    registers: this.#registers,
  });

  readonly #received = new Counter({
    name: "tocsin_alerts_received_total",
    help: "Alerts in requests: recorded ones that fire or are resolved, rejected ones, and those that the sender left out.",
    labelNames: ["source", "status"],
    registers: this.#registers,
  });
  readonly #refused = new Counter({
    name: "tocsin_requests_refused_total",
    help: "Requests that were refused, by reason.",
    labelNames: ["reason"],
    registers: this.#registers,
  });
  readonly #attempts = new Counter({
    name: "tocsin_attempts_total",
    help: "Attempts at targets by outcome, and by reason where they were not accepted.",
    labelNames: ["target", "outcome", "reason"],
    registers: this.#registers,
  });
  readonly #timeToTold = new Histogram({
    name: "tocsin_time_to_told_seconds",
    help: "From an alert's acceptance until its target accepted the first trigger.",
    labelNames: ["target", "severity"],
    buckets: waitSeconds,
    registers: this.#registers,
  });
  readonly #commitSeconds = new Histogram({
    name: "tocsin_ledger_commit_seconds",
    help: "How long senders wait until their alerts are durable.",
    buckets: commitSeconds,
    registers: this.#registers,
  });
  readonly #skewed = new Counter({
    name: "tocsin_alerts_skewed_total",
    help: "Alerts whose times differ from ours by more than a minute.",
    labelNames: ["source"],
    registers: this.#registers,
  });
  readonly #limiterWait = new Histogram({
    name: "tocsin_limiter_wait_seconds",
    help: "How long a target waited at its limit before its next attempt.",
    labelNames: ["target"],
    buckets: waitSeconds,
    registers: this.#registers,
  });
  readonly #incidents = new Gauge({
    name: "tocsin_incidents",
    help: "Incidents in the ledger.",
    labelNames: ["target", "state"],
    registers: this.#registers,
  });
  readonly #dueOldest = new Gauge({
    name: "tocsin_due_oldest_seconds",
    help: "How long the oldest incident has been due.",
    labelNames: ["target", "severity"],
    registers: this.#registers,
  });
  readonly #deadLetters = new Gauge({
    name: "tocsin_dead_letters",
    help: "Dead letters in the ledger.",
    labelNames: ["target", "reason"],
    registers: this.#registers,
  });
  readonly #breaker = new Gauge({
    name: "tocsin_breaker_state",
    help: "0 closed, 1 half-open, 2 open.",
    labelNames: ["target"],
    registers: this.#registers,
  });
  readonly #targets = new Gauge({
    name: "tocsin_targets",
    help: "Targets that are known, by where they come from and what state they are in.",
    labelNames: ["source", "state"],
    registers: this.#registers,
  });
  readonly #discoveredAt = new Gauge({
    name: "tocsin_discovery_last_sync_timestamp_seconds",
    help: "When all targets of a source were last read.",
    labelNames: ["source"],
    registers: this.#registers,
  });
  readonly #discoveryLag = new Histogram({
    name: "tocsin_discovery_lag_seconds",
    help: "From a change of a target that was seen until it was in force.",
    labelNames: ["source"],
    buckets: lagSeconds,
    registers: this.#registers,
  });
  readonly #discoveryErrors = new Counter({
    name: "tocsin_discovery_errors_total",
    help: "Lists and watches of targets that failed, by reason.",
    labelNames: ["source", "operation", "reason"],
    registers: this.#registers,
  });
  readonly #reloadSuccessful = new Gauge({
    name: "tocsin_config_last_reload_successful",
    help: "Whether the last configuration that was read is in force.",
    registers: this.#registers,
  });
  readonly #reloadedAt = new Gauge({
    name: "tocsin_config_last_reload_success_timestamp_seconds",
    help: "When a configuration was last taken.",
    registers: this.#registers,
  });

  constructor(version: string) {
    new Gauge({
      name: "tocsin_build_info",
      help: "The version that runs.",
      labelNames: ["version", "node"],
      registers: this.#registers,
    }).set({ version, node: process.version }, 1);
    for (const reason of refusalReasons) this.#refused.inc({ reason }, 0);
    for (const counter of [this.#cacheHits, this.#cacheMisses]) counter.inc({ cache_name: "endpoints" }, 0);
  }

  /** PagerDuty targets that exist: counters begin at 0, for an increase from nothing is none to Prometheus. */
  expect(publishers: Iterable<string>): void {
    const before = this.#expected;
    this.#expected = new Set(publishers);
    for (const publisher of this.#expected) {
      if (before.has(publisher)) continue;
      for (const event_type of eventTypes) this.#published.inc({ publisher, event_type }, 0);
      for (const error_type of attemptReasons) this.#publishErrors.inc({ publisher, error_type }, 0);
    }
    // Targets come and go; their series must not pile up.
    for (const publisher of before) {
      if (this.#expected.has(publisher)) continue;
      for (const event_type of eventTypes) this.#published.remove({ publisher, event_type });
      for (const error_type of attemptReasons) this.#publishErrors.remove({ publisher, error_type });
    }
  }

  received(source: string, status: "firing" | "resolved" | "rejected" | "truncated", count: number): void {
    if (count > 0) this.#received.inc({ source: this.#sources.of(source), status }, count);
  }

  refused(reason: RefusalReason): void {
    this.#refused.inc({ reason });
  }

  skewed(source: string, count: number): void {
    if (count > 0) this.#skewed.inc({ source: this.#sources.of(source) }, count);
  }

  committed(durationMs: number): void {
    this.#commitSeconds.observe(durationMs / 1_000);
  }

  /** An attempt that was really made; `type` is the target's. */
  attempted(
    lease: Pick<Lease, "target" | "action">,
    type: string | undefined,
    outcome: Outcome,
    durationMs: number,
  ): void {
    const reason = outcome.kind === "accepted" ? "" : outcome.kind === "interrupted" ? "interrupted" : outcome.reason;
    this.#attempts.inc({ target: lease.target, outcome: outcome.kind, reason });
    if (type !== "pagerduty" || (outcome.kind === "interrupted" && !outcome.left)) return;
    const status = outcome.kind === "interrupted" ? 0 : (outcome.status ?? 0);
    this.#apiCalls.inc({ method: "POST" });
    this.#requestSeconds.observe({ method: "POST", status_code: String(status) }, durationMs / 1_000);
    if (status === 429) this.#rateLimitHits.inc();
    if (outcome.kind !== "accepted") this.#publishErrors.inc({ publisher: lease.target, error_type: reason });
    else if (lease.action !== "check") this.#published.inc({ publisher: lease.target, event_type: lease.action });
  }

  /** A wait of ours at a target's limiter began. */
  limited(type: string | undefined): void {
    if (type === "pagerduty") this.#rateLimitHits.inc();
  }

  /** A target's wait at its limiter ended. */
  waited(target: string, durationMs: number): void {
    this.#limiterWait.observe({ target }, durationMs / 1_000);
  }

  told(lease: Lease, waitedMs: number): void {
    this.#timeToTold.observe({ target: lease.target, severity: lease.severity }, waitedMs / 1_000);
  }

  /** Whether an incident's endpoint was at hand, or had to be opened again. */
  lookedUp(hit: boolean): void {
    (hit ? this.#cacheHits : this.#cacheMisses).inc({ cache_name: "endpoints" });
  }

  reloaded(successful: boolean, nowMs: number): void {
    this.#reloadSuccessful.set(successful ? 1 : 0);
    if (successful) this.#reloadedAt.set(nowMs / 1_000);
  }

  discovered(source: string, atMs: number): void {
    this.#discoveredAt.set({ source }, atMs / 1_000);
  }

  discoveryLag(source: string, lagMs: number): void {
    this.#discoveryLag.observe({ source }, lagMs / 1_000);
  }

  discoveryFailed(source: string, operation: string, reason: string): void {
    this.#discoveryErrors.inc({ source, operation, reason });
  }

  cached(entries: number): void {
    this.#cacheSize.set(entries);
  }

  /** By source and state. */
  targets(counts: Iterable<{ readonly source: string; readonly state: string; readonly count: number }>): void {
    this.#targets.reset();
    for (const { source, state, count } of counts) this.#targets.set({ source, state }, count);
  }

  /** Undefined: the ledger does not answer, so what it would say is absent rather than old. */
  counted(snapshot: Snapshot | undefined): void {
    for (const gauge of [this.#incidents, this.#dueOldest, this.#deadLetters, this.#breaker]) gauge.reset();
    if (snapshot === undefined) return;
    const { stats, standing } = snapshot;
    for (const { target, state, count } of stats.incidents) this.#incidents.set({ target, state }, count);
    for (const { target, severity, oldestAtMs } of stats.due) {
      this.#dueOldest.set({ target, severity }, Math.max(0, stats.nowMs - oldestAtMs) / 1_000);
    }
    for (const { target, reason, count } of stats.deadLetters) this.#deadLetters.set({ target, reason }, count);
    for (const { target, breaker } of standing) this.#breaker.set({ target }, breakerState[breaker.state]);
  }

  /** Ends what measures the process. */
  stop(): void {
    this.#process.stop();
  }
}

const eventTypes = ["trigger", "acknowledge", "resolve", "change"] as const;
const breakerState = { closed: 0, half_open: 1, open: 2 } as const;
