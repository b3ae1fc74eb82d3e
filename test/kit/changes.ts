import { type Change, changeFingerprint, type RoutedChange } from "@tocsin/core/decisions";
import { epochMs } from "./claims.ts";

/** A deployment of the service `shop`, an hour before the test. */
export const changeOf = (id: string, more: Partial<Change> = {}): Change => ({
  id,
  origin: "ci",
  summary: `deployed ${id}`,
  source: "shop",
  timestampMs: epochMs - 3_600_000,
  labels: { service: "shop" },
  links: [],
  ...more,
});

/** A change, and the routes to these targets. */
export const routedChange = (change: Change, ...targets: readonly string[]): RoutedChange => ({
  change,
  routes: targets.map((target) => ({
    target,
    kind: "change",
    dedupKey: changeFingerprint(change),
    severity: "info",
    summary: change.summary,
  })),
});
