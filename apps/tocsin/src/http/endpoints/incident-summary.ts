import { randomBytes } from "node:crypto";
import { incidentStates, type Ledger, reasons } from "@tocsin/core";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Endpoint } from "../endpoint.ts";
import { isoTime } from "../iso-time.ts";
import { incidentBody } from "./incidents.ts";

/** How many of the most urgent incidents the summary has. */
const maxUrgent = 10;

export interface SummaryParts {
  readonly ledger: Pick<Ledger, "summary">;
  readonly metrics: Pick<Metrics, "totals">;
}

/** The counts of the first screen of the console. */
export function incidentSummaryEndpoint({ ledger, metrics }: SummaryParts): Endpoint {
  /** Distinguishes this process: totals of two processes must not be compared. */
  const life = randomBytes(6).toString("hex");
  return {
    method: "GET",
    path: "/api/v1/incidents/summary",
    role: "read",
    does: "counts incidents by target, state and reason, with the most urgent ones that are due",
    async answer() {
      const { rows, oldestDue, deadLetters, alerts, nowMs } = await ledger.summary(maxUrgent);
      return {
        at: isoTime(nowMs),
        rows: rows.toSorted(
          (a, b) =>
            (a.target === b.target ? 0 : a.target < b.target ? -1 : 1) ||
            incidentStates.indexOf(a.state) - incidentStates.indexOf(b.state) ||
            rank(a.reason) - rank(b.reason),
        ),
        oldestDue: oldestDue.map(incidentBody),
        alerts,
        deadLetters,
        rates: { process: life, ...metrics.totals },
      };
    },
  };
}

const rank = (reason: (typeof reasons)[number] | null): number => (reason === null ? -1 : reasons.indexOf(reason));
