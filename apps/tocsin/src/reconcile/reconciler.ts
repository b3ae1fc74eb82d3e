import type { Clock, Ledger, OnResolve } from "@tocsin/core";
import type { Callback } from "../callbacks/callback.ts";
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
  readonly targets: Pick<TargetRegistry, "entries" | "find" | "restClientOf">;
  /** The callbacks of the configuration in use. */
  readonly callbacks: () => readonly Pick<Callback, "type" | "targets" | "onResolve">[];
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
  #started = false;
  #watching = false;

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

  /** Watches for outages from now on, if a target has a token. The targets are known now. */
  start(): void {
    this.#started = true;
    this.targetsChanged();
  }

  /** Targets were replaced: begins to watch with the first token. Does nothing before `start`. */
  targetsChanged(): void {
    if (!this.#started || this.#watching || this.#stopped.signal.aborted || this.comparable.length === 0) return;
    this.#watching = true;
    this.#cancel = this.#o.clock.after(0, () => void this.#note());
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
        const onResolve = this.#onResolveOf(target);
        const how = { ledger, clock, rest, target, openThere, apply, onResolve, signal, wake };
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
    }
  }

  /** What follows a person's resolve: the callback that reports about the target decides, as if it had reported this one. */
  #onResolveOf(target: string): OnResolve {
    const { targets, callbacks } = this.#o;
    const isAbout = (written: string) => (targets.find(written)?.name ?? written) === target;
    const covers = callbacks().find((one) => one.type === "pagerduty" && one.targets.some(isAbout));
    return covers?.onResolve ?? "reopen";
  }

  /** Notes that this process is alive. If none did for a while, or a comparison is unfinished, compares and repairs. */
  async #note(): Promise<void> {
    const { clock, ledger } = this.#o;
    if (this.comparable.length === 0) {
      this.#watching = false;
      return;
    }
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
