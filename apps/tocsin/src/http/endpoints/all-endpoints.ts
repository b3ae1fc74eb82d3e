import type { Clock, Ledger } from "@tocsin/core";
import type { FastifyRequest } from "fastify";
import type { CallbackReceiver } from "../../callbacks/callback-receiver.ts";
import type { Changes } from "../../changes/open-changes.ts";
import { LatestChanges } from "../../changes/sources/latest-changes.ts";
import type { Classifications } from "../../classification/classifications.ts";
import type { ConfigReloader } from "../../config/config-reloader.ts";
import { sqliteFileOf } from "../../config/config.ts";
import { version } from "../../config/version.ts";
import type { Explainer } from "../../explain/explainer.ts";
import type { Health } from "../../health/health.ts";
import type { Readiness } from "../../health/readiness.ts";
import type { SelfWatch } from "../../health/self-watch.ts";
import type { ServiceWarnings } from "../../health/service-warnings.ts";
import type { StallDetector } from "../../health/stall-detector.ts";
import type { Reconciler } from "../../reconcile/reconciler.ts";
import type { IncidentStream } from "../../stream/incident-stream.ts";
import type { Discoveries } from "../../targets/discovery/discoveries.ts";
import type { Drills } from "../../targets/drills/drills.ts";
import type { LastAttemptLog } from "../../targets/last-attempts.ts";
import type { Reachability } from "../../targets/reachability/reachability.ts";
import type { TargetRegistry } from "../../targets/registry.ts";
import type { TargetTests } from "../../targets/tests/target-tests.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { MetricsScrape } from "../../telemetry/metrics-scrape.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Tracing } from "../../telemetry/tracing.ts";
import type { Endpoint } from "../endpoint.ts";
import { alertmanagerApiEndpoints } from "./alertmanager-api.ts";
import { alertEndpoints } from "./alerts.ts";
import { backupEndpoints } from "./backup.ts";
import { callbackEndpoints } from "./callbacks.ts";
import { changeSourceEndpoints } from "./change-sources.ts";
import { changeEndpoints } from "./changes.ts";
import { deadLetterEndpoints } from "./dead-letters.ts";
import { classificationEndpoint } from "./classification.ts";
import { explainEndpoints } from "./explain.ts";
import { frontPageFacts } from "./front-page.ts";
import { healthEndpoints } from "./health.ts";
import { heartbeatEndpoints } from "./heartbeats.ts";
import { incidentAtReceiverEndpoint } from "./incident-at-receiver.ts";
import { incidentSummaryEndpoint } from "./incident-summary.ts";
import { incidentEndpoints } from "./incidents.ts";
import { drillEndpoints } from "./drills.ts";
import { ingestEndpoints } from "./ingest.ts";
import { LoginLimit } from "../login-limit.ts";
import { openApiEndpoint } from "./openapi.ts";
import { operationsEndpoints, type Reloaded } from "./operations.ts";
import { sessionEndpoints } from "./session.ts";
import { reconcileEndpoints } from "./reconcile.ts";
import { streamEndpoints } from "./stream.ts";
import { targetEndpoints } from "./targets.ts";

/** The parts of the service that answer requests. */
export interface AnsweringParts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly tracing: Tracing | undefined;
  readonly configReloader: ConfigReloader;
  readonly classifications: Classifications;
  readonly targets: TargetRegistry;
  readonly discoveries: Discoveries;
  readonly reachability: Reachability;
  readonly targetTests: TargetTests;
  readonly lastAttempts: LastAttemptLog;
  readonly changes: Changes;
  readonly callbacks: CallbackReceiver;
  readonly selfWatch: SelfWatch;
  readonly readiness: Readiness;
  readonly reconciler: Reconciler;
  readonly health: Health;
  readonly warnings: ServiceWarnings;
  readonly stallDetector: StallDetector | undefined;
  readonly explainer: Explainer;
  readonly stream: IncidentStream;
  /** Returns the address of the sender of a request. */
  readonly senderOf: (request: FastifyRequest) => string;
  readonly reload: () => Promise<Reloaded>;
  readonly wake: () => void;
  readonly drills: Drills;
}

/** Returns the endpoints of the API, except the front page, which lists them. */
export function allEndpoints(parts: AnsweringParts): Endpoint[] {
  const { ledger, clock, metrics, configReloader, targets, selfWatch, explainer, changes, warnings, wake } = parts;
  const { classifications } = parts;
  const { accept, related } = changes;
  const outdatedWarnings = warnings.outdated;
  const signatures = () => configReloader.signatures;
  const heartbeats = () => selfWatch.heartbeats;
  const maxBodyBytes = () => configReloader.current.changes.maxBodyBytes;
  const endpoints: Endpoint[] = [
    ...ingestEndpoints({
      ...parts,
      routesOf: (alert) => targets.routesOf(alert),
      classification: () => classifications.service,
      signatures,
      heartbeats,
    }),
    ...heartbeatEndpoints({ heartbeats, signatures }),
    ...changeEndpoints({
      accept,
      ledger,
      clock,
      metrics,
      targetNamed: (name) => targets.find(name)?.name,
      signatures,
      heartbeats,
      isReserved: (origin) => origin === "rollouts" || configReloader.changeSources.has(origin),
      maxBodyBytes,
    }),
    ...changeSourceEndpoints({
      accept,
      latestChanges: new LatestChanges(ledger),
      clock,
      sources: () => configReloader.changeSources,
      maxBodyBytes,
      count: (source, outcome) => metrics.changesReceived(source ?? "unknown", outcome, 1),
    }),
    ...callbackEndpoints(parts),
    incidentSummaryEndpoint({ ledger, metrics }),
    ...incidentEndpoints({ ledger, related, clock, wake }),
    incidentAtReceiverEndpoint({ ledger, targets, callbacks: () => configReloader.current.callbacks }),
    ...streamEndpoints(parts),
    ...explainEndpoints({
      ledger,
      explainer,
      trialOf: (input) => targets.trial(input),
      related,
      clock,
      outdatedWarnings,
      recordedAs: (fingerprint) => selfWatch.heartbeats?.recordedAs(fingerprint) ?? [],
    }),
    ...alertEndpoints({ ledger, explainer, clock, outdatedWarnings }),
    ...alertmanagerApiEndpoints({ ledger, targets, clock }),
    ...deadLetterEndpoints({ ledger, targetNamed: (name) => targets.find(name), clock, wake }),
    ...backupEndpoints({ ledger, file: sqliteFileOf(configReloader.current.ledger) }),
    ...reconcileEndpoints(parts),
    ...healthEndpoints(parts.health),
    classificationEndpoint(parts),
    ...targetEndpoints({ ...parts, outdatedWarnings }),
    ...drillEndpoints({ ...parts, outdatedWarnings }),
    ...sessionEndpoints({ ...parts, auth: () => configReloader.auth, loginLimit: new LoginLimit(clock) }),
    ...operationsEndpoints({
      ...parts,
      unready: () => parts.readiness.check(),
      warnings: warnings.all,
      metricsScrape: new MetricsScrape({ ledger, targets, metrics, clock }),
    }),
  ];
  const { basePath } = configReloader.current.server;
  return [...endpoints, openApiEndpoint({ version, basePath, endpoints: [frontPageFacts, ...endpoints] })];
}
