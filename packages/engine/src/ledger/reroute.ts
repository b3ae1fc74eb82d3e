import type { Route } from "@tocsin/core/decisions";
import { applyRoutes } from "./apply-routes.ts";
import type { LedgerContext } from "./ledger-context.ts";
import type { AlertRecord } from "./store.ts";

/** Routes an alert again after the targets changed. A held firing keeps the new routes until it counts. */
export function reroute(context: LedgerContext, fingerprint: string, routes: readonly Route[]): void {
  const before = context.store.alert(fingerprint);
  if (!before) return;
  let { incidents } = before;
  // A target gets no change events from before it existed.
  const lasting = routes.filter(({ kind }) => kind !== "change");
  if (before.status === "firing") incidents = applyRoutes(context, before, lasting).incidents;
  const held = hasHeldFiring(before) ? { routes: routesOfHeld(before, routes) } : undefined;
  if (held || incidents !== before.incidents) context.store.putAlert(before, { ...before, ...held, incidents });
}

const hasHeldFiring = ({ claims }: AlertRecord): boolean =>
  Object.values(claims).some(({ status, heldUntilMs }) => status === "resolved" && heldUntilMs !== undefined);

/** A held change event goes only to targets that it was routed to when it was received. */
const routesOfHeld = (before: AlertRecord, routes: readonly Route[]): readonly Route[] =>
  routes.filter(
    ({ kind, target }) => kind !== "change" || before.routes.some((received) => received.target === target),
  );
