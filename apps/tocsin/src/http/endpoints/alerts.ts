import { heldBackBody } from "./incidents.ts";
import type { Clock, Explanation, Ledger } from "@tocsin/core";
import type { FastifyRequest } from "fastify";
import { type Explained, hadNoTarget, wasReceived } from "../../explain/explain.ts";
import type { Explainer } from "../../explain/explainer.ts";
import { withWarnings } from "../with-warnings.ts";
import { alertSearchOf, searchAlerts } from "./alert-search.ts";
import { type Endpoint, queryOf } from "../endpoint.ts";
import { isoTime } from "../iso-time.ts";
import { badRequest } from "../problem.ts";

export interface Alerts {
  readonly ledger: Pick<Ledger, "explain" | "alerts">;
  readonly explainer: Pick<Explainer, "summary">;
  readonly clock: Clock;
  /** Says why the targets in use may differ from what is written, so that a target may be missing in the list. */
  readonly outdatedWarnings: () => readonly string[];
}

export function alertEndpoints({ ledger, explainer, clock, outdatedWarnings }: Alerts): Endpoint[] {
  return [
    {
      method: "GET",
      path: "/api/v1/alerts",
      role: "read",
      does: "lists alerts with their state at each target: ?matcher= &received=none (no target received it) &limit= &cursor=",
      async answer(request) {
        const unreceived = asksForUnreceived(request);
        const page = await searchAlerts(alertSearchOf(request), { ledger, clock }, async ({ fingerprint }) => {
          const explanation = await ledger.explain(fingerprint);
          if (explanation === undefined || (unreceived && wasReceived(explanation))) return undefined;
          return alertBody(explanation, explainer.summary(explanation));
        });
        return withWarnings(page, outdatedWarnings());
      },
    },
  ];
}

function asksForUnreceived(request: FastifyRequest): boolean {
  const received = queryOf(request, "received");
  if (received !== undefined && received !== "none") throw badRequest({ path: "received", message: 'expected "none"' });
  return received === "none";
}

export function alertBody({ alert: { alert, status, confirmedAtMs } }: Explanation, targets: readonly Explained[]) {
  return {
    fingerprint: alert.fingerprint,
    labels: alert.labels,
    status,
    ...(hadNoTarget(targets) && { reason: "no_target" as const }),
    startsAt: isoTime(alert.startsAtMs),
    confirmedAt: isoTime(confirmedAtMs),
    targets: targets.map(({ target, state, reason, heldBack }) => ({
      target,
      state,
      reason,
      ...heldBackBody(heldBack),
    })),
  };
}
