import { type Incident, type LedgerStats, type Severity, urgency as urgencies } from "@tocsin/core/decisions";
import type { Lane } from "../../ledger/store.ts";
import type { Database } from "./database.ts";

/** The oldest waiting incident of each target and severity, without reminders. */
export function oldestDue(
  db: Database,
  lanes: readonly Lane[],
  incidentWith: (id: unknown) => Incident,
): LedgerStats["due"] {
  const oldest = new Map<string, { target: string; severity: Severity; oldestAtMs: number }>();
  for (const { endpoint, urgency } of lanes) {
    if (urgency === urgencies.reminder) continue;
    // A lane of triggers has one severity, and the index answers the query. A lane of follow-ups needs its rows.
    const mixed = urgency === urgencies.followUp || urgency === urgencies.criticalFollowUp;
    const rows = db.all(
      `SELECT id, min(accepted_at) AS oldest FROM incidents WHERE endpoint = ? AND urgency = ? AND due_at IS NOT NULL
         ${mixed ? "GROUP BY facts ->> '$.wanted.severity'" : "HAVING id IS NOT NULL"}`,
      endpoint,
      urgency,
    );
    for (const row of rows) {
      const { target, wanted } = incidentWith(row["id"]);
      const key = `${target}\0${wanted.severity}`;
      const oldestAtMs = Math.min(Number(row["oldest"]), oldest.get(key)?.oldestAtMs ?? Number.MAX_SAFE_INTEGER);
      oldest.set(key, { target, severity: wanted.severity, oldestAtMs });
    }
  }
  return [...oldest.values()];
}
