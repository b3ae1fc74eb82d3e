import { type Clock, type FiringAlert, type Ledger, type Target } from "@tocsin/core";
import { ConfigError } from "./config-error.ts";
import type { Config } from "./config.ts";
import { needsRestart } from "./needs-restart.ts";
import { shortSecrets } from "./short-secrets.ts";
import { type CertificateExpiry, certificateWarnings } from "./certificates.ts";
import { serverExpiries, type ServerTls } from "./server-tls.ts";
import type { Discoveries } from "../targets/discovery/discoveries.ts";
import type { TargetGuard } from "../targets/discovery/target-guard.ts";
import { Auth } from "../http/auth.ts";
import { noChangeSources, type OpenChangeSources, openChangeSources } from "../changes/sources/open-change-sources.ts";
import type { CallbackReceiver } from "../callbacks/callback-receiver.ts";
import type { Classifications } from "../classification/classifications.ts";
import { SenderAddresses } from "../http/sender-address.ts";
import type { SessionCookies } from "../http/session-cookies.ts";
import type { Reloaded } from "../http/endpoints/operations.ts";
import { readerExpiries, secretsIn } from "../ingest/readers/reader-settings.ts";
import { Signatures } from "../ingest/signatures.ts";
import { coveredBy } from "../callbacks/covered-by.ts";
import { secretsOfHeartbeat } from "../heartbeats/outgoing-settings.ts";
import type { Rollouts } from "../changes/rollouts/rollouts.ts";
import type { Readers } from "../ingest/readers/readers.ts";
import type { SelfWatch } from "../health/self-watch.ts";
import { reroute } from "../targets/reroute.ts";
import { secretsOfTarget } from "./secrets-of-target.ts";
import { targetCertificateExpiries } from "../targets/target-certificates.ts";
import { TargetLog } from "../targets/target-log.ts";
import { configuredErrors, targetWarnings } from "../targets/target-warnings.ts";
import type { TargetRegistry } from "../targets/registry.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Scrubber } from "../telemetry/scrubber.ts";
import { configTargets, type TargetSet } from "../targets/target-definition.ts";

export interface ConfigReloaderOptions {
  readonly config: Config;
  readonly reread: () => Config;
  readonly ledger: Pick<Ledger, "useTargets" | "firing" | "reroute">;
  readonly targets: TargetRegistry;
  readonly guard: TargetGuard;
  /** Finds targets in other places than the configuration file. */
  readonly discoveries: Pick<Discoveries, "sets" | "configure">;
  readonly metrics: Metrics;
  readonly scrubber: Scrubber;
  readonly log: Logger;
  readonly clock: Clock;
  readonly wake: () => void;
  readonly readers: Pick<Readers, "use">;
  readonly selfWatch: Pick<SelfWatch, "use">;
  readonly classifications: Pick<Classifications, "use" | "termsOf">;
  readonly rollouts: Pick<Rollouts, "use">;
  /** Signs and checks the sessions of people. */
  readonly sessionCookies: SessionCookies;
  readonly callbacks: Pick<CallbackReceiver, "use">;
  /** Uses the certificates of the API for new connections. */
  readonly useTls: (tls: ServerTls | undefined) => void;
}

/**
 * Applies the parts of the configuration that can change while the service runs: targets, tokens, certificates, the log level. A
 * configuration that cannot be read changes nothing. One with invalid targets is applied without these, and the reload still
 * counts as failed.
 */
export class ConfigReloader {
  readonly #o: ConfigReloaderOptions;
  readonly #targetLog: TargetLog;
  /** How alerts are classified changed since the last complete reroute of all firing alerts. */
  #reclassified = false;
  #current: Config;
  /** The targets of the current configuration: the same objects until the file is read again. */
  #written: TargetSet;
  #auth: Auth;
  #senders: SenderAddresses;
  #signatures: Signatures;
  #changeSources = noChangeSources;
  /** Reloads run one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  #rerouting: Promise<void> = Promise.resolve();
  /** Counts changes of the targets, so that an outdated reroute stops. */
  #changes = 0;
  /** Targets that were added or removed since the last complete reroute of all firing alerts. */
  #unrouted = new Set<Target>();
  /** The certificates of the API, the sources and the targets in use. */
  #certificates: readonly CertificateExpiry[] = [];
  #reloadFailed = false;
  /** The first discovery has ended: from now on a missing target is really missing. */
  #targetsLoaded = false;

  constructor(options: ConfigReloaderOptions) {
    this.#o = options;
    this.#targetLog = new TargetLog(options.log);
    this.#current = options.config;
    this.#written = writtenIn(options.config);
    this.#senders = new SenderAddresses(options.config.server.trustedProxies);
    this.#auth = this.#authOf(options.config.server);
    this.#signatures = new Signatures(options.config.signatures, options.clock);
  }

  get current(): Config {
    return this.#current;
  }

  get auth(): Auth {
    return this.#auth;
  }

  get senders(): SenderAddresses {
    return this.#senders;
  }

  get signatures(): Signatures {
    return this.#signatures;
  }

  get changeSources(): OpenChangeSources {
    return this.#changeSources;
  }

  /** Loads the configuration for the first time. */
  async start(): Promise<void> {
    await this.#apply(this.#current);
    this.#o.metrics.reloaded(configuredErrors(this.#o.targets.entries).length === 0, this.#o.clock.now());
  }

  /** Reports that the first load of discovered targets has ended. */
  targetsLoaded(): void {
    this.#targetsLoaded = true;
    this.#targetLog.logNoTarget(this.#o.targets.entries);
  }

  /** Returns problems that do not keep the service from accepting alerts. */
  targetWarnings(): string[] {
    return this.#targetsLoaded ? targetWarnings(this.#o.targets.entries) : [];
  }

  /** Returns a warning if the configuration in use differs from the file. */
  reloadWarnings(): string[] {
    if (!this.#reloadFailed) return [];
    const check = `tocsin config check${this.#current.file === undefined ? "" : ` --config ${this.#current.file}`}`;
    return [`the last reload of the configuration failed or was incomplete: see \`${check}\``];
  }

  /** The certificates in the configuration and in targets. */
  get certificates(): readonly CertificateExpiry[] {
    return this.#certificates;
  }

  /** Returns a warning for each certificate in the configuration that is not valid now. */
  certificateWarnings(): string[] {
    return certificateWarnings(this.#certificates, this.#o.clock.now());
  }

  reload(): Promise<Reloaded> {
    const reloading = this.#last.then(() => this.#reload());
    this.#last = reloading.catch(() => undefined);
    return reloading;
  }

  /** Uses the targets that are discovered now. @throws LedgerUnavailable */
  applyDiscoveredTargets(): Promise<void> {
    const retargeting = this.#last.then(() => this.#useTargets(this.#written, this.#current));
    this.#last = retargeting.catch(() => undefined);
    return retargeting;
  }

  async stop(): Promise<void> {
    this.#changes++;
    await this.#last;
    await this.#rerouting;
  }

  async #reload(): Promise<Reloaded> {
    const { log, targets } = this.#o;
    try {
      const next = this.#o.reread();
      await this.#apply(next);
      const restart = needsRestart(this.#o.config, next);
      const issues = configuredErrors(targets.entries);
      this.#reloaded(issues.length === 0);
      const { file } = next;
      if (issues.length === 0) log.info({ event: "config_reloaded", file, needsRestart: restart }, "Config reloaded");
      else {
        log.error(
          { event: "config_reload_incomplete", file, issues, needsRestart: restart },
          "Config reload incomplete: invalid targets were not applied, everything else was. Fix the issues and reload",
        );
      }
      if (restart.length > 0)
        log.warn({ event: "restart_needed", keys: restart }, `Restart to apply the change of ${restart.join(", ")}`);
      return { outcome: "applied", issues, needsRestart: restart };
    } catch (error) {
      this.#reloaded(false);
      const kept = "Config reload failed: keeping the previous configuration";
      if (!(error instanceof ConfigError)) {
        log.error({ event: "config_reload_failed", err: error }, kept);
        throw error;
      }
      log.error({ event: "config_reload_failed", issues: error.issues }, kept);
      const issues = error.issues.map(({ path, message }) => ({ path, message }));
      return { outcome: "kept", issues, needsRestart: [] };
    }
  }

  #reloaded(successful: boolean): void {
    this.#reloadFailed = !successful;
    this.#o.metrics.reloaded(successful, this.#o.clock.now());
  }

  async #apply(next: Config): Promise<void> {
    const { scrubber, guard, discoveries, log, readers, selfWatch } = this.#o;
    scrubber.learn(next.server.tokens.map(({ value }) => value));
    scrubber.learn(next.ledger.keys.map((key) => key.toString("base64")));
    if (next.ledger.kind === "postgres") scrubber.learn([next.ledger.server.password ?? ""]);
    scrubber.learn(next.server.tls === undefined ? [] : [next.server.tls.key]);
    scrubber.learn(next.readers.flatMap(secretsIn));
    scrubber.learn(next.telemetry.traces?.secrets ?? []);
    scrubber.learn(next.signatures.map(({ secret }) => secret.reveal()));
    if (next.heartbeat !== undefined) scrubber.learn(secretsOfHeartbeat(next.heartbeat));
    scrubber.learn(next.changeSources.flatMap(({ secrets }) => secrets.map((secret) => secret.reveal())));
    scrubber.learn(next.callbacks.flatMap(({ secrets }) => secrets.map((secret) => secret.reveal())));
    scrubber.learn([next.classification?.llm?.apiKey?.reveal() ?? ""]);
    const changeSources = await openChangeSources(next.changeSources);
    for (const setting of shortSecrets(next))
      log.warn({ event: "short_secret", setting }, "Secret is too short to be removed from logs that repeat it");
    const written = writtenIn(next);
    const rediscovery = await discoveries.configure(next.discovery);
    guard.configure(next);
    try {
      await this.#useTargets(written, next);
    } catch (error) {
      guard.configure(this.#current);
      await rediscovery.undo();
      throw error;
    }
    await rediscovery.keep();
    await this.#useClassification(next);
    readers.use(next.readers);
    await selfWatch.use(next);
    await this.#o.callbacks.use(next.callbacks);
    this.#o.rollouts.use(next.changes.kubernetes);
    this.#o.useTls(next.server.tls);
    this.#current = next;
    this.#written = written;
    this.#senders = new SenderAddresses(next.server.trustedProxies);
    this.#auth = this.#authOf(next.server);
    this.#signatures = new Signatures(next.signatures, this.#o.clock);
    this.#changeSources = changeSources;
    log.level = next.telemetry.logs.level;
  }

  /** The address and the base path stay those of the start. */
  #authOf(server: Config["server"]): Auth {
    const { sessionCookies: cookies, clock, config } = this.#o;
    const { listen, basePath } = config.server;
    return new Auth({ ...server, listen }, { cookies, clock, senders: this.#senders, basePath });
  }

  async #useTargets(written: TargetSet, config: Config): Promise<void> {
    const { scrubber, targets, ledger, discoveries, metrics, wake } = this.#o;
    const { fallbackAcrossNamespaces = false } = config.discovery.kubernetes ?? {};
    const prepared = targets.prepare([written, ...discoveries.sets()], {
      fallbackAcrossNamespaces,
      confirmed: coveredBy(config.callbacks),
      classification: config.classification ?? "none",
    });
    scrubber.learn(prepared.entries.flatMap(({ target }) => (target ? secretsOfTarget(target) : [])));
    // The ledger comes first: if it fails, nothing has changed.
    await ledger.useTargets(prepared.terms);
    const changed = targets.use(prepared);
    // A changed credential ends a block, and incidents that were not sent yet move to it.
    wake();
    this.#useCertificates(config);
    metrics.useTargets(prepared.entries.map(({ name, target }) => ({ name, type: target?.type })));
    this.#targetLog.logProblems(prepared.entries);
    if (this.#targetsLoaded) this.#targetLog.logNoTarget(targets.entries);
    for (const target of changed) this.#unrouted.add(target);
    this.#reroute();
  }

  /** The targets are in use already: their new verdicts count with the next routing. */
  async #useClassification({ classification }: Config): Promise<void> {
    if (!(await this.#o.classifications.use(classification))) return;
    this.#reclassified = true;
    this.#reroute();
  }

  #useCertificates({ server, readers }: Config): void {
    const { metrics, targets } = this.#o;
    this.#certificates = [
      ...serverExpiries(server.tls),
      ...readers.flatMap(readerExpiries),
      ...targets.entries.flatMap(({ target }) => (target ? targetCertificateExpiries(target) : [])),
    ];
    metrics.useCertificates(this.#certificates);
  }

  #reroute(): void {
    const { ledger, targets, clock, wake, log, classifications } = this.#o;
    const change = ++this.#changes;
    const outdated = () => this.#changes !== change;
    const changed = [...this.#unrouted];
    // If most targets changed, checking first whether each alert is affected would cost more.
    const few = changed.length < targets.entries.length / 2;
    // A verdict may send an alert to a target whose filters its label does not pass.
    const concerns =
      few && !this.#reclassified
        ? (alert: FiringAlert) => alert.classification !== undefined || targets.concerns(alert, changed)
        : () => true;
    const routesOf = (alert: FiringAlert) =>
      targets.routesOf(alert, classifications.termsOf(alert, alert.classification));
    const rerouting = this.#rerouting;
    const run = async () => {
      await rerouting;
      try {
        const complete = await reroute({ ledger, clock, wake, outdated, concerns, routesOf });
        if (!complete) return;
        for (const target of changed) this.#unrouted.delete(target);
        this.#reclassified = false;
      } catch (error) {
        log.error(
          { event: "reroute_bug", err: error, reason: "bug" },
          "Rerouting the firing alerts failed because of a bug: targets that changed may miss alerts that fire already",
        );
      }
    };
    this.#rerouting = run();
  }
}

const writtenIn = ({ targets = [], readSecret }: Config): TargetSet => configTargets(targets, readSecret);
