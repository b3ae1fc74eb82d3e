import type { Clock, Ledger, Target } from "@tocsin/core";

import { ConfigError } from "./config/config-error.ts";
import type { Config } from "./config/config.ts";
import { needsRestart } from "./config/needs-restart.ts";
import { Gate } from "./http/gate.ts";
import type { Reloaded } from "./http/operations.ts";
import { rerouteFiring } from "./rerouting.ts";
import type { Targets } from "./targets.ts";
import type { Logger } from "./telemetry/logger.ts";
import type { Metrics } from "./telemetry/metrics.ts";
import type { Scrubber } from "./telemetry/scrubber.ts";
import { configTargets } from "./written-target.ts";

export interface SettingsOptions {
  readonly config: Config;
  readonly reread: () => Config;
  readonly ledger: Pick<Ledger, "useTargets" | "firing" | "reroute">;
  readonly targets: Targets;
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
  #gate: Gate;
  /** Reloads come one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  #rerouting: Promise<void> = Promise.resolve();
  /** Counts changes of the targets, so that an outdated rerouting ends. */
  #changes = 0;

  constructor(options: SettingsOptions) {
    this.#o = options;
    this.#current = options.config;
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
    const { scrubber, targets, ledger, metrics, log } = this.#o;
    scrubber.learn(next.server.tokens.map(({ value }) => value));
    scrubber.learn(next.ledger.keys.map((key) => key.toString("base64")));
    const prepared = targets.prepare([configTargets(next.targets ?? [], next.readSecret)]);
    scrubber.learn(prepared.entries.flatMap(({ target }) => (target ? secretsOf(target) : [])));
    // The ledger first: were it to fail, nothing has changed.
    await ledger.useTargets(prepared.terms);
    targets.use(prepared);
    this.#current = next;
    this.#gate = new Gate(next.server.tokens, next.server.publicUrl);
    log.level = next.telemetry.logs.level;
    for (const { name, place, errors, warnings, target, inForce } of prepared.entries) {
      if (target?.type === "pagerduty") metrics.expect(name);
      if (errors.length > 0) log.error({ target: name, place, errors, inForce }, "a target is invalid");
      if (warnings.length > 0) log.warn({ target: name, place, warnings }, "a target may not work as meant");
    }
    this.#reroute();
  }

  #reroute(): void {
    const { ledger, targets, clock, wake, log } = this.#o;
    const change = ++this.#changes;
    const outdated = () => this.#changes !== change;
    this.#rerouting = this.#rerouting
      .then(() => rerouteFiring({ ledger, clock, wake, outdated, routesOf: (alert) => targets.routesOf(alert) }))
      .catch((error: unknown) => log.error({ err: error, reason: "bug" }, "what fires was not routed anew"));
  }
}

/** Any header of a target may be a credential. */
const secretsOf = ({ credential, headers }: Target): string[] => [
  ...(credential ? [credential.reveal()] : []),
  ...Object.values(headers).map((value) => value.reveal()),
];
