import { attemptReasons, type Lease, type Outcome } from "@tocsin/core";
import type { CertificateExpiry } from "../config/certificates.ts";
import { type RefusalReason, refusalReasons } from "../http/refusals.ts";
import { BoundedLabel } from "./bounded-label.ts";
import { ClassificationMetrics } from "./classification-metrics.ts";
import { configMetrics } from "./config-metrics.ts";
import { ConfirmationMetrics } from "./confirmation-metrics.ts";
import { CountedGauges, type ShownTarget, type Snapshot } from "./counted-gauges.ts";
import { discoveryMetrics } from "./discovery-metrics.ts";
import {
  type CallbackOutcome,
  type ChangeOutcome,
  intakeMetrics,
  maxSources,
  type ReceivedStatus,
  receivedStatuses,
} from "./intake-metrics.ts";
import { cacheNames, eventTypes, pagerdutyMetrics } from "./pagerduty-metrics.ts";
import { processMetrics } from "./process-metrics.ts";
import { Counter, Gauge, Histogram, Registry } from "./series.ts";
import { type SpanDropReason, spanDropReasons } from "./traces/span-drop-reasons.ts";
import { nextTurn } from "./text-in-slices.ts";

/** Buckets, s: delivery of a critical alert is late after two minutes, and an outage lasts hours. */
const waitSeconds = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 120, 300, 900, 1_800, 3_600, 21_600];

/** Number of targets whose first series are created at once. */
const targetsPerSlice = 200;

/** Up to this number of targets all have series from the start; with more, a target's series begin with its first incident. */
export const maxIdleTargets = 200;

/**
 * All metrics of one running service, in their own registry, so that two services in one process stay separate. No label ever
 * holds a credential.
 */
export class Metrics {
  readonly registry = new Registry();
  readonly #registers = [this.registry];
  readonly #sources = new BoundedLabel(maxSources);
  readonly #callbacks = new BoundedLabel(maxSources);
  /** The type of each existing target, by name. */
  #types: ReadonlyMap<string, string | undefined> = new Map();
  /** Targets that have series. */
  readonly #active = new Set<string>();
  readonly #counted = new CountedGauges(this.#registers, {
    active: this.#active,
    exists: (target) => this.#types.has(target),
  });
  #certificates: readonly string[] = [];
  readonly #process = processMetrics(this.registry);

  readonly #pagerduty = pagerdutyMetrics(this.#registers);
  readonly #intake = intakeMetrics(this.#registers);
  readonly #config = configMetrics(this.#registers);
  readonly confirmation = new ConfirmationMetrics(this.#registers);
  readonly classification = new ClassificationMetrics(this.#registers);
  readonly #discovery = discoveryMetrics(this.#registers);
  readonly #attempts = new Counter({
    name: "tocsin_attempts_total",
    help: "Attempts at targets, by outcome and reason. The reason of accepted attempts is empty.",
    labelNames: ["target", "outcome", "reason"],
    registers: this.#registers,
  });
  readonly #spansDropped = new Counter({
    name: "tocsin_trace_spans_dropped_total",
    help: "Spans of traces that were not exported, by reason. Alerts are not affected.",
    labelNames: ["reason"],
    registers: this.#registers,
  });
  readonly #timeToTold = new Histogram({
    name: "tocsin_time_to_told_seconds",
    help: "Time from the acceptance of an alert until the target accepted the first trigger, in seconds.",
    labelNames: ["target", "severity"],
    buckets: waitSeconds,
    registers: this.#registers,
  });
  readonly #limiterWait = new Histogram({
    name: "tocsin_limiter_wait_seconds",
    help: "Time that a target waited at its rate limit before its next attempt, in seconds.",
    labelNames: ["target"],
    buckets: waitSeconds,
    registers: this.#registers,
  });
  readonly #ledgerUp = new Gauge({
    name: "tocsin_ledger_up",
    help: "1 if the ledger commits, otherwise 0.",
    registers: this.#registers,
  });
  readonly #sourceSilent = new Gauge({
    name: "tocsin_source_silent",
    help: "1 if an expected source is silent, otherwise 0.",
    labelNames: ["source"],
    registers: this.#registers,
  });

  /** Alerts that were received, and events that receivers accepted, since the start. */
  readonly totals = { received: 0, sent: 0 };

  readonly #perTarget = [
    this.#pagerduty.published,
    this.#pagerduty.publishErrors,
    this.#attempts,
    this.#timeToTold,
    this.confirmation.timeToConfirmed,
    this.#limiterWait,
  ];

  constructor(version: string) {
    new Gauge({
      name: "tocsin_build_info",
      help: "Version of Tocsin and of Node.js. The value is always 1.",
      labelNames: ["version", "node"],
      registers: this.#registers,
    }).set({ version, node: process.version }, 1);
    this.#ledgerUp.set(1);
    this.#pagerduty.apiCalls.inc({ method: "POST" }, 0);
    for (const reason of refusalReasons) this.#intake.refused.inc({ reason }, 0);
    for (const reason of spanDropReasons) this.#spansDropped.inc({ reason }, 0);
    for (const counter of [this.#pagerduty.cacheHits, this.#pagerduty.cacheMisses])
      for (const cache_name of cacheNames) counter.inc({ cache_name }, 0);
  }

  /** Sets the existing targets. Series of removed targets are deleted, so that they do not accumulate. */
  useTargets(targets: Iterable<{ readonly name: string; readonly type: string | undefined }>): void {
    this.#types = new Map(Array.from(targets, ({ name, type }) => [name, type]));
    for (const target of this.#active) {
      if (this.#types.has(target)) continue;
      this.#active.delete(target);
      for (const metric of this.#perTarget) metric.removeAll(target);
    }
    if (this.#types.size <= maxIdleTargets) for (const target of this.#types.keys()) this.#active.add(target);
    // All of them, because a target's type may have changed.
    for (const target of this.#active) this.#start(target);
  }

  #sees(target: string): void {
    if (this.#active.has(target)) return;
    this.#active.add(target);
    this.#start(target);
  }

  /** Creates a target's series at 0 where absent, because Prometheus sees no increase in a series that starts above 0. */
  #start(target: string): void {
    this.#attempts.inc({ target, outcome: "accepted", reason: "" }, 0);
    this.#timeToTold.start({ target, severity: "critical" });
    this.#limiterWait.start({ target });
    if (this.#types.get(target) !== "pagerduty") return;
    for (const event_type of eventTypes) this.#pagerduty.published.inc({ publisher: target, event_type }, 0);
    for (const error_type of attemptReasons) this.#pagerduty.publishErrors.inc({ publisher: target, error_type }, 0);
  }

  received(source: string, status: ReceivedStatus, count: number): void {
    if (count === 0) return;
    this.#intake.received.inc({ source: this.#sourceLabel(source), status }, count);
    if (status === "firing" || status === "resolved") this.totals.received += count;
  }

  /** Returns the label of a source. The counters of a new one start at 0. */
  #sourceLabel(name: string): string {
    const known = this.#sources.size;
    const source = this.#sources.of(name);
    if (this.#sources.size > known)
      for (const status of receivedStatuses) this.#intake.received.inc({ source, status }, 0);
    return source;
  }

  changesReceived(source: string, outcome: ChangeOutcome, count: number): void {
    if (count > 0) this.#intake.changes.inc({ source: this.#sources.of(source), outcome }, count);
  }

  /** `callback`: its name, or `unknown`. */
  callbackReceived(callback: string, outcome: CallbackOutcome): void {
    this.#intake.callbacks.inc({ callback: this.#callbacks.of(callback), outcome });
  }

  refused(reason: RefusalReason): void {
    this.#intake.refused.inc({ reason });
  }

  spansDropped(count: number, reason: SpanDropReason): void {
    this.#spansDropped.inc({ reason }, count);
  }

  skewed(source: string, count: number): void {
    if (count > 0) this.#intake.skewed.inc({ source: this.#sources.of(source) }, count);
  }

  /** Sets whether the ledger commits. */
  ledgerUp(up: boolean): void {
    this.#ledgerUp.set(up ? 1 : 0);
  }

  committed(durationMs: number): void {
    this.#intake.commitSeconds.observe(durationMs / 1_000);
  }

  /** Counts an attempt that was really made; `type` is the target's. */
  attempted(
    lease: Pick<Lease, "target" | "action">,
    type: string | undefined,
    outcome: Outcome,
    durationMs: number,
  ): void {
    const reason = outcome.kind === "accepted" ? "" : outcome.kind === "interrupted" ? "interrupted" : outcome.reason;
    this.#sees(lease.target);
    this.#attempts.inc({ target: lease.target, outcome: outcome.kind, reason });
    if (outcome.kind === "accepted") this.totals.sent++;
    if (type !== "pagerduty" || (outcome.kind === "interrupted" && !outcome.left)) return;
    const status = outcome.kind === "interrupted" ? 0 : (outcome.status ?? 0);
    this.#pagerduty.apiCalls.inc({ method: "POST" });
    this.#pagerduty.requestSeconds.observe({ method: "POST", status_code: String(status) }, durationMs / 1_000);
    if (status === 429) this.#pagerduty.rateLimitHits.inc();
    if (outcome.kind !== "accepted") this.#pagerduty.publishErrors.inc({ publisher: lease.target, error_type: reason });
    else if (lease.action !== "check")
      this.#pagerduty.published.inc({ publisher: lease.target, event_type: lease.action });
  }

  /** Counts the start of a wait at a target's limiter. */
  limited(type: string | undefined): void {
    if (type === "pagerduty") this.#pagerduty.rateLimitHits.inc();
  }

  /** Records the end of a target's wait at its limiter. */
  waited(target: string, durationMs: number): void {
    this.#sees(target);
    this.#limiterWait.observe({ target }, durationMs / 1_000);
  }

  told(lease: Lease, waitedMs: number): void {
    this.#timeToTold.observe({ target: lease.target, severity: lease.severity }, waitedMs / 1_000);
  }

  /** Counts whether the publisher of an incident's endpoint was in memory, or had to be created again. */
  lookedUp(hit: boolean): void {
    (hit ? this.#pagerduty.cacheHits : this.#pagerduty.cacheMisses).inc({ cache_name: "endpoints" });
  }

  reloaded(successful: boolean, nowMs: number): void {
    this.#config.reloadSuccessful.set(successful ? 1 : 0);
    if (successful) this.#config.reloadedAt.set(nowMs / 1_000);
  }

  /** Sets the certificates in use. */
  useCertificates(certificates: readonly CertificateExpiry[]): void {
    for (const name of this.#certificates) this.#config.certificateExpiry.removeAll(name);
    this.#certificates = certificates.map(({ name }) => name);
    for (const { name, validToMs } of certificates) this.#config.certificateExpiry.set({ name }, validToMs / 1_000);
  }

  /** Sets whether an expected source is silent. */
  sourceSilent(source: string, silent: boolean): void {
    this.#sourceSilent.set({ source }, silent ? 1 : 0);
  }

  /** The source is not expected any more. */
  sourceNotExpected(source: string): void {
    this.#sourceSilent.remove({ source });
  }

  discovered(source: string, where: string, atMs: number): void {
    this.#discovery.lastSyncAt.set({ source, where }, atMs / 1_000);
  }

  discoveryStale(source: string, where: string, stale: boolean): void {
    this.#discovery.stale.set({ source, where }, stale ? 1 : 0);
  }

  discoveryEnded(source: string, where: string): void {
    this.#discovery.lastSyncAt.remove({ source, where });
    this.#discovery.stale.remove({ source, where });
  }

  rolloutsStale(where: string, kind: string, isStale: boolean): void {
    this.#discovery.rolloutsStale.set({ where, kind }, isStale ? 1 : 0);
  }

  rolloutsEnded(where: string, kind: string): void {
    this.#discovery.rolloutsStale.remove({ where, kind });
  }

  discoveryLag(source: string, lagMs: number): void {
    this.#discovery.lag.observe({ source }, lagMs / 1_000);
  }

  discoveryFailed(source: string, operation: string, reason: string): void {
    this.#discovery.errors.inc({ source, operation, reason });
  }

  cached(entries: number): void {
    this.#pagerduty.cacheSize.set(entries);
  }

  /**
   * Sets what the next scrape shows. `snapshot` undefined: the ledger does not respond, so its gauges are absent rather than
   * old. `pause` is awaited between two slices of the work.
   */
  async counted(targets: readonly ShownTarget[], snapshot: Snapshot | undefined, pause = nextTurn): Promise<void> {
    this.#counted.show(targets, snapshot);
    let begun = 0;
    for (const { target, count } of snapshot?.stats.incidents ?? []) {
      if (count === 0 || this.#active.has(target)) continue;
      this.#sees(target);
      if (++begun % targetsPerSlice === 0) await pause();
    }
  }

  /** Stops the measurement of the process. */
  stop(): void {
    this.#process.stop();
  }
}
