import type { Alert, Clock, Ledger, Route } from "@tocsin/core";
import { isWatchdog } from "../heartbeats/watchdog.ts";
import { type Addressing, addressedPrefix } from "../targets/addressed-alert.ts";
import { LogThrottle } from "../telemetry/log-throttle.ts";
import type { Logger } from "../telemetry/logger.ts";
import { conditionLabel, isCanary, isOwnAlert, ownSource } from "./own-alert.ts";

export interface OwnAlertsOptions {
  readonly ledger: Pick<Ledger, "record" | "alert" | "firing">;
  /** Returns the routes of an alert with the present targets. */
  readonly routesOf: (alert: Alert) => readonly Route[];
  /** Returns the full name of a target. Undefined: there is none. */
  readonly nameOf: (target: string) => string | undefined;
  /** The target that receives the canary. @default there is no canary */
  readonly canaryTarget?: () => string | undefined;
  readonly wake: () => void;
  readonly log: Logger;
  readonly clock: Clock;
}

/** A claim of one replica, which ends by itself if the replica does not repeat it. Absent: all replicas share one claim. */
export interface ReplicaClaim {
  readonly sender: string;
  readonly endsAtMs: number;
}

const pageSize = 500;

/**
 * Fires and ends alerts about Tocsin itself and about silent sources. They take the way of every other alert, except that each
 * goes to the targets that its condition names, whatever their filters.
 */
export class OwnAlerts {
  readonly #o: OwnAlertsOptions;
  /** The targets of each own alert that this process fired. Others are sent to no further target. */
  readonly #recipients = new Map<string, readonly string[]>();
  readonly #throttle: LogThrottle;

  constructor(options: OwnAlertsOptions) {
    this.#o = options;
    this.#throttle = new LogThrottle(options.clock, { everyMs: 10 * 60_000 });
  }

  /** Returns where an alert of Tocsin itself goes. Undefined: it is an ordinary alert. */
  addressingOf({ fingerprint }: Pick<Alert, "fingerprint">): Addressing | undefined {
    if (isWatchdog(fingerprint))
      return { targets: [], severity: "info", why: "is the heartbeat of its source: it is recorded and never sent" };
    if (!isOwnAlert(fingerprint)) return undefined;
    if (isCanary(fingerprint)) {
      const configured = this.#o.canaryTarget?.();
      const target = configured === undefined ? undefined : this.#o.nameOf(configured);
      return {
        targets: target === undefined ? [] : [target],
        severity: "critical",
        why: "is Tocsin's canary, which only `canary.target` receives",
      };
    }
    const targets = this.#recipients.get(fingerprint) ?? [];
    return {
      targets,
      severity: "critical",
      why: "is an alert of Tocsin itself, and the configuration names other targets for it",
    };
  }

  /** Fires, or repeats that it fires. Resolves when that is durable. @throws LedgerUnavailable */
  async fire(alert: Alert, targets: readonly string[], claim?: ReplicaClaim): Promise<void> {
    const { ledger, routesOf, nameOf, wake } = this.#o;
    this.#recipients.set(
      alert.fingerprint,
      targets.flatMap((name) => nameOf(name) ?? []),
    );
    const routes = routesOf(alert);
    if (routes.length === 0) this.#reportUnsent(alert);
    const recording = ledger.record([{ claim: { alert, status: "firing", source: ownSource, ...claim }, routes }]);
    wake();
    await recording;
  }

  #reportUnsent({ fingerprint, labels, annotations }: Alert): void {
    const passed = this.#throttle.pass(fingerprint);
    if (passed === undefined) return;
    const { summary } = annotations;
    this.#o.log.fatal(
      { event: "own_alert_unsent", condition: labels[conditionLabel], summary, ...passed },
      "An alert about Tocsin itself reaches no target: none of its targets can receive it",
    );
  }

  /**
   * Ends a claim of an alert that fires. A claim of one replica ends only for that replica. Returns whether the alert is over.
   *
   * @throws LedgerUnavailable
   */
  async end(fingerprint: string, claim: { readonly endsAtMs: number; readonly sender?: string }): Promise<boolean> {
    const { ledger, wake } = this.#o;
    const view = await ledger.alert(fingerprint);
    if (view?.status !== "firing") return true;
    const recording = ledger.record([
      { claim: { alert: view.alert, status: "resolved", source: ownSource, ...claim }, routes: [] },
    ]);
    wake();
    await recording;
    const isOver = (await ledger.alert(fingerprint))?.status !== "firing";
    if (isOver) this.#recipients.delete(fingerprint);
    return isOver;
  }

  /** Ends the alerts that no configuration names any more, such as that of a source that is not expected now. */
  async endUnknown(isKnown: (fingerprint: string) => boolean, nowMs: number): Promise<void> {
    const firing = await this.#o.ledger.firing({ prefix: addressedPrefix, limit: pageSize });
    for (const { fingerprint } of firing) {
      if (!isOwnAlert(fingerprint) || isKnown(fingerprint)) continue;
      await this.endAllClaims(fingerprint, nowMs);
    }
  }

  /** Ends an alert, whoever claims that it fires. Returns whether it is over. @throws LedgerUnavailable */
  async endAllClaims(fingerprint: string, nowMs: number): Promise<boolean> {
    let isOver = true;
    for (const { status, sender } of (await this.#o.ledger.alert(fingerprint))?.claims ?? [])
      if (status === "firing")
        isOver = await this.end(fingerprint, { endsAtMs: nowMs, ...(sender !== undefined && { sender }) });
    return isOver;
  }
}
