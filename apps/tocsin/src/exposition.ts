import type { Ledger } from "@tocsin/core";

import { stateOf } from "./read-targets.ts";
import type { Targets } from "./targets.ts";
import type { Metrics } from "./telemetry/metrics.ts";

/** The text that Prometheus scrapes. What the ledger counts is asked for at this time; it may not answer, the rest does. */
export async function exposition({
  ledger,
  targets,
  metrics,
}: {
  readonly ledger: Pick<Ledger, "stats" | "standing">;
  readonly targets: Pick<Targets, "entries" | "publishers">;
  readonly metrics: Metrics;
}): Promise<{ readonly contentType: string; readonly text: string }> {
  const snapshot = await Promise.all([ledger.stats(), ledger.standing()]).then(
    ([stats, standing]) => ({ stats, standing }),
    () => undefined,
  );
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
