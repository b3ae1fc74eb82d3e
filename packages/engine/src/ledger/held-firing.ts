import type { Route } from "@tocsin/core/decisions";
import type { AlertRecord } from "./store.ts";

/** Whether a firing of the alert is held, which counts when its hold ends. */
export const hasHeldFiring = ({ claims }: Pick<AlertRecord, "claims">): boolean =>
  Object.values(claims).some(({ status, heldUntilMs }) => status === "resolved" && heldUntilMs !== undefined);

/** A held change event goes only to targets that it was routed to when it was received. */
export const routesOfHeld = (before: AlertRecord, routes: readonly Route[]): readonly Route[] =>
  routes.filter(
    ({ kind, target }) => kind !== "change" || before.routes.some((received) => received.target === target),
  );
