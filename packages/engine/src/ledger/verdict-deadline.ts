import { type Incident, type Route, withoutWait } from "@tocsin/core/decisions";
import type { LedgerContext } from "./ledger-context.ts";
import { restsNotTold } from "./mark-not-told.ts";
import type { AlertRecord } from "./store.ts";

/**
 * Until when an incident that this alert opens waits for the verdict of its episode. Counted from the beginning of the episode, so
 * that nothing can make it longer: no repeat, no new routing, no change of targets. Undefined: it does not wait.
 */
export function verdictDeadlineMs(
  { nowMs }: Pick<LedgerContext, "nowMs">,
  { classification }: Pick<AlertRecord, "classification">,
  { waitMs }: Pick<Route, "waitMs">,
): number | undefined {
  if (waitMs === undefined || classification?.untilMs === undefined) return undefined;
  const untilMs = Math.min(classification.atMs + waitMs, classification.untilMs);
  return untilMs > nowMs ? untilMs : undefined;
}

/**
 * An incident that this firing alert confirms or joins, with its wait for a verdict. One that was delivered, or is due, never begins
 * to wait. An alert that joins cannot make the wait longer; if it does not wait itself, the wait is over. `arrived`: its verdict did.
 */
export function withWait(
  context: LedgerContext,
  incident: Incident,
  { alert, route, arrived }: { readonly alert: AlertRecord; readonly route: Route; readonly arrived: boolean },
): Incident {
  if (restsNotTold(incident)) {
    const untilMs = verdictDeadlineMs(context, alert, route);
    return untilMs === undefined ? incident : { ...incident, verdictUntilMs: untilMs };
  }
  if (incident.verdictUntilMs === undefined) return incident;
  if (arrived) return withoutWait(incident);
  const isMember = incident.members.some(
    ({ fingerprint, status }) => fingerprint === alert.fingerprint && status === "firing",
  );
  if (isMember) return incident;
  const untilMs = verdictDeadlineMs(context, alert, route);
  if (untilMs === undefined) return withoutWait(incident);
  return untilMs < incident.verdictUntilMs ? { ...incident, verdictUntilMs: untilMs } : incident;
}
