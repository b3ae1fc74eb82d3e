import type { Canary, CanaryOptions } from "../canary/canary.ts";
import type { Config } from "../config/config.ts";
import type { OutgoingHeartbeat, OutgoingHeartbeatOptions } from "../heartbeats/outgoing-heartbeat.ts";
import type { DirectPageOptions } from "../own-alerts/direct-page.ts";
import { isCanary, isSelfAlert } from "../own-alerts/own-alert.ts";
import type { OwnAlerts } from "../own-alerts/own-alerts.ts";
import type { SelfAlerts, SelfAlertsOptions } from "../own-alerts/self-alerts.ts";
import type { Discoveries, DiscoveryView } from "../targets/discovery/discoveries.ts";
import type { CanaryFailure, Failing } from "./health-views.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Readiness } from "./readiness.ts";
import type { Heartbeats, HeartbeatsOptions } from "../heartbeats/heartbeats.ts";

const retryMs = 5_000;

/** A place of targets that is stale for longer stops the outgoing heartbeat. */
const maxStaleMs = 5 * 60_000;

export interface SelfWatchOptions
  extends Omit<HeartbeatsOptions, "listens" | "ledger">, Omit<OutgoingHeartbeatOptions, "unwell"> {
  readonly discoveries: Pick<Discoveries, "views">;
  readonly ledger: HeartbeatsOptions["ledger"] & DirectPageOptions["ledger"] & CanaryOptions["ledger"];
  readonly metrics: Metrics;
  readonly ownAlerts: OwnAlerts;
  /** The parts of the self-alerts that are needed only if they are configured. */
  readonly selfAlerts: Omit<SelfAlertsOptions, keyof HeartbeatsOptions | "directPage" | "ownAlerts">;
  readonly directPage: Omit<DirectPageOptions, keyof HeartbeatsOptions>;
  readonly canary: Pick<CanaryOptions, "find" | "proofAt" | "lookUp">;
  readonly readiness: Pick<Readiness, "isLoaded" | "stopping" | "ledgerFailure">;
}

/** The parts that watch sources and Tocsin itself. Their code is loaded only if the configuration uses them. */
export class SelfWatch {
  readonly #o: SelfWatchOptions;
  #heartbeats: Heartbeats | undefined;
  #outgoing: OutgoingHeartbeat | undefined;
  #selfAlerts: SelfAlerts | undefined;
  #canary: Canary | undefined;
  #heartbeat: Config["heartbeat"];
  #started = false;
  #cancel = (): void => {};

  constructor(options: SelfWatchOptions) {
    this.#o = options;
  }

  /** Undefined: no source is expected to send regularly. */
  get heartbeats(): Heartbeats | undefined {
    return this.#heartbeats;
  }

  /** Why the outgoing heartbeat fails. Undefined: it does not. */
  get failingHeartbeat(): Failing | undefined {
    return this.#outgoing?.failing;
  }

  /** The failure of the last round of the canary. Undefined: it succeeded, or there is none. */
  get canaryFailure(): CanaryFailure | undefined {
    return this.#canary?.failure;
  }

  /** By how much the event loop was late when it was last measured, ms. It is measured only for self-alerts. */
  get loopLagMs(): number {
    return this.#selfAlerts?.loopLagMs ?? 0;
  }

  async use({
    expectations,
    heartbeat,
    selfAlerts,
    canary,
  }: Pick<Config, "expectations" | "heartbeat" | "selfAlerts" | "canary">): Promise<void> {
    if (this.#heartbeats === undefined && expectations.length > 0) {
      const { Heartbeats } = await import("../heartbeats/heartbeats.ts");
      this.#heartbeats = new Heartbeats({ ...this.#o, listens: () => this.#listens() });
      if (this.#started) this.#heartbeats.start();
    }
    this.#heartbeats?.use(expectations);
    if (this.#outgoing === undefined && heartbeat !== undefined) {
      const { OutgoingHeartbeat } = await import("../heartbeats/outgoing-heartbeat.ts");
      this.#outgoing = new OutgoingHeartbeat({ ...this.#o, unwell: () => this.#unwell() });
    }
    this.#heartbeat = heartbeat;
    if (this.#started) this.#outgoing?.use(heartbeat);
    await this.#useSelfAlerts(selfAlerts);
    await this.#useCanary(canary);
    if (this.#started) this.#endUnknown();
  }

  async #useSelfAlerts(settings: Config["selfAlerts"]): Promise<void> {
    if (settings === undefined) {
      await this.#selfAlerts?.stop();
      this.#selfAlerts = undefined;
      return;
    }
    if (this.#selfAlerts === undefined) {
      const { openSelfAlerts } = await import("../own-alerts/open-self-alerts.ts");
      const { selfAlerts, directPage } = this.#o;
      this.#selfAlerts = openSelfAlerts(settings, { ...this.#o, ...selfAlerts, ...directPage });
      if (this.#started) this.#selfAlerts.start();
    } else this.#selfAlerts.use(settings);
  }

  async #useCanary(settings: Config["canary"]): Promise<void> {
    if (settings === undefined) {
      await this.#canary?.stop();
      this.#canary = undefined;
      return;
    }
    if (this.#canary === undefined) {
      const { Canary } = await import("../canary/canary.ts");
      this.#canary = new Canary(settings, { ...this.#o, ...this.#o.canary, metrics: this.#o.metrics.confirmation });
      if (this.#started) this.#canary.start();
    } else this.#canary.use(settings);
  }

  /** Ends own alerts that the configuration no longer names, such as those of a source that is not expected any more. */
  #endUnknown(): void {
    const { ownAlerts, clock } = this.#o;
    this.#cancel();
    const isKnown = (fingerprint: string) => {
      if (isSelfAlert(fingerprint)) return this.#selfAlerts !== undefined;
      // A canary that goes on ends the rounds of earlier lives itself.
      if (isCanary(fingerprint)) return this.#canary !== undefined;
      return this.#heartbeats?.isExpected(fingerprint) === true;
    };
    ownAlerts.endUnknown(isKnown, clock.now()).catch(() => {
      this.#cancel = clock.after(retryMs, () => this.#endUnknown());
    });
  }

  /** Whether this process is able to record requests. */
  #listens(): boolean {
    const { isLoaded, stopping, ledgerFailure } = this.#o.readiness;
    return isLoaded && !stopping && ledgerFailure === undefined;
  }

  /** Why a dead man's switch should notice this process. Undefined: it works. */
  #unwell(): string | undefined {
    const { readiness, discoveries, clock } = this.#o;
    if (readiness.ledgerFailure !== undefined) return "the ledger does not commit";
    if (!readiness.isLoaded) return "targets are not loaded yet";
    const staleMs = ({ staleSinceMs }: DiscoveryView) => (staleSinceMs === null ? 0 : clock.now() - staleSinceMs);
    const isStale = discoveries.views.some((view) => staleMs(view) > maxStaleMs);
    return isStale ? "changes of targets are not seen for more than five minutes" : undefined;
  }

  start(): void {
    this.#started = true;
    this.#heartbeats?.start();
    this.#outgoing?.use(this.#heartbeat);
    this.#selfAlerts?.start();
    this.#canary?.start();
    this.#endUnknown();
  }

  async stop(): Promise<void> {
    this.#cancel();
    this.#outgoing?.stop();
    await this.#selfAlerts?.stop();
    await this.#canary?.stop();
    await this.#heartbeats?.stop();
  }
}
