import { type FiringAlert, type ReroutedAlert, routesAlike } from "@tocsin/core/decisions";
import { applyRoutes } from "./apply-routes.ts";
import { hasHeldFiring, routesOfHeld } from "./held-firing.ts";
import type { LedgerContext } from "./ledger-context.ts";
import { firingAlert } from "./store.ts";

/**
 * Routes an alert again after the targets changed. A held firing keeps the new routes until it counts. Returns the alert if it got
 * another verdict since the caller read it: then these routes have no effect.
 */
export function reroute(
  context: LedgerContext,
  { fingerprint, routes, classification }: ReroutedAlert,
): FiringAlert | undefined {
  const before = context.store.alert(fingerprint);
  if (!before) return undefined;
  if (classification !== undefined && !routesAlike(classification.verdict, before.classification?.verdict))
    return firingAlert(before, context.nowMs);
  let { incidents } = before;
  // A target gets no change events from before it existed.
  const lasting = routes.filter(({ kind }) => kind !== "change");
  if (before.status === "firing") incidents = applyRoutes(context, before, lasting).incidents;
  const held = hasHeldFiring(before) ? { routes: routesOfHeld(before, routes) } : undefined;
  if (held || incidents !== before.incidents) context.store.putAlert(before, { ...before, ...held, incidents });
  return undefined;
}
