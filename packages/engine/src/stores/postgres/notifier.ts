import type { LeaseBatch } from "@tocsin/core/decisions";
import { watchedUntilMs } from "../../ledger/ledger-core.ts";
import type { UnitOfWork } from "./unit-of-work.ts";
import type { Call } from "./prefetch.ts";
import type { Step } from "./session.ts";
import { encodeChangedIds } from "./changed-ids.ts";

/** The channels on which replicas notify each other: work is due (for workers), incidents changed (for watchers). */
export const channels = { due: "tocsin_due", changed: "tocsin_changed" } as const;

/** Between two notifications. A replica that was woken looks for work itself, and notifies the others if it leaves some. */
const minIntervalMs = 20;

/** Operations that can create work for other replicas, or make room for it. */
const moving: ReadonlySet<string> = new Set([
  "record",
  "recordChanges",
  "reroute",
  "applyVerdicts",
  "useTargets",
  "settle",
  "replay",
  "resolve",
  "acknowledge",
  "storeReceiverEvents",
  "applyReceiverEvent",
  "repairIncident",
  "release",
]);

/** Builds the notifications that a transaction sends to all replicas with its commit. */
export class Notifier {
  #moved = false;
  #saidAtMs = Number.NEGATIVE_INFINITY;

  readonly after = (calls: readonly Call[], answers: readonly unknown[], unit: UnitOfWork, nowMs: number): Step[] => [
    ...this.#due(calls, answers, unit, nowMs),
    ...changed(unit, nowMs),
  ];

  /**
   * Notifies that incidents are due which this replica does not take. It does so once for all of them, and only after an
   * operation that changed something, so that incidents that wait for a limiter do not wake the replicas again and again.
   */
  #due(calls: readonly Call[], answers: readonly unknown[], unit: UnitOfWork, nowMs: number): Step[] {
    let claimed = false;
    for (const [index, [operation]] of calls.entries()) {
      if (moving.has(operation)) this.#moved = true;
      if (operation !== "leaseDue") continue;
      claimed = true;
      if ((answers[index] as LeaseBatch).leases.length > 0) this.#moved = true;
    }
    const released = calls.some(([operation]) => operation === "release");
    if (!released && (!claimed || !this.#moved || nowMs - this.#saidAtMs < minIntervalMs)) return [];
    if (!released && !unit.lanes().some(({ nextDueAtMs }) => nextDueAtMs <= nowMs)) {
      this.#moved = false;
      return [];
    }
    this.#moved = false;
    this.#saidAtMs = nowMs;
    return [{ sql: `SELECT pg_notify('${channels.due}', '')` }];
  }
}

/** Notifies which incidents changed, while any replica watches. */
function changed(unit: UnitOfWork, nowMs: number): Step[] {
  const { incidentsPut } = unit;
  if (incidentsPut.size === 0 || watchedUntilMs(unit) <= nowMs) return [];
  return [{ sql: `SELECT pg_notify('${channels.changed}', $1)`, values: [encodeChangedIds([...incidentsPut.keys()])] }];
}
