import { setImmediate } from "node:timers/promises";
import { type Clock, type Ledger, type Recorded, type RoutedClaim } from "@tocsin/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import { parseAlertmanagerWebhook } from "../../ingest/alertmanager.ts";
import type { ClassificationService } from "../../classification/classification-service.ts";
import type { BatchReader, Received } from "../../ingest/batch-reader.ts";
import type { Signatures } from "../../ingest/signatures.ts";
import { parsePrometheusAlerts } from "../../ingest/prometheus.ts";
import type { Heartbeats } from "../../heartbeats/heartbeats.ts";
import type { Readiness } from "../../health/readiness.ts";
import type { StallDetector } from "../../health/stall-detector.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { LogThrottle } from "../../telemetry/log-throttle.ts";
import { type RecordSpan, type RequestSpan, traceIdOf, type Tracing } from "../../telemetry/tracing.ts";
import { checkSignature } from "../check-signature.ts";
import type { Endpoint } from "../endpoint.ts";
import { Problem, unavailable } from "../problem.ts";
import { sourceOf } from "../source-of.ts";
import { traceRecording, traceRequest } from "../trace-request.ts";

/** The parts of the running service that the intake uses. */
export interface Intake {
  readonly ledger: Pick<Ledger, "record">;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, "received" | "skewed" | "committed">;
  readonly log: Logger;
  /** Returns the targets that must receive an alert. Pure. */
  readonly routesOf: (alert: RoutedClaim["claim"]["alert"]) => RoutedClaim["routes"];
  /** Classifies the alerts of claims. Undefined: alerts are not classified. */
  readonly classification: () => Pick<ClassificationService, "routed" | "recording"> | undefined;
  /** Returns the address of the sender of a request. */
  readonly senderOf: (request: FastifyRequest) => string;
  /** Called for each request, because a reload may change them. */
  readonly signatures: () => Pick<Signatures, "refusal">;
  /** Called for each request. Undefined: no source is expected to send regularly. */
  readonly heartbeats: () => Pick<Heartbeats, "received" | "watchdogOf"> | undefined;
  /** Wakes the worker: there may be due work. */
  readonly wake: () => void;
  /** If other replicas record in the same ledger. */
  readonly stallDetector: Pick<StallDetector, "hasJustStalled"> | undefined;
  readonly readiness: Pick<Readiness, "stopping">;
  /** Undefined: nothing is traced. */
  readonly tracing: Pick<Tracing, "receive"> | undefined;
}

/** Most issues of one batch in one log line. */
const maxLogged = 5;

/**
 * Longest time for reading alerts before they are recorded and other work gets a turn. A usual request takes less and is recorded
 * in the tick in which it came.
 */
const maxReadingMs = 10;

/** The result for the alerts of a request. */
interface Taken extends Pick<BatchReader, "rejected" | "issues"> {
  readonly recorded: number;
  readonly duplicates: number;
  readonly skewed: number;
}

type Parse = (body: unknown, from: Received) => BatchReader;

export function ingestEndpoints(intake: Intake): Endpoint[] {
  const logRejections = rejectionLog(intake);
  const take = async (
    request: FastifyRequest,
    reply: FastifyReply,
    { source, parse }: { readonly source: string; readonly parse: Parse },
  ): Promise<Taken> => {
    const span = intake.tracing && traceRequest(intake.tracing, request, reply, intake.clock.now());
    intake.heartbeats()?.received(source);
    const batch = parse(request.body, { source, sender: intake.senderOf(request), nowMs: intake.clock.now() });
    request.body = undefined;
    const taken = { recorded: 0, duplicates: 0, skewed: 0 };
    try {
      for (;;) {
        // During the commit only the promise is kept: the garbage collector would otherwise copy the alerts again and again.
        const recorded = await recordPart(intake, batch, source, span);
        taken.recorded += recorded.length;
        taken.duplicates += recorded.filter(({ effect }) => effect === "duplicate").length;
        taken.skewed += recorded.filter(({ skewed }) => skewed).length;
        if (batch.done) break;
        await setImmediate();
      }
      if (intake.log.isLevelEnabled("debug")) logRecorded(intake.log, source, { ...taken, trace: span?.context });
      return { ...taken, rejected: batch.rejected, issues: batch.issues };
    } finally {
      logRejections(batch, source);
    }
  };
  const checkBody = checkSignature(intake.signatures);
  const webhook: Endpoint = {
    method: "POST",
    path: "/api/v1/webhook/alertmanager",
    role: "ingest",
    takesLargeJson: true,
    checkBody,
    does: "receives the webhook of Alertmanager or Grafana",
    async answer(request, reply) {
      const source = sourceOf(request);
      const taken = await take(request, reply, { source, parse: parseAlertmanagerWebhook });
      const { recorded, duplicates, rejected, skewed, issues } = taken;
      if (recorded === 0 && rejected > 0) throw notOneValid(issues);
      return { accepted: recorded - duplicates, duplicates, rejected, skewed, ...(rejected > 0 && { issues }) };
    },
  };
  return [
    webhook,
    { ...webhook, method: "PUT", does: "the same, for Grafana contact points with the method PUT" },
    {
      method: "POST",
      path: "/api/v2/alerts",
      role: "ingest",
      takesLargeJson: true,
      checkBody,
      does: "receives alerts as Alertmanager does, so that Prometheus can send its alerts here",
      async answer(request, reply) {
        const source = sourceOf(request);
        const { recorded, rejected, issues } = await take(request, reply, { source, parse: parsePrometheusAlerts });
        if (rejected === 0) return;
        if (recorded === 0) throw notOneValid(issues);
        throw new Problem(400, "invalid_alerts", `${recorded} alerts were recorded, ${rejected} were not`, { issues });
      },
    },
  ];
}

function logRecorded(
  log: Logger,
  source: string,
  {
    recorded,
    duplicates,
    trace,
  }: { readonly recorded: number; readonly duplicates: number; readonly trace: string | undefined },
): void {
  const traced = trace !== undefined && { trace_id: traceIdOf(trace) };
  log.debug({ event: "alerts_recorded", source, recorded, duplicates, ...traced }, "Alerts are recorded");
}

/** Senders do not show answers, so the log has their errors, with names of labels but without values. */
function rejectionLog({ log, clock, metrics }: Intake): (batch: BatchReader, source: string) => void {
  const throttle = new LogThrottle(clock);
  return ({ rejected, truncated, issues }, source) => {
    metrics.received(source, "rejected", rejected);
    metrics.received(source, "truncated", truncated);
    const shown = rejected > 0 && throttle.pass(`rejected ${source}`);
    if (shown)
      log.warn(
        { event: "alerts_rejected", source, rejected, issues: issues.slice(0, maxLogged), ...shown },
        "Alerts were rejected: the sender must correct them",
      );
    const shownTruncated = truncated > 0 && throttle.pass(`truncated ${source}`);
    if (shownTruncated)
      log.warn(
        { event: "alerts_truncated", source, truncated, ...shownTruncated },
        "The sender left alerts out of its webhook: set max_alerts: 0 in its webhook configuration",
      );
  };
}

/** Reads alerts for a limited time and records the valid ones. Resolves when they are durable. */
function recordPart(
  intake: Intake,
  batch: BatchReader,
  source: string,
  request: RequestSpan | undefined,
): Promise<readonly Recorded[]> {
  const { ledger, clock, readiness, stallDetector } = intake;
  if (readiness.stopping) throw unavailable("the service is stopping");
  if (stallDetector?.hasJustStalled())
    throw unavailable("the service was paused and this request may be stale; resend alerts that still fire");
  const claims: RoutedClaim[] = [];
  const watchdog = intake.heartbeats()?.watchdogOf(source);
  const classification = intake.classification();
  const trace = request?.context;
  const startedAtMs = request === undefined ? 0 : clock.now();
  let firing = 0;
  const untilMs = clock.monotonic() + maxReadingMs;
  do {
    const read = batch.next();
    if (read === undefined) continue;
    const claim = trace === undefined ? read : { ...read, trace };
    claims.push(watchdog?.(claim) ?? classification?.routed(claim) ?? { claim, routes: intake.routesOf(claim.alert) });
    if (claim.status === "firing") firing++;
  } while (!batch.done && clock.monotonic() < untilMs);
  if (claims.length === 0) return Promise.resolve([]);
  const span = request?.record(startedAtMs);
  const recording = ledger.record(claims);
  classification?.recording(claims, recording);
  // In the same tick, so that the worker's lease shares the commit that records: one fsync before the event is sent.
  intake.wake();
  return committed(intake, recording, { source, firing, span });
}

/** Reports a commit to the metrics and to the trace. */
async function committed(
  { clock, metrics }: Intake,
  recording: Promise<readonly Recorded[]>,
  part: { readonly source: string; readonly firing: number; readonly span: RecordSpan | undefined },
): Promise<readonly Recorded[]> {
  const { source, firing, span } = part;
  const sinceMs = clock.monotonic();
  const recorded = await (span === undefined ? recording : traceRecording(recording, span));
  metrics.committed(clock.monotonic() - sinceMs);
  metrics.received(source, "firing", firing);
  metrics.received(source, "resolved", recorded.length - firing);
  metrics.skewed(source, recorded.filter(({ skewed }) => skewed).length);
  return recorded;
}

const notOneValid = (issues: BatchReader["issues"]): Problem =>
  new Problem(400, "invalid_alerts", "no alert could be recorded", { issues });
