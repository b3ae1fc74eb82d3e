import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import { hostname } from "node:os";
import { type Clock, type Lease, type Outcome, systemClock } from "@tocsin/core";
import { Worker } from "@tocsin/engine";
import { Transport } from "@tocsin/http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { type Address, formatAddress } from "./config/address.ts";
import type { ConfigWatch } from "./config/config-watch.ts";
import { type Config, ledgerName } from "./config/config.ts";
import { Discoveries } from "./targets/discovery/discoveries.ts";
import { LastKnownTargets } from "./targets/discovery/last-known-targets.ts";
import { createDiscoveries } from "./targets/discovery/create-discoveries.ts";
import { TargetGuard } from "./targets/discovery/target-guard.ts";
import { Rollouts } from "./changes/rollouts/rollouts.ts";
import { Explainer } from "./explain/explainer.ts";
import { MetricsScrape } from "./telemetry/metrics-scrape.ts";
import { retention } from "./ledger/retention.ts";
import { alertEndpoints } from "./http/endpoints/alerts.ts";
import { acceptChanges } from "./changes/accept-changes.ts";
import { pageChanges } from "./changes/page-changes.ts";
import { relatedChanges } from "./changes/related-changes.ts";
import { changeEndpoints } from "./http/endpoints/changes.ts";
import { changeSourceEndpoints } from "./http/endpoints/change-sources.ts";
import { LatestChanges } from "./changes/sources/latest-changes.ts";
import { backupEndpoints } from "./http/endpoints/backup.ts";
import { deadLetterEndpoints } from "./http/endpoints/dead-letters.ts";
import { explainEndpoints } from "./http/endpoints/explain.ts";
import { frontPage } from "./http/endpoints/front-page.ts";
import { heartbeatEndpoints } from "./http/endpoints/heartbeats.ts";
import { healthEndpoints } from "./http/endpoints/health.ts";
import { incidentBody, incidentEndpoints } from "./http/endpoints/incidents.ts";
import { ingestEndpoints } from "./http/endpoints/ingest.ts";
import { noFileToReload, nothingToReload, operationsEndpoints, type Reloaded } from "./http/endpoints/operations.ts";
import { refusalLogRule, Refusals } from "./http/refusals.ts";
import { createServer } from "./http/server.ts";
import { TlsListener } from "./http/tls-listener.ts";
import { streamEndpoints } from "./http/endpoints/stream.ts";
import { targetEndpoints } from "./http/endpoints/targets.ts";
import { notifications } from "./delivery/notification.ts";
import { keysOf, openLedger } from "./ledger/open-ledger.ts";
import { reportCommits } from "./ledger/report-commits.ts";
import { OperatorError } from "./config/operator-error.ts";
import { deliver } from "./delivery/deliver.ts";
import { proxiesIn } from "./config/proxies.ts";
import { OwnAlerts } from "./own-alerts/own-alerts.ts";
import { Reachability } from "./targets/reachability/reachability.ts";
import { Readers } from "./ingest/readers/readers.ts";
import { lateAfterMs } from "./health/conditions.ts";
import { Health } from "./health/health.ts";
import { ledgerDisk } from "./health/ledger-disk.ts";
import { RecentFailure } from "./health/recent-failure.ts";
import { Readiness } from "./health/readiness.ts";
import { ConfigReloader } from "./config/config-reloader.ts";
import { SelfWatch } from "./health/self-watch.ts";
import { StallDetector } from "./health/stall-detector.ts";
import { IncidentStream } from "./stream/incident-stream.ts";
import { deadWarnings, deliveryWarnings, discoveryWarnings } from "./targets/target-warnings.ts";
import { TargetRegistry } from "./targets/registry.ts";
import { LogThrottle } from "./telemetry/log-throttle.ts";
import { createLogger, type Logger } from "./telemetry/logger.ts";
import { Metrics } from "./telemetry/metrics.ts";
import { Scrubber } from "./telemetry/scrubber.ts";
import { StateLog } from "./telemetry/state-log.ts";
import { traceTo } from "./telemetry/trace-to.ts";
import { TargetTests } from "./targets/tests/target-tests.ts";
import { CredentialVault } from "./ledger/credential-vault.ts";
import { version } from "./config/version.ts";

export interface Surroundings {
  /**
   * Runs once the ledger is open, and therefore belongs to this process alone. Adds to the configuration what must not start
   * earlier, because it would disturb another process that is already running.
   */
  readonly afterLedger?: (config: Config) => Promise<Config>;
  /** @default the system clock */
  readonly clock?: Clock;
  /** Writes finished log lines. */
  readonly writeLog: (line: string) => void;
  /** Environment variables, which name the proxies. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads the configuration again, for a reload. Absent: the service has no configuration file. @throws ConfigError */
  readonly reread?: (() => Config) | undefined;
  /** Watches the configuration's files. Absent: there are none. */
  readonly watch?: ConfigWatch | undefined;
}

/** A running service. */
export interface Tocsin {
  /** The address at which it listens, with the port that was assigned. */
  readonly address: Address;
  readonly log: Logger;
  readonly targets: Pick<TargetRegistry, "entries">;
  /** Reloads the configuration. Without a configuration file it only logs that there is none. */
  reload(): Promise<void>;
  /**
   * Stops intake, then attempts in flight (after 10 s at most), then everything else. No accepted alert is lost in any of these
   * steps.
   */
  stop(): Promise<void>;
}

/** Builds a service from its parts and starts it; the only place that knows all parts. */
export async function compose(
  written: Config,
  { clock = systemClock, writeLog, env, reread, watch, afterLedger = async (config) => config }: Surroundings,
): Promise<Tocsin> {
  const scrubber = new Scrubber();
  const log = createLogger(written.telemetry.logs, scrubber, writeLog);
  const closing: (() => unknown)[] = [];
  const close = async () => {
    for (const end of closing.splice(0).toReversed()) await end();
  };
  try {
    const metrics = new Metrics(version);
    closing.push(() => metrics.stop());
    const { keys, isNewKey, isLost = false } = keysOf(written, log);
    const vault = new CredentialVault(keys);
    let worker: Worker | undefined;
    const wake = () => worker?.wake();
    const owner = `${hostname()}-${process.pid}-${randomBytes(4).toString("hex")}`;
    const stateLog = new StateLog(log, clock);
    closing.push(() => stateLog.stop());
    const opened = await openLedger(written, { vault, isNewKey, wake, report: stateLog.changed });
    closing.push(() => opened[Symbol.asyncDispose]());
    const config = await afterLedger(written);
    const ledgerPlace = ledgerName(config.ledger);
    const readiness = new Readiness(opened, clock, {
      place: ledgerPlace,
      turned(failure) {
        metrics.ledgerUp(failure === undefined);
        stateLog.ledger(failure, ledgerPlace);
      },
    });
    closing.push(() => readiness.stop());
    readiness.start();
    const ledger = reportCommits(opened, readiness);
    // A ledger with one owner needs no detector: the owner receives all requests itself, so even after a stall it reads the
    // trigger before the resolve.
    const stallDetector = config.ledger.kind === "postgres" ? new StallDetector(clock) : undefined;
    closing.push(() => stallDetector?.stop());
    const { settings: proxy, secrets: proxySecrets } = proxiesIn(env);
    scrubber.learn(proxySecrets);
    const guard = new TargetGuard(config);
    const { rulesOf, ownPort } = guard;
    const transport = new Transport({
      rulesOf,
      ownPort,
      proxy,
      clock,
      maxConnectionAgeMs: config.delivery.maxConnectionAge,
      beforeWrite: (signal) => worker?.endIfOverdue(signal),
    });
    closing.push(() => transport.close());
    const { traces } = config.telemetry;
    const traceFailures = new RecentFailure(clock);
    const tracing =
      traces && (await traceTo(traces, { clock, log, transport, metrics, instance: owner, failures: traceFailures }));
    closing.push(() => tracing?.stop());
    const targets = new TargetRegistry({
      vault,
      transport: tracing === undefined ? transport : tracing.tracedTransport(transport),
      version,
      clock,
      guard,
      lookedUp: (hit) => metrics.lookedUp(hit),
      addressingOfOwn: (alert) => ownAlerts.addressingOf(alert),
    });
    const ownAlerts = new OwnAlerts({
      ledger,
      routesOf: (alert) => targets.routesOf(alert),
      nameOf: (name) => targets.find(name)?.name,
      wake,
      log,
      clock,
    });

    const lastKnown = new LastKnownTargets(ledger, vault);
    const discoveries = new Discoveries({
      open: (discovery, current) => createDiscoveries(discovery, current, { env, lastKnown, clock }),
      lastKnown,
      clock,
      log,
      metrics,
      definitionsInUse: () => targets.definitionsInUse(),
    });
    const readers = new Readers({
      ledger,
      clock,
      log,
      transport,
      version,
      vault,
      wake,
      routesOf: (alert) => targets.routesOf(alert),
      remindMs: config.delivery.remind,
    });
    const rollouts = new Rollouts({ ledger, vault, clock, log, metrics, env, acceptChanges: (all) => accept(all) });
    const configReloader = new ConfigReloader({
      config,
      reread: reread ?? (() => config),
      ledger,
      targets,
      guard,
      discoveries,
      metrics,
      scrubber,
      log,
      clock,
      wake,
      readers,
      selfWatch: { use: (next) => selfWatch.use(next) },
      rollouts,
      useTls: (tls) => tls && tlsListener?.use(tls),
    });
    closing.push(
      () => configReloader.stop(),
      () => readers.stop(),
      () => selfWatch.stop(),
      () => rollouts.stop(),
      () => discoveries.stop(),
    );
    const stream = new IncidentStream({ ledger, clock, log, body: incidentBody });
    const reload = async (): Promise<Reloaded> => {
      if (reread === undefined) return nothingToReload;
      const reloaded = await configReloader.reload();
      // Tokens may have changed: listeners connect again and are authenticated again.
      stream.end();
      return reloaded;
    };
    const ledgerWarnings = async () => {
      try {
        const [heldBack, { incidents }] = await Promise.all([ledger.targetStatus("held_back"), ledger.stats()]);
        return [...deliveryWarnings(heldBack, targets.terms.length), ...deadWarnings(incidents)];
      } catch {
        // A ledger that does not respond must not delay the probe.
        return [];
      }
    };
    // The targets in use may differ from what an operator has written.
    const outdatedWarnings = () => [...configReloader.reloadWarnings(), ...discoveryWarnings(discoveries.views)];
    const warnings = async (isReady: boolean) => [
      ...outdatedWarnings(),
      ...configReloader.targetWarnings(),
      ...configReloader.certificateWarnings(),
      ...rollouts.warnings(),
      ...(isLost ? [lostKeyWarning] : []),
      ...(isReady ? await ledgerWarnings() : []),
    ];
    const health = new Health({
      clock,
      readiness,
      ledger,
      lateAfterMs: () => Math.min(lateAfterMs, configReloader.current.selfAlerts?.after ?? lateAfterMs),
      others: async () => ({
        ledgerPlace,
        targets: targets.entries,
        discoveries: discoveries.views,
        rollouts: rollouts.failing,
        certificates: configReloader.certificates,
        reloadWarnings: configReloader.reloadWarnings(),
        isKeyLost: isLost,
        disk: await ledgerDisk(sqliteFileOf(config)),
        silent: selfWatch.heartbeats?.silent ?? [],
        loopLagMs: selfWatch.loopLagMs,
        heartbeat: selfWatch.failingHeartbeat,
        traces: traceFailures.current,
      }),
    });
    const notify = notifications(() => configReloader.current.server.publicUrl);
    const attempted = (attempt: Pick<Lease, "target" | "action">, outcome: Outcome, durationMs: number) =>
      metrics.attempted(attempt, targets.publisherFor(attempt.target)?.type, outcome, durationMs);
    const selfWatch = new SelfWatch({
      ledger,
      clock,
      vault,
      log,
      metrics,
      ownAlerts,
      readiness,
      owner,
      transport,
      version,
      discoveries,
      selfAlerts: {
        health,
        recipientTerms: targets,
        isAlone: config.ledger.kind === "sqlite",
      },
      directPage: { notify, wake, publisherTo: (target) => targets.publisherFor(target), attempted },
    });
    const targetTests = new TargetTests({
      ledger,
      vault,
      clock,
      wake,
      publisherTo: (target) => targets.publisherFor(target)?.publisher,
      notify,
      attempted,
    });
    const reachability = new Reachability({ clock, log, proxy, guard, origins: () => targets.origins() });
    const explainer = new Explainer({ targets, clock, notify });
    const related = relatedChanges(ledger, () => configReloader.current.changes.matchLabels);
    const accept = acceptChanges({
      ledger,
      clock,
      metrics,
      readiness,
      routesOfChange: (change, only) => targets.routesOfChange(change, only),
      wake,
    });
    const senderOf = ({ ip, headers }: FastifyRequest) =>
      configReloader.senders.senderOf(ip, headers["x-forwarded-for"]);
    const endpoints = [
      ...ingestEndpoints({
        ledger,
        clock,
        metrics,
        readiness,
        stallDetector,
        log,
        wake,
        routesOf: (alert) => targets.routesOf(alert),
        senderOf,
        signatures: () => configReloader.signatures,
        tracing,
        heartbeats: () => selfWatch.heartbeats,
      }),
      ...heartbeatEndpoints({
        heartbeats: () => selfWatch.heartbeats,
        signatures: () => configReloader.signatures,
      }),
      ...changeEndpoints({
        accept,
        ledger,
        clock,
        metrics,
        targetNamed: (name) => targets.find(name)?.name,
        maxBodyBytes: () => configReloader.current.changes.maxBodyBytes,
      }),
      ...changeSourceEndpoints({
        accept,
        latestChanges: new LatestChanges(ledger),
        clock,
        sources: () => configReloader.changeSources,
        maxBodyBytes: () => configReloader.current.changes.maxBodyBytes,
        count: (source, outcome) => metrics.changesReceived(source ?? "unknown", outcome, 1),
      }),
      ...incidentEndpoints({ ledger, related, wake }),
      ...streamEndpoints({ stream }),
      ...explainEndpoints({
        ledger,
        explainer,
        related,
        clock,
        outdatedWarnings,
        recordedAs: (fingerprint) => selfWatch.heartbeats?.recordedAs(fingerprint) ?? [],
      }),
      ...alertEndpoints({ ledger, explainer, clock, outdatedWarnings }),
      ...deadLetterEndpoints({ ledger, wake }),
      ...backupEndpoints({ ledger, file: sqliteFileOf(config) }),
      ...healthEndpoints(health),
      ...targetEndpoints({
        ledger,
        targets,
        discoveries,
        reachability,
        targetTests,
        reload,
        outdatedWarnings,
      }),
      ...operationsEndpoints({
        ledger,
        reload,
        discoveries,
        unready: () => readiness.check(),
        warnings,
        metricsScrape: new MetricsScrape({ ledger, targets, metrics, clock }),
      }),
    ];
    const refusals = new Refusals({
      log,
      throttle: new LogThrottle(clock, refusalLogRule),
      count: (reason) => metrics.refused(reason),
      senderOf,
    });
    const { tls } = config.server;
    const serverOptions = {
      maxBodyBytes: config.server.maxBodyBytes,
      ledger: ledgerPlace,
      auth: () => configReloader.auth,
      log,
      refusals,
    };
    const app = createServer({
      ...serverOptions,
      endpoints: [frontPage(version, endpoints), ...endpoints],
      basePath: config.server.basePath,
      tls,
    });
    const tlsListener = tls && new TlsListener(app.server, tls);
    closing.push(() => closeServer(app, clock, tlsListener));
    const probesAt = config.server.probes.listen;
    const probes =
      probesAt && createServer({ ...serverOptions, endpoints: endpoints.filter(({ isProbe }) => isProbe === true) });
    if (probes !== undefined) closing.push(() => closeServer(probes, clock, undefined));
    await configReloader.start();
    stallDetector?.start();
    worker = new Worker({
      ...deliver({
        targets,
        metrics,
        log,
        stateLog,
        clock,
        notify,
        tracing,
        relatedChanges: pageChanges({ related, clock }),
        onAttempt: (lease, outcome, durationMs) => targetTests.attempted(lease, outcome, durationMs),
      }),
      ledger,
      clock,
      owner,
      concurrency: config.delivery.concurrency,
    });
    closing.push(
      () => worker?.stop(),
      retention({
        ledger,
        clock,
        retentionMs: config.ledger.retentionMs,
        changesMs: config.changes.retention,
        log,
      }),
    );
    closing.push(
      () => targetTests.stop(),
      () => reachability.stop(),
      () => stream.stop(),
    );
    void targetTests.endAbandoned();
    reachability.start();
    readers.start();
    selfWatch.start();
    const loaded = discoveries.start(() => configReloader.applyDiscoveredTargets());
    const address = await listen(app, config.server.listen, "server.listen");
    guard.listening(address.port);
    const probesAddress = probes && probesAt && (await listen(probes, probesAt, "server.probes.listen"));
    const shownProbes = probesAddress && { probes: formatAddress(probesAddress) };
    log.info(
      {
        event: "listening",
        address: formatAddress(address),
        ...shownProbes,
        ledger: ledgerName(config.ledger),
        version,
      },
      "listening",
    );
    void loaded.finally(() => {
      readiness.loaded();
      configReloader.targetsLoaded();
      rollouts.start();
    });
    watch?.start({ clock, log, reload });
    closing.push(() => watch?.stop());

    let stopped: Promise<void> | undefined;
    const stop = () => {
      readiness.stop();
      return (stopped ??= close());
    };
    const reloadBySignal = async () => {
      const { outcome } = await reload();
      if (outcome === "no_file") log.warn({ event: "nothing_to_reload" }, `Nothing was reloaded: ${noFileToReload}`);
    };
    return { address, log, targets, reload: reloadBySignal, stop };
  } catch (error) {
    await close();
    throw error;
  }
}

const lostKeyWarning =
  "the ledger's key file was missing at the start: incidents that were opened before cannot be resolved until it is restored";

const sqliteFileOf = ({ ledger }: Pick<Config, "ledger">): string | undefined =>
  ledger.kind === "sqlite" && ledger.path !== ":memory:" ? ledger.path : undefined;

async function listen(app: FastifyInstance, address: Address, key: string): Promise<Address> {
  try {
    await app.listen({ ...address });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why =
      code === "EADDRINUSE"
        ? `the address is already in use; is another Tocsin running? \`${key}\` changes it`
        : message;
    throw new OperatorError(`cannot listen on ${formatAddress(address)}: ${why}`, { cause: error });
  }
  return { host: address.host, port: (app.server.address() as AddressInfo).port };
}

/** Stops the server. A sender that does not complete its request or handshake delays this by at most one second. */
async function closeServer(app: FastifyInstance, clock: Clock, tlsListener: TlsListener | undefined): Promise<void> {
  const cancel = clock.after(1_000, () => {
    app.server.closeAllConnections();
    tlsListener?.endConnections();
  });
  await app.close();
  cancel();
}
