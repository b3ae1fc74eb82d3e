import { type Incident, urgency as urgencies } from "@tocsin/core/decisions";
import type { Lane } from "../../ledger/store.ts";
import type { Database } from "./database.ts";

/** Most index entries that are read at each end of a lane: about 1 ms. */
const maxSorted = 5_000;

/** Most incidents of a lane that are read to find unacknowledged ones. */
const maxRead = 1_000;

/**
 * Incidents of each lane that wait, without reminders: the `limit` that are due first, and the oldest ones until `limit` of them are
 * unacknowledged. The old ones that wait for a retry are at the end of the index, so both ends are read.
 */
export function mostUrgent(
  db: Database,
  lanes: readonly Lane[],
  limit: number,
  incidentWith: (id: unknown) => Incident,
): Incident[] {
  return lanes
    .filter(({ urgency }) => urgency !== urgencies.reminder)
    .flatMap(({ endpoint, urgency }) => {
      const first = db.column(
        "SELECT id FROM incidents WHERE endpoint = ? AND urgency = ? AND due_at IS NOT NULL ORDER BY due_at LIMIT ?",
        endpoint,
        urgency,
        limit,
      );
      const found = new Map(first.map((id) => [id, incidentWith(id)]));
      if (first.length < limit) return [...found.values()];
      let left = limit;
      for (const id of oldest(db, endpoint, urgency)) {
        const incident = found.get(id) ?? incidentWith(id);
        found.set(id, incident);
        if (incident.state === "due" && !incident.wanted.acknowledged && --left === 0) break;
      }
      return [...found.values()];
    });
}

const oldest = (db: Database, endpoint: number, urgency: number): unknown[] =>
  db.column(
    `SELECT id FROM (${end("ASC")} UNION ${end("DESC")}) ORDER BY accepted_at, id LIMIT ${maxRead}`,
    endpoint,
    urgency,
    endpoint,
    urgency,
  );

/** One end of a lane. The index `incidents_due` answers it alone. */
const end = (order: "ASC" | "DESC"): string =>
  `SELECT * FROM (SELECT id, accepted_at FROM incidents
     WHERE endpoint = ? AND urgency = ? AND due_at IS NOT NULL ORDER BY due_at ${order} LIMIT ${maxSorted})`;
