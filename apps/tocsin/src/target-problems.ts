import type { Issue } from "@tocsin/core";

import { stateOf, type TargetEntry } from "./target-entry.ts";

/** Whether a firing alert can be sent there: a version of it is in use, it is on, and it really sends. */
export const canReceive = ({ target }: Pick<TargetEntry, "target">): boolean =>
  target !== undefined && target.enabled && target.mode !== "shadow";

/** Says that no target can receive alerts, and why. Undefined: at least one can. */
export function noTargetCanReceive(entries: readonly TargetEntry[]): string | undefined {
  if (entries.some(canReceive)) return undefined;
  const states = Map.groupBy(entries, (entry) => stateOf(entry));
  const counts = Array.from(states, ([state, some]) => `${some.length} ${state}`).toSorted();
  return `no target can receive alerts (${counts.length === 0 ? "none is configured" : counts.join(", ")})`;
}

/** What an operator should know of the targets even while the service is ready. Counts only: probes are open to everybody. */
export function targetWarnings(entries: readonly TargetEntry[]): string[] {
  const none = noTargetCanReceive(entries);
  if (none !== undefined) return [`${none}: alerts are recorded but not sent`];
  const invalid = entries.filter(({ errors }) => errors.length > 0).length;
  return invalid === 0 ? [] : [`${invalid} of ${entries.length} targets ${invalid === 1 ? "is" : "are"} invalid`];
}

/** Errors of the targets that the configuration file lists. */
export const configuredErrors = (entries: readonly TargetEntry[]): Issue[] =>
  entries.flatMap(({ source, errors }) => (source === "config" ? errors : []));
