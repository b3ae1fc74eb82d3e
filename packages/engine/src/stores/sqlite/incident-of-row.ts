import type { Incident } from "@tocsin/core/decisions";
import { fromWaitingSince, withFacts } from "../../ledger/incident-facts.ts";
import { instant, type Row, text } from "./database.ts";

/** Reads a row of the table `incidents`. Flights are in a table of their own, so the incident has none. */
export const incidentOfRow = (row: Row): Incident =>
  withFacts(text(row["facts"]), {
    id: Number(row["id"]),
    target: text(row["target"]),
    dedupKey: text(row["dedup_key"]),
    endpoint: Number(row["endpoint"]),
    state: text(row["state"]) as Incident["state"],
    urgency: Number(row["urgency"]) as Incident["urgency"],
    dueAtMs: instant(row["due_at"]),
    fallbackAtMs: instant(row["fallback_at"]),
    flight: null,
    ...fromWaitingSince(Number(row["accepted_at"]), text(row["state"]) as Incident["state"]),
    updatedAtMs: Number(row["updated_at"]),
  });
