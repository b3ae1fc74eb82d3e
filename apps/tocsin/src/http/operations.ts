import type { Issue, Ledger } from "@tocsin/core";

import type { Endpoint } from "./endpoint.ts";
import { iso } from "./page.ts";
import { reloadFailed } from "./problem.ts";

export interface Reloaded {
  /** What is wrong with it; then the old configuration stays in force. */
  readonly issues: readonly Issue[];
  /** Keys that were changed but take effect at the next start. */
  readonly needsRestart: readonly string[];
}

export interface Operations {
  readonly ledger: Pick<Ledger, "stats">;
  /** Why the service is not ready; empty: it is. */
  readonly unready: () => readonly string[];
  readonly reload: () => Promise<Reloaded>;
  readonly exposition: () => Promise<{ readonly contentType: string; readonly text: string }>;
}

export function operationsEndpoints(operations: Operations): Endpoint[] {
  const { ledger, unready, reload, exposition } = operations;
  const ready = (path: string): Endpoint => ({
    method: "GET",
    path,
    role: "open",
    does: "readiness: the ledger commits, and targets were loaded",
    answer(_request, reply) {
      const reasons = unready();
      if (reasons.length > 0) reply.code(503);
      return reasons.length > 0 ? { status: "not ready", reasons } : { status: "ready" };
    },
  });
  return [
    {
      method: "GET",
      path: "/api/v1/stats",
      role: "read",
      does: "totals of alerts, incidents and dead letters, counted in the ledger",
      async answer() {
        const { alerts, incidents, due, deadLetters, nowMs } = await ledger.stats();
        const oldest = due.map(({ target, severity, oldestAtMs }) => ({ target, severity, oldestAt: iso(oldestAtMs) }));
        return { at: iso(nowMs), alerts, incidents, due: oldest, deadLetters };
      },
    },
    {
      method: "GET",
      path: "/metrics",
      role: "read",
      does: "metrics for Prometheus",
      async answer(_request, reply) {
        const { contentType, text } = await exposition();
        void reply.type(contentType);
        return text;
      },
    },
    healthy("/healthz"),
    ready("/readyz"),
    healthy("/-/healthy"),
    ready("/-/ready"),
    {
      method: "POST",
      path: "/-/reload",
      role: "operate",
      does: "reads the configuration anew",
      async answer() {
        const { issues, needsRestart } = await reload();
        if (issues.length > 0) throw reloadFailed(issues);
        return { status: "reloaded", needsRestart };
      },
    },
  ];
}

const healthy = (path: string): Endpoint => ({
  method: "GET",
  path,
  role: "open",
  does: "liveness",
  answer: () => ({ status: "ok" }),
});
