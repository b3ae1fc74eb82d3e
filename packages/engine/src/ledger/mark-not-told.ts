import { type Incident, withoutWait } from "@tocsin/core/decisions";
import type { LedgerContext } from "./ledger-context.ts";

/**
 * No target wants the incident any more. It was not delivered, so it will not be, and no resolve is needed. `suppressed`: a verdict
 * is why.
 */
export function markNotTold(context: LedgerContext, incident: Incident, suppressed = false): Incident {
  const target = context.target(incident.target);
  const reason = !target
    ? "no_target"
    : !target.terms.enabled
      ? "target_disabled"
      : incident.kind === "change"
        ? "no_changes"
        : suppressed
          ? "suppressed_noise"
          : "filtered";
  context.note(incident.id, reason);
  const resting: Incident = {
    ...withoutWait(incident),
    state: "not_told",
    reason,
    dueAtMs: null,
    dueSinceMs: null,
    fallbackAtMs: null,
  };
  return context.put(incident, { ...resting, updatedAtMs: context.nowMs });
}

/** Not delivered and not to be delivered. An incident that a shadow target "accepted" is treated as a delivered one. */
export const restsNotTold = (incident: Incident): boolean => incident.state === "not_told" && incident.told === null;
