import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { type Alert, type Lease, type Outcome, systemClock } from "@tocsin/core";
import { Worker } from "@tocsin/engine";
import { Transport } from "@tocsin/http";
import type { FastifyRequest } from "fastify";
import { CallbackReceiver } from "./callbacks/callback-receiver.ts";
import { canaryProofs } from "./canary/canary-proofs.ts";
import { openChanges } from "./changes/open-changes.ts";
import { pageChanges } from "./changes/page-changes.ts";
import { formatAddress } from "./config/address.ts";
import { Classifications } from "./classification/classifications.ts";
import { ConfigReloader } from "./config/config-reloader.ts";
import { type Config, ledgerName } from "./config/config.ts";
import { proxiesIn } from "./config/proxies.ts";
import { version } from "./config/version.ts";
import { ServedConsole } from "./console/served-console.ts";
import { deliver } from "./delivery/deliver.ts";
import { notifications } from "./delivery/notification.ts";
import { Explainer } from "./explain/explainer.ts";
import { openHealth } from "./health/open-health.ts";
import { Readiness } from "./health/readiness.ts";
import { RecentFailure } from "./health/recent-failure.ts";
import { SelfWatch } from "./health/self-watch.ts";
import { serviceWarnings } from "./health/service-warnings.ts";
import { StallDetector } from "./health/stall-detector.ts";
import { closeServer } from "./http/close-server.ts";
import { allEndpoints } from "./http/endpoints/all-endpoints.ts";
import { consoleEndpoints } from "./http/endpoints/console.ts";
import { frontPage } from "./http/endpoints/front-page.ts";
import { incidentBody } from "./http/endpoints/incidents.ts";
import { noFileToReload, nothingToReload, type Reloaded } from "./http/endpoints/operations.ts";
import { listen } from "./http/listen.ts";
import { refusalLogRule, Refusals } from "./http/refusals.ts";
import { createServer } from "./http/server.ts";
import { SessionCookies } from "./http/session-cookies.ts";
import { TlsListener } from "./http/tls-listener.ts";
import { Readers } from "./ingest/readers/readers.ts";
import { CredentialVault } from "./ledger/credential-vault.ts";
import { keysOf, openLedger } from "./ledger/open-ledger.ts";
import { reportCommits } from "./ledger/report-commits.ts";
import { retention } from "./ledger/retention.ts";
import { OwnAlerts } from "./own-alerts/own-alerts.ts";
import { Reconciler } from "./reconcile/reconciler.ts";
import { IncidentStream } from "./stream/incident-stream.ts";
import { TargetGuard } from "./targets/discovery/target-guard.ts";
import { Drills } from "./targets/drills/drills.ts";
import { openTargets } from "./targets/open-targets.ts";
import { Reachability } from "./targets/reachability/reachability.ts";
import { LastAttemptLog } from "./targets/last-attempts.ts";
import { TargetTests } from "./targets/tests/target-tests.ts";
import { LogThrottle } from "./telemetry/log-throttle.ts";
import { createLogger } from "./telemetry/logger.ts";
import { Metrics } from "./telemetry/metrics.ts";
import { Scrubber } from "./telemetry/scrubber.ts";
import { StateLog } from "./telemetry/state-log.ts";
import { traceTo } from "./telemetry/trace-to.ts";
import type { Surroundings, Tocsin } from "./tocsin.ts";

/** Builds a service from its parts and starts it; the only place that knows all parts. */
export async function compose(
  written: Config,
  {
    clock = systemClock,
    writeLog,
    env,
    reread,
    watch,
    afterLedger = async (config) => config,
    createClassifier,
  }: Surroundings,
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

    // The ledger.
    const { keys, isNewKey, isLost: isKeyLost = false } = keysOf(written, log);
    const vault = new CredentialVault(keys);
    let worker: Worker | undefined;
    const wake = () => worker?.wake();
    const owner = `${hostname()}-${process.pid}-${randomBytes(4).toString("hex")}`;
    const stateLog = new StateLog(log, clock, metrics.confirmation.confirmed);
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
    /** The ports that most parts need. */
    const shared = { ledger, readiness, vault, metrics, clock, log, env, wake, owner, version };
    // A ledger with one owner needs no detector: the owner receives all requests itself, so even after a stall it reads the
    // trigger before the resolve.
    const stallDetector = config.ledger.kind === "postgres" ? new StallDetector(clock) : undefined;
    closing.push(() => stallDetector?.stop());

    // Connections to receivers, and their traces.
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

    // Targets, the intake beside the API, and the configuration that they follow.
    const { targets, discoveries } = openTargets({
      ...shared,
      transport: tracing === undefined ? transport : tracing.tracedTransport(transport),
      guard,
      addressingOfOwn: (alert) => ownAlerts.addressingOf(alert),
    });
    const routesOf = (alert: Alert) => targets.routesOf(alert);
    const nameOf = (name: string) => targets.find(name)?.name;
    const canaryTarget = () => configReloader.current.canary?.target;
    const ownAlerts = new OwnAlerts({ ...shared, routesOf, nameOf, canaryTarget });
    const classifications = new Classifications({
      ...shared,
      targets,
      metrics: metrics.classification,
      // Its code is loaded only if alerts are classified.
      createClassifier:
        createClassifier ??
        (async (settings) => {
          const classifiers = await import("./classifiers/create-classifier.ts");
          return classifiers.createClassifier(settings, { transport, version, now: () => clock.now() });
        }),
    });
    closing.push(() => classifications.stop());
    const readers = new Readers({
      ...shared,
      transport,
      routesOf: (alert, stored) => targets.routesOf(alert, classifications.termsOf(alert, stored)),
      remindMs: config.delivery.remind,
    });
    const matchLabels = () => configReloader.current.changes.matchLabels;
    const changes = openChanges({ ...shared, targets, matchLabels });
    const { related, rollouts } = changes;
    const callbacks = new CallbackReceiver({ ...shared, targets });
    const configReloader = new ConfigReloader({
      ...shared,
      config,
      reread: reread ?? (() => config),
      targets,
      guard,
      discoveries,
      scrubber,
      readers,
      selfWatch: { use: (next) => selfWatch.use(next) },
      classifications,
      rollouts,
      sessionCookies: new SessionCookies(keys),
      callbacks,
      useTls: (tls) => tls && tlsListener?.use(tls),
    });
    closing.push(
      () => configReloader.stop(),
      () => readers.stop(),
      () => selfWatch.stop(),
      () => rollouts.stop(),
      () => callbacks.stop(),
      () => discoveries.stop(),
    );
    const stream = new IncidentStream({ ...shared, body: incidentBody });
    const reload = async (): Promise<Reloaded> => {
      if (reread === undefined) return nothingToReload;
      const reloaded = await configReloader.reload();
      // Tokens may have changed: listeners connect again and are authenticated again.
      stream.end();
      reconciler.targetsChanged();
      return reloaded;
    };

    // The state of the service, and its alerts about itself.
    const known = { ...shared, configReloader, targets, discoveries, rollouts, callbacks, isKeyLost };
    const warnings = serviceWarnings(known);
    const health = openHealth({ ...known, selfWatch: () => selfWatch, traceFailures });
    const notify = notifications(
      () => configReloader.current.server.publicUrl,
      (target) => callbacks.hasButtonsAt(target),
    );
    const attempted = (attempt: Pick<Lease, "target" | "action">, outcome: Outcome, durationMs: number) =>
      metrics.attempted(attempt, targets.publisherFor(attempt.target)?.type, outcome, durationMs);
    const publisherTo = (target: string) => targets.publisherFor(target);
    const selfWatch = new SelfWatch({
      ...shared,
      ownAlerts,
      transport,
      discoveries,
      selfAlerts: { health, recipientTerms: targets, isAlone: config.ledger.kind === "sqlite" },
      directPage: { notify, wake, publisherTo, attempted },
      canary: {
        find: (name) => targets.find(name),
        ...canaryProofs({
          find: (name) => targets.find(name),
          callbacks: () => configReloader.current.callbacks,
          restClientOf: (name) => targets.restClientOf(name),
        }),
      },
    });
    const targetTests = new TargetTests({
      ...shared,
      publisherTo: (target) => publisherTo(target)?.publisher,
      notify,
      attempted,
    });
    const drills = new Drills(shared);
    const lastAttempts = new LastAttemptLog({ ledger, clock, exists: (name) => targets.find(name) !== undefined });
    closing.push(() => lastAttempts.stop());
    const reachability = new Reachability({ clock, log, proxy, guard, origins: () => targets.origins() });
    const reconciler = new Reconciler({ ...shared, targets, callbacks: () => configReloader.current.callbacks });
    closing.push(() => reconciler.stop());
    const explainer = new Explainer({
      targets,
      clock,
      notify,
      termsOf: (alert, stored) => classifications.termsOf(alert, stored),
      termsFor: (alert) => classifications.service?.termsFor(alert),
    });
    const senderOf = ({ ip, headers }: FastifyRequest) =>
      configReloader.senders.senderOf(ip, headers["x-forwarded-for"]);
    const endpoints = allEndpoints({
      ...shared,
      tracing,
      configReloader,
      classifications,
      targets,
      discoveries,
      reachability,
      reconciler,
      targetTests,
      drills,
      lastAttempts,
      changes,
      callbacks,
      selfWatch,
      health,
      warnings,
      stallDetector,
      explainer,
      stream,
      senderOf,
      reload,
    });

    // The HTTP servers.
    const refusals = new Refusals({
      log,
      throttle: new LogThrottle(clock, refusalLogRule),
      count: (reason) => metrics.refused(reason),
      senderOf,
    });
    const { tls, basePath } = config.server;
    const page = new ServedConsole({ basePath, log, clock });
    const serverOptions = {
      maxBodyBytes: config.server.maxBodyBytes,
      ledger: ledgerPlace,
      auth: () => configReloader.auth,
      log,
      refusals,
    };
    const app = createServer({
      ...serverOptions,
      endpoints: [frontPage(version, endpoints, page), ...endpoints, ...consoleEndpoints(page)],
      basePath,
      tls,
    });
    const tlsListener = tls && new TlsListener(app.server, tls);
    closing.push(() => closeServer(app, clock, tlsListener));
    const probesAt = config.server.probes.listen;
    const probes =
      probesAt && createServer({ ...serverOptions, endpoints: endpoints.filter(({ isProbe }) => isProbe === true) });
    if (probes !== undefined) closing.push(() => closeServer(probes, clock));

    // Start: the worker delivers before the first request is received.
    await configReloader.start();
    stallDetector?.start();
    worker = new Worker({
      ...deliver({
        ...shared,
        targets,
        stateLog,
        notify,
        tracing,
        relatedChanges: pageChanges({ related, clock }),
        onAttempt(lease, outcome, durationMs) {
          targetTests.attempted(lease, outcome, durationMs);
          lastAttempts.attempted(lease, outcome);
        },
      }),
      ledger,
      clock,
      owner,
      concurrency: config.delivery.concurrency,
    });
    closing.push(
      () => worker?.stop(),
      retention({ ...shared, retentionMs: config.ledger.retentionMs, changesMs: config.changes.retention }),
    );
    closing.push(
      () => targetTests.stop(),
      () => drills.stop(),
      () => reachability.stop(),
      () => stream.stop(),
    );
    void targetTests.endAbandoned();
    void drills.endOverdue();
    reachability.start();
    readers.start();
    selfWatch.start();
    const loaded = discoveries.start(async () => {
      await configReloader.applyDiscoveredTargets();
      reconciler.targetsChanged();
    });
    const address = await listen(app, config.server.listen, "server.listen");
    guard.listening(address.port);
    const probesAddress = probes && probesAt && (await listen(probes, probesAt, "server.probes.listen"));
    const shownProbes = probesAddress && { probes: formatAddress(probesAddress) };
    const listening = { address: formatAddress(address), ...shownProbes, ledger: ledgerPlace, version };
    log.info({ event: "listening", ...listening }, "listening");
    void loaded.finally(() => {
      readiness.loaded();
      configReloader.targetsLoaded();
      reconciler.start();
      rollouts.start();
      void callbacks.start();
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
