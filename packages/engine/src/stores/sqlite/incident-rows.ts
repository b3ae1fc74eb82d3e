import type { Incident, IncidentQuery, LedgerStats, Urgency } from "@tocsin/core/decisions";
import type { RowCounts } from "../../ledger/row-counts.ts";
import { incidentFacts, sameRow, waitingSince } from "../../ledger/incident-facts.ts";
import type { Lane, WaitingLane } from "../../ledger/store.ts";
import { type Database, instant, text } from "./database.ts";
import { findIncidents, previousEpisode } from "./find-incidents.ts";
import { readFlightRows, writeFlightRows, type Flying } from "./flight-rows.ts";
import { incidentOfRow } from "./incident-of-row.ts";
import { countWaiting } from "./count-waiting.ts";
import { Lanes } from "./lanes.ts";
import { mostUrgent } from "./most-urgent.ts";
import { oldestDue } from "./oldest-due.ts";
import { RowCache } from "./row-cache.ts";
import { EarliestDueCache } from "./earliest-due-cache.ts";

/** Total length of the JSON of cached incidents: about four thousand typical ones, enough while they are sent. */
const maxCachedLength = 2_000_000;

/**
 * The tables `incidents`, `members` and `flights`.
 *
 * A lease only marks an incident as in flight, and lives for milliseconds. So flights are kept in memory over the rows of their
 * incidents, and each commit writes all flights as one small row, instead of two changes to each incident.
 */
export class IncidentRows {
  readonly #db: Database;
  readonly #counts: RowCounts;
  readonly #cache = new RowCache<number, Incident>(maxCachedLength);
  readonly #lanes = new Lanes();
  /** The incidents in flight. Their rows may be as they were before the flight. */
  readonly #flying = new Map<number, Incident>();
  readonly #nextFallback = new EarliestDueCache(() =>
    instant(this.#db.get("SELECT min(fallback_at) AS at FROM incidents WHERE fallback_at IS NOT NULL")?.["at"] ?? null),
  );
  #flyingChanged = false;
  #lastId = 0;

  constructor(db: Database, counts: RowCounts) {
    this.#db = db;
    this.#counts = counts;
  }

  /** Reads from the rows what memory keeps: at the start and after a rollback. */
  reload(): void {
    this.#cache.clear();
    this.#flying.clear();
    this.#nextFallback.forget();
    this.#flyingChanged = false;
    // Numbers of deleted incidents are not used again, since dead letters and history refer to them.
    const kept = Number(this.#db.get("SELECT last_incident FROM flights")?.["last_incident"] ?? 0);
    this.#lastId = Math.max(kept, Number(this.#db.get("SELECT max(id) AS id FROM incidents")?.["id"] ?? 0));
    const lanes = this.#db.all(
      "SELECT endpoint, urgency, count(*) AS n, min(due_at) AS next FROM incidents WHERE due_at IS NOT NULL GROUP BY endpoint, urgency",
    );
    this.#lanes.load(
      lanes.map((row) => ({
        endpoint: Number(row["endpoint"]),
        urgency: Number(row["urgency"]) as Urgency,
        nextDueAtMs: Number(row["next"]),
        count: Number(row["n"]),
      })),
    );
    const flights = text(this.#db.get("SELECT facts FROM flights")?.["facts"] ?? "[]");
    for (const { id, flight } of readFlightRows(flights)) {
      const row = this.get(id);
      if (!row) continue;
      const flying: Incident = {
        ...row,
        flight,
        state: "in_flight",
        reason: "in_flight",
        dueAtMs: flight.leaseUntilMs,
      };
      this.#lanes.remove(row);
      this.#lanes.add(flying);
      this.#flying.set(id, flying);
    }
  }

  /** Writes the flights, with the commit that changed them. */
  flush(): void {
    if (!this.#flyingChanged) return;
    this.#flyingChanged = false;
    const flights = writeFlightRows(this.#flying.values() as Iterable<Flying>);
    this.#db.run("UPDATE flights SET facts = ?, last_incident = ?", flights, this.#lastId);
  }

  get(id: number): Incident | undefined {
    const known = this.#flying.get(id) ?? this.#cache.get(id);
    if (known) return known;
    const row = this.#db.get("SELECT * FROM incidents WHERE id = ?", id);
    return row && incidentOfRow(row);
  }

  #existing(id: unknown): Incident {
    const incident = this.get(Number(id));
    if (!incident) throw new Error(`incident ${String(id)} is in an index but not in its table`);
    return incident;
  }

  latest(target: string, dedupKey: string): Incident | undefined {
    const row = this.#db.get(
      "SELECT max(id) AS id FROM incidents WHERE dedup_key = ? AND target = ?",
      dedupKey,
      target,
    );
    return row?.["id"] ? this.#existing(row["id"]) : undefined;
  }

  previous(of: Pick<Incident, "id" | "target" | "dedupKey">): Incident | undefined {
    return this.get(previousEpisode(this.#db, of) ?? 0);
  }

  ofAlert(fingerprint: string): readonly number[] {
    return this.#db
      .column(
        `SELECT max(id) FROM incidents WHERE dedup_key = ? GROUP BY target
         UNION SELECT max(i.id) FROM members m JOIN incidents i ON i.id = m.incident WHERE m.fingerprint = ?
         GROUP BY i.target, i.dedup_key`,
        fingerprint,
        fingerprint,
      )
      .map(Number);
  }

  insert(incident: Omit<Incident, "id">): Incident {
    const inserted: Incident = { ...incident, id: ++this.#lastId };
    const { id, target, dedupKey, endpoint, state, urgency, dueAtMs, fallbackAtMs, updatedAtMs } = inserted;
    const facts = JSON.stringify(incidentFacts(inserted));
    this.#db.run(
      "INSERT INTO incidents (id, target, dedup_key, endpoint, state, urgency, due_at, fallback_at, untold, accepted_at, updated_at, facts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      id,
      target,
      dedupKey,
      endpoint,
      state,
      urgency,
      dueAtMs,
      fallbackAtMs,
      incident.told === null ? 1 : 0,
      waitingSince(inserted),
      updatedAtMs,
      facts,
    );
    this.#nextFallback.wrote(fallbackAtMs);
    this.#cache.set(id, inserted, facts.length);
    this.#counts.addIncident(inserted, 1);
    this.#lanes.add(inserted);
    return inserted;
  }

  put(before: Incident, after: Incident): void {
    if (!after.flight || !sameRow(before, after)) this.#write(after);
    if (before.flight || after.flight) this.#flyingChanged = true;
    if (after.flight) this.#flying.set(after.id, after);
    else this.#flying.delete(after.id);
    this.#counts.moveIncident(before, after);
    this.#lanes.remove(before);
    this.#lanes.add(after);
  }

  #write(incident: Incident): void {
    const { id, endpoint, state, urgency, dueAtMs, fallbackAtMs, updatedAtMs } = incident;
    const facts = JSON.stringify(incidentFacts(incident));
    this.#db.run(
      "UPDATE incidents SET endpoint = ?, state = ?, urgency = ?, due_at = ?, fallback_at = ?, untold = ?, accepted_at = ?, updated_at = ?, facts = ? WHERE id = ?",
      endpoint,
      state,
      urgency,
      dueAtMs,
      fallbackAtMs,
      incident.told === null ? 1 : 0,
      waitingSince(incident),
      updatedAtMs,
      facts,
      id,
    );
    this.#nextFallback.wrote(fallbackAtMs);
    this.#cache.set(id, incident, facts.length);
  }

  addMember(fingerprint: string, { id, dedupKey }: Incident): void {
    if (dedupKey !== fingerprint)
      this.#db.run("INSERT OR IGNORE INTO members (fingerprint, incident) VALUES (?, ?)", fingerprint, id);
  }

  lanes(): readonly Lane[] {
    return this.#lanes.all();
  }

  dueIn(endpoint: number, urgency: Urgency, nowMs: number, limit: number): readonly Incident[] {
    // The index alone answers this query, and recently recorded incidents are still cached. Rows of incidents in flight may be old.
    const found = this.#db
      .column(
        "SELECT id FROM incidents WHERE endpoint = ? AND urgency = ? AND due_at <= ? ORDER BY due_at, id LIMIT ?",
        endpoint,
        urgency,
        nowMs,
        limit + this.#flying.size,
      )
      .map((id) => this.#existing(id))
      .filter(({ dueAtMs }) => dueAtMs !== null && dueAtMs <= nowMs)
      .slice(0, limit);
    if (found.length === 0) this.#correctLane(endpoint, urgency, nowMs);
    return found;
  }

  /** Nothing is due in the lane now: finds the time of its next incident. */
  #correctLane(endpoint: number, urgency: Urgency, nowMs: number): void {
    const row = this.#db.get(
      "SELECT due_at FROM incidents WHERE endpoint = ? AND urgency = ? AND due_at > ? ORDER BY due_at LIMIT 1",
      endpoint,
      urgency,
      nowMs,
    );
    let nextDueAtMs = row ? Number(row["due_at"]) : Number.MAX_SAFE_INTEGER;
    for (const flying of this.#flying.values())
      if (flying.endpoint === endpoint && flying.urgency === urgency && flying.dueAtMs !== null)
        nextDueAtMs = Math.min(nextDueAtMs, flying.dueAtMs);
    this.#lanes.correct({ endpoint, urgency, nextDueAtMs });
  }

  waiting(nowMs: number): readonly WaitingLane[] {
    return countWaiting(this.#db, this.#lanes.counted(), this.#flying.values(), nowMs);
  }

  mostUrgent(limit: number): readonly Incident[] {
    return mostUrgent(this.#db, this.#lanes.all(), limit, (id) => this.#existing(id));
  }

  untoldAt(endpoint: number, after: number, limit: number): readonly Incident[] {
    return this.#db
      .column(
        "SELECT id FROM incidents WHERE endpoint = ? AND due_at IS NOT NULL AND untold = 1 AND id > ? ORDER BY id LIMIT ?",
        endpoint,
        after,
        limit + this.#flying.size,
      )
      .map((id) => this.#existing(id))
      .filter(({ told, flight }) => told === null && flight === null)
      .slice(0, limit);
  }

  fallbacksDue(nowMs: number, limit: number): readonly Incident[] {
    if (!this.#nextFallback.mayHaveCome(nowMs)) return [];
    return this.#db
      .column("SELECT id FROM incidents WHERE fallback_at <= ? ORDER BY fallback_at LIMIT ?", nowMs, limit)
      .map((id) => this.#existing(id));
  }

  nextFallbackAtMs(): number | null {
    return this.#nextFallback.atMs;
  }

  inFlight(): readonly Incident[] {
    return [...this.#flying.values()];
  }

  find(query: IncidentQuery): { incidents: readonly Incident[]; nextCursor?: string } {
    return findIncidents(this.#db, this.#flying, query);
  }

  oldestDue(): LedgerStats["due"] {
    return oldestDue(this.#db, this.#lanes.all(), (id) => this.#existing(id));
  }

  /**
   * Deletes incidents that are over. Old incidents have low numbers, and few of them are still open, so it reads from the first
   * number until it finds young ones. It keeps a dead incident that fires and was perhaps sent, since its resolve is still owed.
   */
  forget(beforeMs: number, limit: number): number {
    let gone = 0;
    for (let after = 0; gone < limit;) {
      const rows = this.#db.all(
        "SELECT id, state, due_at, untold, updated_at FROM incidents WHERE id > ? ORDER BY id LIMIT ?",
        after,
        limit,
      );
      for (const row of rows) {
        if (gone >= limit) break;
        const over = ["closed", "not_told", "dead"].includes(text(row["state"])) && row["due_at"] === null;
        if (!over || Number(row["updated_at"]) >= beforeMs) continue;
        const incident = this.#existing(row["id"]);
        const isOwed = incident.told !== null && incident.wanted.status === "firing" && incident.kind !== "change";
        if (incident.state === "dead" && isOwed) continue;
        this.#delete(incident);
        gone++;
      }
      const last = rows.at(-1);
      if (!last || rows.length < limit) break;
      // If the incident is gone, it was deleted just now, and was old.
      const { acceptedAtMs = 0 } = this.get(Number(last["id"])) ?? {};
      if (acceptedAtMs >= beforeMs) break;
      after = Number(last["id"]);
    }
    // The row of the flights also keeps the last number that was given.
    if (gone > 0) this.#flyingChanged = true;
    return gone;
  }

  #delete(incident: Incident): void {
    for (const { fingerprint } of incident.members)
      this.#db.run("DELETE FROM members WHERE fingerprint = ? AND incident = ?", fingerprint, incident.id);
    this.#db.run("DELETE FROM history WHERE incident = ?", incident.id);
    this.#db.run("DELETE FROM incidents WHERE id = ?", incident.id);
    this.#cache.delete(incident.id);
    this.#counts.addIncident(incident, -1);
  }
}
