import {
  type ArrivedVerdict,
  type Classification,
  currentClassification,
  isAwaited,
  type VerdictEffect,
} from "@tocsin/core/decisions";
import { applyRoutes } from "./apply-routes.ts";
import { confirmation } from "./confirm-incident.ts";
import { hasHeldFiring, routesOfHeld } from "./held-firing.ts";
import type { LedgerContext } from "./ledger-context.ts";
import { upToDate } from "./record-claims.ts";

/**
 * A verdict about an alert arrived, or the news that there will be none. If its episode still waits for it, the alert is routed anew,
 * and its incidents that waited are due now, or rest as noise. Otherwise it is only kept.
 */
export function applyVerdict(context: LedgerContext, arrived: ArrivedVerdict): VerdictEffect {
  const { store, nowMs } = context;
  const { fingerprint, atMs, result, routes, suppressedAt = [] } = arrived;
  const before = upToDate(context, store.alert(fingerprint));
  const stored = before?.classification;
  const isHeld = before !== undefined && hasHeldFiring(before);
  if (!before || stored?.atMs !== atMs || (before.status !== "firing" && !isHeld)) return "over";
  if (!isAwaited(stored, nowMs)) {
    const classification = withUnused(currentClassification(stored, nowMs), arrived.result);
    store.putAlert(before, { ...before, classification });
    return "unused";
  }
  const classified = { ...before, classification: { atMs, ...result } };
  const incidents =
    before.status === "firing"
      ? applyRoutes(context, classified, routes, { ...confirmation, arrived: { suppressedAt } }).incidents
      : before.incidents;
  const held = isHeld && { routes: routesOfHeld(before, routes) };
  store.putAlert(before, { ...classified, ...held, incidents });
  return "used";
}

const withUnused = (stored: Classification, result: ArrivedVerdict["result"]): Classification =>
  "absent" in result || stored.verdict !== undefined ? stored : { ...stored, unused: result.verdict };
