import type { Change, Clock, Ledger, RecordedChange, Route } from "@tocsin/core";
import type { Readiness } from "../health/readiness.ts";
import { unavailable } from "../http/problem.ts";
import type { Metrics } from "../telemetry/metrics.ts";

/** Options of `AcceptChanges`. */
export interface AcceptOptions {
  /**
   * Full names of the targets that receive the changes, whatever their filters say. Their `enabled`, `mode` and `changes` still
   * apply.
   * @default the targets whose filters the changes pass
   */
  readonly targets?: readonly string[];
}

/**
 * Accepts valid changes: routes, records and counts them, and wakes the worker. Resolves after the commit, with one result per
 * change, in order. The HTTP endpoint, the change sources and the watcher of rollouts use it.
 *
 * @throws LedgerUnavailable if the ledger cannot commit; nothing was recorded
 * @throws Problem 503 if the service is stopping
 */
export type AcceptChanges = (changes: readonly Change[], options?: AcceptOptions) => Promise<readonly RecordedChange[]>;

/** The parts of the running service that accept changes. */
export interface ChangeIntake {
  readonly ledger: Pick<Ledger, "recordChanges">;
  readonly clock: Pick<Clock, "monotonic">;
  readonly metrics: Pick<Metrics, "changesReceived" | "committed">;
  readonly readiness: Pick<Readiness, "stopping">;
  /** The targets that receive a change. Pure. */
  readonly routesOfChange: (change: Change, targets?: readonly string[]) => readonly Route[];
  /** Wakes the worker: there may be due work. */
  readonly wake: () => void;
}

export const acceptChanges =
  ({ ledger, clock, metrics, readiness, routesOfChange, wake }: ChangeIntake): AcceptChanges =>
  async (changes, { targets } = {}) => {
    if (readiness.stopping) throw unavailable("the service is stopping");
    if (changes.length === 0) return [];
    const sinceMs = clock.monotonic();
    const recording = ledger.recordChanges(
      changes.map((change) => ({ change, routes: routesOfChange(change, targets) })),
    );
    // In the same tick, so that the worker's lease shares the commit that records.
    wake();
    const recorded = await recording;
    metrics.committed(clock.monotonic() - sinceMs);
    for (const { origin, effect } of recorded) metrics.changesReceived(origin, effect, 1);
    return recorded;
  };
