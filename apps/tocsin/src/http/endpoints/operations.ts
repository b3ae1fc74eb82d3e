import type { Discoveries, DiscoveryView } from "../../targets/discovery/discoveries.ts";
import { Readable } from "node:stream";
import { incidentStates, type Issue, type Ledger, reasons as allReasons, severities } from "@tocsin/core";
import type { MetricsScrape } from "../../telemetry/metrics-scrape.ts";
import type { Endpoint } from "../endpoint.ts";
import { isoTime } from "../iso-time.ts";
import { conflict, reloadFailed } from "../problem.ts";

export interface Reloaded {
  /**
   * `kept`: the new configuration is wrong, and the previous one stays in use. `applied` with issues: everything except the
   * invalid targets is in use.
   */
  readonly outcome: "applied" | "kept" | "no_file";
  /** The errors of the configuration. */
  readonly issues: readonly Issue[];
  /** Changed keys that take effect at the next start. */
  readonly needsRestart: readonly string[];
}

export const nothingToReload: Reloaded = { outcome: "no_file", issues: [], needsRestart: [] };

/** The advice for an operator. */
export const noFileToReload =
  "the service was started without a configuration file. Create tocsin.yaml in its working directory or name a file with --config, then restart it";

export interface Operations {
  readonly ledger: Pick<Ledger, "stats">;
  /** Reasons why the service is not ready, after a write to the ledger. Empty: it is ready. */
  readonly unready: () => Promise<readonly string[]>;
  /** Problems that do not make the service unready. */
  readonly warnings: (isReady: boolean) => Promise<readonly string[]>;
  readonly reload: () => Promise<Reloaded>;
  readonly discoveries: Pick<Discoveries, "views" | "refresh">;
  readonly metricsScrape: Pick<MetricsScrape, "scrape">;
}

export function operationsEndpoints(operations: Operations): Endpoint[] {
  const { ledger, unready, warnings, reload, discoveries, metricsScrape } = operations;
  const ready = (path: string): Endpoint => ({
    method: "GET",
    path,
    role: "open",
    isProbe: true,
    does: "readiness: the ledger commits and targets are loaded; warnings name other problems",
    async answer(_request, reply) {
      const reasons = await unready();
      const warned = await warnings(reasons.length === 0);
      if (reasons.length > 0) reply.code(503);
      return {
        ...(reasons.length > 0 ? { status: "not ready", reasons } : { status: "ready" }),
        ...(warned.length > 0 && { warnings: warned }),
      };
    },
  });
  return [
    {
      method: "GET",
      path: "/api/v1/stats",
      role: "read",
      does: "counts alerts, incidents and dead letters in the ledger",
      async answer() {
        const { alerts, incidents, due, deadLetters, nowMs } = await ledger.stats();
        const oldest = due.map(({ target, severity, oldestAtMs }) => ({
          target,
          severity,
          oldestAt: isoTime(oldestAtMs),
        }));
        return {
          at: isoTime(nowMs),
          alerts,
          incidents: byTarget(incidents, ({ state }) => incidentStates.indexOf(state)),
          due: byTarget(oldest, ({ severity }) => severities.indexOf(severity)),
          deadLetters: byTarget(deadLetters, ({ reason }) => allReasons.indexOf(reason)),
        };
      },
    },
    {
      method: "GET",
      path: "/metrics",
      role: "read",
      does: "metrics for Prometheus, at most a second old; Cache-Control: no-cache requests current ones",
      async answer(request, reply) {
        const fresh = request.headers["cache-control"] === "no-cache";
        const { contentType, slices } = await metricsScrape.scrape({ fresh });
        return reply.type(contentType).send(Readable.from(slices));
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
      does: "reloads the configuration and reads all places of targets again",
      async answer() {
        const { outcome, issues, needsRestart } = await reload();
        if (outcome === "no_file") throw conflict(noFileToReload);
        if (outcome === "kept") throw reloadFailed({ outcome, issues });
        await discoveries.refresh();
        const unread = discoveries.views.flatMap(unreadIssues);
        if (issues.length + unread.length > 0) throw reloadFailed({ outcome, issues, unread });
        const warned = await warnings(true);
        return { status: "reloaded", needsRestart, ...(warned.length > 0 && { warnings: warned }) };
      },
    },
  ];
}

/** Returns an issue for a place of targets that cannot be read: the targets found there last stay in use. */
const unreadIssues = ({ source, where, error }: DiscoveryView): Issue[] =>
  error === null
    ? []
    : [{ path: `discovery.${source}`, message: `${where}: ${error}. Targets that were found there last stay in use` }];

const healthy = (path: string): Endpoint => ({
  method: "GET",
  path,
  role: "open",
  isProbe: true,
  does: "liveness",
  answer: () => ({ status: "ok" }),
});

/** Orders rows by target, then by a rank. The ledger returns them in the order in which it first counted them. */
const byTarget = <Row extends { readonly target: string }>(rows: readonly Row[], rankOf: (row: Row) => number): Row[] =>
  rows.toSorted((a, b) => (a.target === b.target ? rankOf(a) - rankOf(b) : a.target < b.target ? -1 : 1));
