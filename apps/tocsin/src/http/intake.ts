import { type Clock, type Ledger, LedgerUnavailable, type Recorded, type Want } from "@tocsin/core";
import type { FastifyRequest } from "fastify";

import { parseWebhook } from "../sources/alertmanager.ts";
import { type Batch, defaultSource, type Received } from "../sources/batch.ts";
import { parsePostedAlerts } from "../sources/prometheus.ts";
import type { Readiness } from "../readiness.ts";
import type { Standstill } from "../standstill.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { Seldom } from "../telemetry/seldom.ts";
import { type Endpoint, queryOf } from "./endpoint.ts";
import { badRequest, Problem, unavailable } from "./problem.ts";

/** What the intake needs of the running service. */
export interface Intake {
  readonly ledger: Pick<Ledger, "want">;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, "received" | "skewed" | "committed">;
  readonly log: Logger;
  /** Where an alert should be told. Pure. */
  readonly routesOf: (alert: Want["claim"]["alert"]) => Want["routes"];
  /** Tells the worker that there may be something to do. */
  readonly wake: () => void;
  /** Where others record in the same ledger. */
  readonly standstill: Pick<Standstill, "justOver"> | undefined;
  readonly readiness: Pick<Readiness, "stopping" | "committed" | "commitFailed">;
}

const longestSource = 100;

/** Issues of one batch in one log line. */
const mostLogged = 5;

/** A batch without its alerts: until the commit all of them would be kept, and copied by the collector again and again. */
interface Taken extends Pick<Batch, "rejected" | "issues"> {
  readonly recording: Promise<readonly Recorded[]>;
}

type Parse = (body: unknown, from: Received) => Batch;

export function intakeEndpoints(intake: Intake): Endpoint[] {
  const complain = complaints(intake);
  const take = (request: FastifyRequest, source: string, parse: Parse): Taken => {
    const batch = parse(request.body, { source, sender: request.ip, nowMs: intake.clock.now() });
    request.body = undefined;
    complain(batch, source);
    return { rejected: batch.rejected, issues: batch.issues, recording: record(intake, batch, source) };
  };
  return [
    {
      method: "POST",
      path: "/api/v1/webhook/alertmanager",
      role: "ingest",
      does: "takes the webhook of Alertmanager or Grafana",
      async answer(request) {
        const source = sourceOf(request);
        const { rejected, issues, recording } = take(request, source, parseWebhook);
        const recorded = await recording;
        if (recorded.length === 0 && rejected > 0) throw notOneValid(issues);
        const duplicates = recorded.filter(({ effect }) => effect === "duplicate").length;
        return {
          accepted: recorded.length - duplicates,
          duplicates,
          rejected,
          skewed: recorded.filter(({ skewed }) => skewed).length,
          ...(rejected > 0 && { issues }),
        };
      },
    },
    {
      method: "POST",
      path: "/api/v2/alerts",
      role: "ingest",
      does: "takes alerts as Alertmanager does, so that Prometheus can send its own here",
      async answer(request) {
        const { rejected, issues, recording } = take(request, sourceOf(request), parsePostedAlerts);
        const { length } = await recording;
        if (rejected === 0) return;
        if (length === 0) throw notOneValid(issues);
        throw new Problem(400, "invalid_alerts", `${length} alerts were recorded, ${rejected} were not`, { issues });
      },
    },
  ];
}

/** Senders do not read answers, so the log says what they got wrong. Names of labels, and no values. */
function complaints({ log, clock }: Intake): (batch: Batch, source: string) => void {
  const seldom = new Seldom(clock);
  return ({ rejected, truncated, issues }, source) => {
    if (rejected > 0 && seldom.may(`rejected ${source}`)) {
      log.warn({ source, rejected, issues: issues.slice(0, mostLogged) }, "alerts were rejected");
    }
    if (truncated > 0 && seldom.may(`truncated ${source}`)) {
      log.warn({ source, truncated }, "the sender left alerts out; set max_alerts: 0 at its webhook");
    }
  };
}

/** Asks for all in one tick; comes back when everything is durable. */
function record(intake: Intake, batch: Batch, source: string): Promise<readonly Recorded[]> {
  const { ledger, metrics, readiness, standstill } = intake;
  if (readiness.stopping) throw unavailable("the service is stopping");
  if (standstill?.justOver()) throw unavailable("the service stood still: this may be old; repeat what still holds");
  metrics.received(source, "rejected", batch.rejected);
  metrics.received(source, "truncated", batch.truncated);
  if (batch.claims.length === 0) return Promise.resolve([]);
  const recording = ledger.want(batch.claims.map((claim) => ({ claim, routes: intake.routesOf(claim.alert) })));
  // In the same tick, so that the worker's claim rides in the commit that records: one fsync before the wire.
  intake.wake();
  const firing = batch.claims.filter(({ status }) => status === "firing").length;
  return committed(intake, recording, { source, firing });
}

/** What a commit says to metrics and probes. */
async function committed(
  { clock, metrics, readiness }: Intake,
  recording: Promise<readonly Recorded[]>,
  { source, firing }: { readonly source: string; readonly firing: number },
): Promise<readonly Recorded[]> {
  const sinceMs = clock.monotonic();
  const recorded = await recording.catch((error: unknown) => {
    if (error instanceof LedgerUnavailable) readiness.commitFailed(error.message);
    throw error;
  });
  readiness.committed();
  metrics.committed(clock.monotonic() - sinceMs);
  metrics.received(source, "firing", firing);
  metrics.received(source, "resolved", recorded.length - firing);
  metrics.skewed(source, recorded.filter(({ skewed }) => skewed).length);
  return recorded;
}

/** The token's name; else what the request calls itself. */
function sourceOf(request: FastifyRequest): string {
  if (request.entry.name !== undefined) return request.entry.name;
  const source = queryOf(request, "source") ?? defaultSource;
  if (source.length <= longestSource) return source;
  throw badRequest({ path: "source", message: `must not be longer than ${longestSource} characters` });
}

const notOneValid = (issues: Batch["issues"]): Problem =>
  new Problem(400, "invalid_alerts", "not one alert could be recorded", { issues });
