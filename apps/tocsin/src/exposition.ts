import type { Clock, Ledger } from "@tocsin/core";

import { stateOf } from "./target-entry.ts";
import type { Targets } from "./targets.ts";
import type { Metrics, Snapshot } from "./telemetry/metrics.ts";

/** The ledger has so long to count; Prometheus waits 10 s for everything. */
const longestMs = 3_000;

/** The text that Prometheus scrapes. What the ledger counts is asked for at this time; it may not answer, the rest does. */
export async function exposition({
  ledger,
  targets,
  metrics,
  clock,
}: {
  readonly ledger: Pick<Ledger, "stats" | "standing">;
  readonly targets: Pick<Targets, "entries" | "publishers">;
  readonly metrics: Metrics;
  readonly clock: Clock;
}): Promise<{ readonly contentType: string; readonly text: string }> {
  const snapshot = await within(longestMs, clock, snapshotOf(ledger));
  metrics.counted(snapshot);
  const blocked = new Map(snapshot?.standing.map((one) => [one.target, one.blocked]));
  const counts = Map.groupBy(targets.entries, (entry) => `${entry.source}\0${stateOf(entry, blocked.get(entry.name))}`);
  metrics.targets(
    Array.from(counts, ([key, entries]) => {
      const [source = "", state = ""] = key.split("\0");
      return { source, state, count: entries.length };
    }),
  );
  metrics.cached(targets.publishers);
  return { contentType: metrics.registry.contentType, text: await metrics.registry.metrics() };
}

async function snapshotOf(ledger: Pick<Ledger, "stats" | "standing">): Promise<Snapshot | undefined> {
  try {
    const [stats, standing] = await Promise.all([ledger.stats(), ledger.standing()]);
    return { stats, standing };
  } catch {
    // Readiness and the log say why.
    return undefined;
  }
}

/** Undefined where it takes longer. */
async function within<T>(limitMs: number, clock: Clock, promise: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const cancel = clock.after(limitMs, () => late.resolve(undefined));
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    cancel();
  }
}
