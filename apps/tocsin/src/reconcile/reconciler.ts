import { type Clock, type Ledger, LedgerUnavailable, type OnResolve } from "@tocsin/core";
import type { Callback } from "../callbacks/callback.ts";
import { parsedValue } from "../heartbeats/learn-heard.ts";
import type { TargetRegistry } from "../targets/registry.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { OpenThere, ReconcileOptions, TargetReport } from "./reconcile-target.ts";

/** After a longer time without a process that could write to the ledger, incidents are compared with their receivers. */
const outageMs = 5 * 60_000;

/** How often a process notes that it is alive. */
const noteEveryMs = 60_000;

/** An unfinished comparison after an outage is tried again after the first wait, then after twice the wait before, up to the longest. */
const firstRetryMs = 60_000;
const longestRetryMs = 3_600_000;

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

const failedText =
  "The comparison with receivers stopped before its end. After an outage Tocsin tries it again; repeat a requested one with `tocsin reconcile`";

const unreachedReport = (target: string): TargetReport => ({
  target,
  openThere: 0,
  open: 0,
  differences: [],
  incomplete: "the comparison stopped before the end of this target; the log line reconcile_failed has the error",
});

const incompleteText =
  "The receiver was not compared completely; the differences that were found count, and the field error says why";

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
  /** True: it reached the end, and a comparison of the same targets now would find no more. */
  #running: Promise<boolean> | undefined;
  #cancel = (): void => {};
  /** Wait after the last unfinished comparison after an outage, and when it is over on the monotonic clock. 0: none was unfinished. */
  #retryMs = 0;
  #retryAtMs = 0;
  /** The last note failed because of a bug. */
  #noteFailed = false;
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
      .catch((error: unknown) => {
        this.#o.log.error({ event: "reconcile_failed", err: error }, failedText);
        const reports = this.#last?.reports ?? [];
        const unreached = targets.filter((name) => !reports.some(({ target }) => target === name));
        if (this.#last) this.#last = { ...this.#last, reports: [...reports, ...unreached.map(unreachedReport)] };
        return false;
      })
      .finally(() => {
        this.#running = undefined;
        if (this.#last) this.#last = { ...this.#last, running: false, endedAtMs: this.#o.clock.now() };
      });
    return true;
  }

  /** False: a target must be compared again. Throws: not every target was reached. */
  async #compare(apply: boolean, targets: readonly string[], startedAtMs: number): Promise<boolean> {
    const { clock, ledger, log, wake } = this.#o;
    const { LookUpFailed, lookUpFailure, readOpenThere, reconcileTarget } = await import("./reconcile-target.ts");
    const { signal } = this.#stopped;
    const reports: TargetReport[] = [];
    const lists = new Map<object, OpenThere>();
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
        reports.push({ target, openThere: 0, open: 0, differences: [], ...lookUpFailure(error) });
      }
      this.#last = { running: true, apply, startedAtMs, targets, reports: [...reports] };
      const { incomplete, differences } = reports.at(-1)!;
      const repaired = differences.filter(({ repair }) => repair === "sent" || repair === "held").length;
      const fields = { target, apply, differences: differences.length, repaired };
      if (incomplete !== undefined)
        log.warn({ event: "reconcile_incomplete", error: incomplete, ...fields }, incompleteText);
      else log.info({ event: "reconciled", ...fields }, "The receiver was compared with the ledger");
    }
    return reports.every(({ incomplete, permanent }) => incomplete === undefined || permanent === true);
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
      const kept = (parsedValue(await ledger.getValue(valueName)) ?? undefined) as Kept | undefined;
      const nowMs = clock.now();
      const wasOut = kept !== undefined && nowMs - kept.aliveAtMs > outageMs;
      const pending = wasOut || kept?.pending === true;
      await this.#keep({ aliveAtMs: nowMs, pending });
      if (wasOut || !pending) this.#retryMs = 0;
      const isDue = this.#retryMs === 0 || clock.monotonic() >= this.#retryAtMs;
      if (pending && isDue && this.begin(true, this.comparable))
        void this.#running?.then((isDone) => this.#finish(isDone));
      this.#noteFailed = false;
    } catch (error) {
      this.#noteUnkept(error);
    }
    if (!this.#stopped.signal.aborted) this.#cancel = clock.after(noteEveryMs, () => void this.#note());
  }

  /** After a comparison that an outage made necessary. */
  async #finish(isDone: boolean): Promise<void> {
    if (this.#stopped.signal.aborted) return;
    if (!isDone) {
      this.#retryMs = Math.min(Math.max(this.#retryMs * 2, firstRetryMs), longestRetryMs);
      this.#retryAtMs = this.#o.clock.monotonic() + this.#retryMs;
      return;
    }
    this.#retryMs = 0;
    await this.#keep({ aliveAtMs: this.#o.clock.now(), pending: false }).catch((error: unknown) =>
      this.#noteUnkept(error),
    );
  }

  /** If the ledger cannot commit, the next note finds out for how long. Any other error is a bug, logged until a note succeeds. */
  #noteUnkept(error: unknown): void {
    if (error instanceof LedgerUnavailable || this.#noteFailed) return;
    this.#noteFailed = true;
    const text = "Watching for outages failed; it is tried again every minute";
    this.#o.log.error({ event: "reconcile_failed", err: error }, text);
  }

  #keep(kept: Kept): Promise<void> {
    return this.#o.ledger.putValue(valueName, JSON.stringify(kept));
  }
}
