import type { Incident, IncidentQuery } from "@tocsin/core/decisions";
import type { Database } from "./database.ts";
import { incidentOfRow } from "./incident-of-row.ts";

type Flying = ReadonlyMap<number, Incident>;

/** The incidents that a query of an operator asks for, newest first. `flying`: the incidents in flight, whose rows may be old. */
export function findIncidents(
  db: Database,
  flying: Flying,
  query: IncidentQuery,
): { incidents: readonly Incident[]; nextCursor?: string } {
  const found = query.state === "in_flight" ? findFlying(flying, query) : findRows(db, flying, query);
  const incidents = found.slice(0, query.limit);
  const last = incidents.at(-1);
  return found.length > query.limit && last ? { incidents, nextCursor: String(last.id) } : { incidents };
}

/** The number of the newest episode before this one. */
export function previousEpisode(
  db: Database,
  { id, target, dedupKey }: Pick<Incident, "id" | "target" | "dedupKey">,
): number | null {
  const row = db.get(
    "SELECT max(id) AS id FROM incidents WHERE dedup_key = ? AND target = ? AND id < ?",
    dedupKey,
    target,
    id,
  );
  return row?.["id"] ? Number(row["id"]) : null;
}

function findFlying(flying: Flying, { target, fingerprint, severity, cursor }: IncidentQuery): Incident[] {
  const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor);
  return [...flying.values()]
    .filter((incident) => incident.id < before && incident.target === (target ?? incident.target))
    .filter(({ members }) => fingerprint === undefined || members.some((one) => one.fingerprint === fingerprint))
    .filter(({ wanted }) => wanted.severity === (severity ?? wanted.severity))
    .toSorted((a, b) => b.id - a.id);
}

function findRows(db: Database, flying: Flying, query: IncidentQuery): Incident[] {
  const where = ["i.id < ?"];
  const values: (string | number)[] = [query.cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(query.cursor)];
  if (query.state !== undefined) {
    where.push("i.state = ?");
    values.push(query.state);
    // Few incidents wait among many that are over, so the index of due rows finds them.
    if (query.state === "due") where.push("i.due_at IS NOT NULL");
  }
  if (query.target !== undefined) {
    where.push("i.target = ?");
    values.push(query.target);
  }
  if (query.fingerprint !== undefined) {
    where.push("(i.dedup_key = ? OR i.id IN (SELECT incident FROM members WHERE fingerprint = ?))");
    values.push(query.fingerprint, query.fingerprint);
  }
  if (query.severity !== undefined) {
    where.push("json_extract(i.facts, '$.wanted.severity') = ?");
    values.push(query.severity);
  }
  const maxRows = query.limit + 1 + flying.size;
  return db
    .all(`SELECT i.* FROM incidents i WHERE ${where.join(" AND ")} ORDER BY i.id DESC LIMIT ?`, ...values, maxRows)
    .map((row) => flying.get(Number(row["id"])) ?? incidentOfRow(row))
    .filter(({ state }) => state === (query.state ?? state))
    .filter(({ wanted }) => wanted.severity === (query.severity ?? wanted.severity));
}
