import type { Clock, Ledger } from "@tocsin/core";
import type { TargetRegistry } from "../targets/registry.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { OpenThere, ReconcileOptions, TargetReport } from "./reconcile-target.ts";

/** After a longer time without a process that could write to the ledger, incidents are compared with their receivers. */
export const outageMs = 5 * 60_000;

/** How often a process notes that it is alive, and how often an unfinished comparison after an outage is tried again. */
const noteEveryMs = 60_000;

/** One comparison of all targets with a token, or of one of them. */
export interface Reconciliation {
  readonly running: boolean;
  readonly apply: boolean;
  readonly startedAtMs: number;
  readonly endedAtMs?: number;
  /** Targets to compare. The reports of the first ones may be there while it runs. */
  readonly targets: readonly string[];
  readonly reports: readonly TargetReport[];
}

export interface ReconcilerOptions {
  readonly ledger: ReconcileOptions["ledger"] & Pick<Ledger, "getValue" | "putValue">;
  readonly targets: Pick<TargetRegistry, "entries" | "restClientOf">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly wake: () => void;
}

const valueName = "reconcile";

/** What the ledger keeps. */
interface Kept {
  /** When a process last noted that it is alive. Wall clock, ms. */
  readonly aliveAtMs: number;
  /** A comparison after an outage is not finished. */
  readonly pending: boolean;
}

/**
 * Compares our incidents with those of receivers whose API can be read (`rest_token`): on request, and by itself after an outage. One
 * comparison runs at a time. It is stopped with the process; after an outage the next process begins it again.
 */
export class Reconciler {
  readonly #o: ReconcilerOptions;
  readonly #stopped = new AbortController();
  #last: Reconciliation | undefined;
  #running: Promise<void> | undefined;
  #cancel = (): void => {};
  #refused = false;

  constructor(options: ReconcilerOptions) {
    this.#o = options;
  }

  /** Undefined: none was made since the start. */
  get last(): Reconciliation | undefined {
    return this.#last;
  }

  /** The targets that can be compared. */
  get comparable(): readonly string[] {
    return this.#o.targets.entries.flatMap(({ name, target }) =>
      target?.restToken !== undefined && target.enabled && target.mode === "live" ? [name] : [],
    );
  }

  /** Watches for outages from now on, if a target has a token. */
  start(): void {
    if (this.comparable.length > 0) this.#cancel = this.#o.clock.after(0, () => void this.#note());
  }

  async stop(): Promise<void> {
    this.#cancel();
    this.#stopped.abort();
    await this.#running;
  }

  /** Begins a comparison of these targets. False: one runs already. */
  begin(apply: boolean, targets: readonly string[]): boolean {
    if (this.#running !== undefined || this.#stopped.signal.aborted) return false;
    const startedAtMs = this.#o.clock.now();
    this.#last = { running: true, apply, startedAtMs, targets, reports: [] };
    this.#running = this.#compare(apply, targets, startedAtMs)
      .catch((error: unknown) =>
        this.#o.log.error({ event: "reconcile_failed", err: error }, "Comparing with receivers failed"),
      )
      .finally(() => {
        this.#running = undefined;
        if (this.#last) this.#last = { ...this.#last, running: false, endedAtMs: this.#o.clock.now() };
      });
    return true;
  }

  async #compare(apply: boolean, targets: readonly string[], startedAtMs: number): Promise<void> {
    const { clock, ledger, log, wake } = this.#o;
    const { LookUpFailed, readOpenThere, reconcileTarget } = await import("./reconcile-target.ts");
    const { signal } = this.#stopped;
    const reports: TargetReport[] = [];
    const lists = new Map<object, OpenThere>();
    this.#refused = false;
    for (const target of targets) {
      const rest = this.#o.targets.restClientOf(target);
      if (rest === undefined) continue;
      try {
        const openThere = lists.get(rest) ?? (await readOpenThere({ rest, clock, signal }));
        lists.set(rest, openThere);
        const how = { ledger, clock, rest, target, openThere, apply, onResolve: "reopen" as const, signal };
        reports.push(await reconcileTarget(how));
      } catch (error) {
        if (!(error instanceof LookUpFailed)) throw error;
        this.#refused ||= error.isRefused;
        reports.push({ target, openThere: 0, open: 0, differences: [], incomplete: error.message });
      }
      this.#last = { running: true, apply, startedAtMs, targets, reports: [...reports] };
      const { incomplete, differences } = reports.at(-1)!;
      const repaired = differences.filter(({ repair }) => repair === "sent" || repair === "held").length;
      const fields = { target, apply, differences: differences.length, repaired };
      if (incomplete !== undefined)
        log.warn({ event: "reconcile_incomplete", error: incomplete, ...fields }, "The receiver could not be compared");
      else log.info({ event: "reconciled", ...fields }, "The receiver was compared with the ledger");
      if (repaired > 0) wake();
    }
  }

  /** Notes that this process is alive. If none did for a while, or a comparison is unfinished, compares and repairs. */
  async #note(): Promise<void> {
    const { clock, ledger } = this.#o;
    try {
      const text = await ledger.getValue(valueName);
      const kept = text === undefined ? undefined : (JSON.parse(text) as Kept);
      const nowMs = clock.now();
      const pending = kept !== undefined && (kept.pending || nowMs - kept.aliveAtMs > outageMs);
      await this.#keep({ aliveAtMs: nowMs, pending });
      if (pending && this.begin(true, this.comparable)) void this.#running?.then(() => this.#finish());
    } catch {
      // The ledger cannot commit. The next note finds out for how long.
    }
    if (!this.#stopped.signal.aborted) this.#cancel = clock.after(noteEveryMs, () => void this.#note());
  }

  /** A refused token stays refused until a person replaces it. All other failures are tried again. */
  async #finish(): Promise<void> {
    if (this.#stopped.signal.aborted) return;
    const reports = this.#last?.reports ?? [];
    const isDone = reports.every(({ incomplete }) => incomplete === undefined) || this.#refused;
    if (isDone) await this.#keep({ aliveAtMs: this.#o.clock.now(), pending: false }).catch(() => {});
  }

  #keep(kept: Kept): Promise<void> {
    return this.#o.ledger.putValue(valueName, JSON.stringify(kept));
  }
}
