import { type Alert, type Change, type Clock, type Lease, LedgerUnavailable, type Outcome } from "@tocsin/core";
import type { WorkerObserver } from "@tocsin/engine";
import type { Notify } from "./notification.ts";
import { ownRefusals } from "./own-refusals.ts";
import type { TargetRegistry } from "../targets/registry.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { StateLog } from "../telemetry/state-log.ts";
import type { Publish, Tracing } from "../telemetry/tracing.ts";

export interface DeliverOptions {
  readonly targets: TargetRegistry;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly stateLog: Pick<StateLog, "attempted">;
  readonly clock: Clock;
  readonly notify: Notify;
  /** Undefined: nothing is traced. */
  readonly tracing: Pick<Tracing, "traced"> | undefined;
  /** Finds the changes that a page lists if its target has `include_changes`. Never rejects, and takes at most half a second. */
  readonly relatedChanges: (alert: Alert, spanMs: number) => Promise<readonly Change[] | undefined>;
  /** Called after each attempt, except those of shadows. */
  readonly onAttempt: (lease: Lease, outcome: Outcome, durationMs: number) => void;
}

/** Builds the worker's two callbacks: `publish` makes an attempt, `observe` records its result in metrics and logs. */
export function deliver({
  targets,
  metrics,
  log,
  stateLog,
  clock,
  notify,
  tracing,
  relatedChanges,
  onAttempt,
}: DeliverOptions): {
  readonly publish: Publish;
  readonly observe: WorkerObserver;
} {
  const waitingSinceMs = new Map<string, number>();
  const publish: Publish = async (lease, signal) => {
    const sinceMs = waitingSinceMs.get(lease.target);
    if (sinceMs !== undefined) {
      waitingSinceMs.delete(lease.target);
      metrics.waited(lease.target, clock.monotonic() - sinceMs);
    }
    if (targets.isRefused(lease.target)) return { outcome: ownRefusals.refusedTarget };
    const found = targets.publisherForLease(lease);
    if (found === undefined) return { outcome: ownRefusals.lostKey };
    // A message that is updated shows the changes in each of its versions.
    const spanMs =
      lease.action === "trigger" || lease.receipt !== undefined ? targets.includeChangesMs(lease.target) : 0;
    const alert = spanMs > 0 ? notify(lease).alert : undefined;
    const notification = notify(lease, alert && (await relatedChanges(alert, spanMs)));
    // A shadow does everything except send.
    if (lease.shadow) return { outcome: { kind: "accepted", receipt: "shadow" } };
    const outcome = await found.publisher.publish(notification, signal);
    if (lease.action === "check") return { outcome, rendered: found.publisher.render(notify(refusedEvent(lease))) };
    return outcome.kind === "accepted" ? { outcome } : { outcome, rendered: found.publisher.render(notification) };
  };
  return {
    publish: tracing === undefined ? publish : tracing.traced(publish),
    observe: {
      attempted(lease, outcome, durationMs) {
        if (lease.shadow) return;
        metrics.attempted(lease, targets.typeOf(lease), outcome, durationMs);
        onAttempt(lease, outcome, durationMs);
        stateLog.attempted(lease, outcome);
      },
      told(lease, waitedMs) {
        if (!lease.shadow) metrics.told(lease, waitedMs);
      },
      limited(target) {
        waitingSinceMs.set(target, clock.monotonic());
        metrics.limited(targets.publisherFor(target)?.type);
      },
      failed(error) {
        // The ledger itself reports that it is unavailable.
        if (error instanceof LedgerUnavailable) return;
        log.error(
          { event: "worker_bug", err: error, reason: "bug" },
          "Bug in the worker: it continues with the next work",
        );
      },
    },
  };
}

/** Returns the event that the receiver refused before we checked whether it knows the key. */
const refusedEvent = (lease: Lease): Lease => ({
  ...lease,
  action: lease.endedAtMs === undefined ? "trigger" : "resolve",
});
