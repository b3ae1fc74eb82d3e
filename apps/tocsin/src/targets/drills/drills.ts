import { randomBytes } from "node:crypto";
import { type Alert, type Clock, type Ledger, LedgerUnavailable, type Severity } from "@tocsin/core";
import type { CredentialVault } from "../../ledger/credential-vault.ts";
import type { ResolvedTarget } from "../resolved-target.ts";
import { nameOfTestable } from "../tests/test-refused.ts";
import { drillAlert, drillOf, drillPrefix, endOf } from "./drill-alert.ts";

export interface DrillsOptions {
  readonly ledger: Pick<Ledger, "record" | "alert" | "firing">;
  readonly vault: Pick<CredentialVault, "identity">;
  readonly clock: Clock;
  readonly wake: () => void;
}

/** Next look at the drills after the ledger was unavailable. */
const retryMs = 60_000;

/** Starts and ends fire drills at one target. A drill that its caller does not end, ends by itself, also after a restart. */
export class Drills {
  readonly #o: DrillsOptions;

  #cancel = (): void => {};
  #isStopped = false;

  constructor(options: DrillsOptions) {
    this.#o = options;
  }

  /** Fires the alert of a drill, and returns its fingerprint once it is durable. @throws TestRefused, LedgerUnavailable */
  async start(entry: ResolvedTarget, severity: Severity, forMs: number): Promise<string> {
    const target = nameOfTestable(entry);
    const { vault, clock } = this.#o;
    const nowMs = clock.now();
    const times = { nowMs, endsAtMs: nowMs + forMs };
    const alert = drillAlert({ target, severity }, { nonce: randomBytes(9).toString("hex"), vault, ...times });
    const { summary = "" } = alert.annotations;
    await this.#record(alert, "firing", [{ target, dedupKey: alert.fingerprint, severity, summary }]);
    void this.endOverdue();
    return alert.fingerprint;
  }

  /** Ends a drill. Returns false if there is no such drill at this target. @throws LedgerUnavailable */
  async end(target: string, fingerprint: string): Promise<boolean> {
    const view = await this.#o.ledger.alert(fingerprint);
    if (view === undefined || drillOf(view.alert, this.#o.vault)?.target !== target) return false;
    if (view.status === "firing") await this.#record(view.alert, "resolved", []);
    return true;
  }

  /** Ends the drills whose time is over, and comes back when the next one's is. Without drills it does not come back. */
  async endOverdue(): Promise<void> {
    if (this.#isStopped) return;
    const { ledger, vault, clock } = this.#o;
    this.#cancel();
    let nextMs = Infinity;
    try {
      for (const alert of await ledger.firing({ prefix: drillPrefix, limit: 100 })) {
        const drill = drillOf(alert, vault);
        if (drill === undefined) continue;
        if (endOf(alert) <= clock.now()) await this.end(drill.target, alert.fingerprint);
        else nextMs = Math.min(nextMs, endOf(alert) - clock.now());
      }
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) throw error;
      nextMs = retryMs;
    }
    if (nextMs === Infinity || this.#isStopped) return;
    // Another look may have set its own timer meanwhile.
    this.#cancel();
    this.#cancel = clock.after(nextMs, () => void this.endOverdue());
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  async #record(
    alert: Alert,
    status: "firing" | "resolved",
    routes: Parameters<Ledger["record"]>[0][number]["routes"],
  ): Promise<void> {
    const endsAtMs = this.#o.clock.now();
    const claim = { alert, status, source: "tocsin-drill", ...(status === "resolved" && { endsAtMs }) };
    const recorded = this.#o.ledger.record([{ claim, routes }]);
    // In the same tick as the record, so that the lease and the record share a commit.
    this.#o.wake();
    await recorded;
  }
}
