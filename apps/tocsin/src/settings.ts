import type { Alert, Clock, Ledger, Target } from "@tocsin/core";

import { ConfigError } from "./config/config-error.ts";
import type { Config } from "./config/config.ts";
import { needsRestart } from "./config/needs-restart.ts";
import { Gate } from "./http/gate.ts";
import type { Reloaded } from "./http/operations.ts";
import { rerouteFiring } from "./rerouting.ts";
import type { TargetEntry } from "./target-entry.ts";
import type { Targets } from "./targets.ts";
import type { Logger } from "./telemetry/logger.ts";
import type { Metrics } from "./telemetry/metrics.ts";
import type { Scrubber } from "./telemetry/scrubber.ts";
import { configTargets, type TargetSet } from "./written-target.ts";

export interface SettingsOptions {
  readonly config: Config;
  readonly reread: () => Config;
  readonly ledger: Pick<Ledger, "useTargets" | "firing" | "reroute">;
  readonly targets: Targets;
  /** Targets from elsewhere than the configuration, as they are now. */
  readonly discovered: () => readonly TargetSet[];
  readonly metrics: Metrics;
  readonly scrubber: Scrubber;
  readonly log: Logger;
  readonly clock: Clock;
  readonly wake: () => void;
}

/** What can change while the service runs: targets, tokens, the log's level. A reload that fails changes nothing. */
export class Settings {
  readonly #o: SettingsOptions;
  #current: Config;
  /** Its targets: the same objects until it is read anew. */
  #written: TargetSet;
  #gate: Gate;
  /** Reloads come one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  #rerouting: Promise<void> = Promise.resolve();
  /** Counts changes of the targets, so that an outdated rerouting ends. */
  #changes = 0;
  /** Targets that came or went since all that fires was last routed to its end. */
  #unrouted = new Set<Target>();
  /** What was said of each target, so that it is said once. */
  #said = new Map<string, string>();

  constructor(options: SettingsOptions) {
    this.#o = options;
    this.#current = options.config;
    this.#written = writtenIn(options.config);
    this.#gate = new Gate(options.config.server.tokens, options.config.server.publicUrl);
  }

  get current(): Config {
    return this.#current;
  }

  get gate(): Gate {
    return this.#gate;
  }

  /** The first load. */
  async start(): Promise<void> {
    await this.#apply(this.#current);
    this.#o.metrics.reloaded(true, this.#o.clock.now());
  }

  reload(): Promise<Reloaded> {
    const reloading = this.#last.then(() => this.#reload());
    this.#last = reloading.catch(() => undefined);
    return reloading;
  }

  /** Takes the targets that are discovered now. @throws LedgerUnavailable */
  retarget(): Promise<void> {
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
    const { metrics, log, clock } = this.#o;
    try {
      const next = this.#o.reread();
      await this.#apply(next);
      const restart = needsRestart(this.#o.config, next);
      metrics.reloaded(true, clock.now());
      log.info({ file: next.file, needsRestart: restart }, "the configuration was read anew");
      return { issues: [], needsRestart: restart };
    } catch (error) {
      metrics.reloaded(false, clock.now());
      if (!(error instanceof ConfigError)) {
        log.error({ err: error }, "the configuration could not be read anew; the old one stays in force");
        throw error;
      }
      log.error({ issues: error.issues }, "the configuration is wrong; the old one stays in force");
      return { issues: error.issues.map(({ path, message }) => ({ path, message })), needsRestart: [] };
    }
  }

  async #apply(next: Config): Promise<void> {
    const { scrubber, log } = this.#o;
    scrubber.learn(next.server.tokens.map(({ value }) => value));
    scrubber.learn(next.ledger.keys.map((key) => key.toString("base64")));
    if (next.ledger.kind === "postgres") scrubber.learn([next.ledger.server.password ?? ""]);
    const written = writtenIn(next);
    await this.#useTargets(written, next);
    this.#current = next;
    this.#written = written;
    this.#gate = new Gate(next.server.tokens, next.server.publicUrl);
    log.level = next.telemetry.logs.level;
  }

  async #useTargets(written: TargetSet, { discovery }: Config): Promise<void> {
    const { scrubber, targets, ledger, discovered } = this.#o;
    const { fallbackAcrossNamespaces = false } = discovery.kubernetes ?? {};
    const prepared = targets.prepare([written, ...discovered()], { fallbackAcrossNamespaces });
    scrubber.learn(prepared.entries.flatMap(({ target }) => (target ? secretsOf(target) : [])));
    // The ledger first: were it to fail, nothing has changed.
    await ledger.useTargets(prepared.terms);
    const changed = targets.use(prepared);
    this.#report(prepared.entries);
    for (const target of changed) this.#unrouted.add(target);
    this.#reroute();
  }

  #report(entries: readonly TargetEntry[]): void {
    const { metrics, log } = this.#o;
    metrics.expect(entries.flatMap(({ name, target }) => (target?.type === "pagerduty" ? [name] : [])));
    const before = this.#said;
    this.#said = new Map();
    for (const { name, place, errors, warnings, inForce } of entries) {
      const words = JSON.stringify([errors, warnings, inForce]);
      this.#said.set(name, words);
      if (before.get(name) === words) continue;
      if (errors.length > 0) log.error({ target: name, place, errors, inForce }, "a target is invalid");
      if (warnings.length > 0) log.warn({ target: name, place, warnings }, "a target may not work as meant");
    }
  }

  #reroute(): void {
    const { ledger, targets, clock, wake, log } = this.#o;
    const change = ++this.#changes;
    const outdated = () => this.#changes !== change;
    const changed = [...this.#unrouted];
    // Where most changed, asking first whether an alert is concerned would be the dearer way.
    const few = changed.length < targets.entries.length / 2;
    const concerns = few ? (alert: Alert) => targets.concerns(alert, changed) : () => true;
    const routesOf = (alert: Alert) => targets.routesOf(alert);
    const rerouting = this.#rerouting;
    const reroute = async () => {
      await rerouting;
      try {
        const complete = await rerouteFiring({ ledger, clock, wake, outdated, concerns, routesOf });
        if (complete) for (const target of changed) this.#unrouted.delete(target);
      } catch (error) {
        log.error({ err: error, reason: "bug" }, "what fires was not routed anew");
      }
    };
    this.#rerouting = reroute();
  }
}

const writtenIn = ({ targets = [], readSecret }: Config): TargetSet => configTargets(targets, readSecret);

/** Any header of a target may be a credential. */
const secretsOf = ({ credential, headers, signingSecrets = [] }: Target): string[] => [
  ...(credential ? [credential.reveal()] : []),
  ...signingSecrets.map((secret) => secret.reveal()),
  ...Object.values(headers).map((value) => value.reveal()),
];
