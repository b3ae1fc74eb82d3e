import { DatabaseSync, type StatementSync } from "node:sqlite";
import type {
  Alert,
  DeadLetter,
  HistoryEntry,
  Incident,
  IncidentQuery,
  IncidentState,
  LedgerStats,
  Severity,
} from "@tocsin/core/decisions";
import { migrations } from "./sqlite-schema.ts";
import type { AlertRecord, EndpointRecord, GateKind, Lane, Slot, Store } from "./store.ts";
import { Tally } from "./tally.ts";

type Row = Record<string, unknown>;

/** SQLite before 3.51.3 may lose a WAL reset under concurrency: https://sqlite.org/wal.html#walresetbug */
const oldestSafe = [3, 51, 3];

/**
 * The ledger's rows in one SQLite file: WAL, `synchronous=FULL`, so that a commit survives the machine; exclusive, so that
 * a second process on the same file is refused instead of believed.
 *
 * @throws Error where the file belongs to another process or a newer version.
 */
export class SqliteStore implements Store {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #tally = new Tally();
  readonly #incidents = new Recent<number, Incident>(recentIncidentsLength);
  readonly #alerts = new Recent<string, AlertRecord>(recentAlertsLength);
  #lanes: Map<string, Lane & { count: number }> | undefined;
  #lastIncident = 0;
  #historyNumber = 0;
  #written = false;

  constructor(path: string, options: { busyTimeoutMs?: number } = {}) {
    this.#db = new DatabaseSync(path, { timeout: options.busyTimeoutMs ?? 5_000 });
    try {
      this.#open();
    } catch (error) {
      this.#db.close();
      if (error instanceof Error && /database is locked/.test(error.message))
        throw new Error(`${path} is in use by another process; a SQLite ledger has one owner`, { cause: error });
      throw error;
    }
  }

  #open(): void {
    const version = String(this.#db.prepare("SELECT sqlite_version() AS v").get()?.["v"]);
    if (compareVersions(version.split(".").map(Number), oldestSafe) < 0)
      throw new Error(`SQLite ${version} may lose data: Tocsin needs ${oldestSafe.join(".")} or newer`);
    this.#db.exec(
      "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY;",
    );
    this.#db.exec(
      "PRAGMA journal_size_limit=67108864; PRAGMA wal_autocheckpoint=4000; PRAGMA cache_size=-32768; PRAGMA foreign_keys=OFF;",
    );
    // Takes the lock now, not at the first write.
    this.#db.exec("BEGIN IMMEDIATE");
    const applied = Number(this.#db.prepare("PRAGMA user_version").get()?.["user_version"]);
    if (applied > migrations.length)
      throw new Error(
        `the ledger was written by a newer Tocsin (schema ${applied}, this one knows ${migrations.length}): upgrade to open it`,
      );
    for (const migration of migrations.slice(applied)) this.#db.exec(migration);
    this.#db.exec(`PRAGMA user_version=${migrations.length}`);
    this.#db.exec("COMMIT");
    // A new life begins its numbers anew, perhaps within the millisecond of the last: its epoch keeps them apart.
    this.#historyNumber = Number(this.gate("meta", "epoch") ?? 0) * 2 ** 20;
    this.recount();
  }

  begin(): void {
    this.#written = false;
    this.#db.exec("BEGIN IMMEDIATE");
  }

  /** Returns after the fsync. The ledger's time is kept with what happened at it. */
  commit(nowMs: number): void {
    if (this.#written) this.putGate("meta", "time", nowMs);
    this.#db.exec("COMMIT");
  }

  rollback(): void {
    if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
    this.recount();
  }

  close(): void {
    this.#db.close();
  }

  /** What is counted in memory, from the rows. */
  recount(): void {
    this.#lanes = undefined;
    this.#tally.clear();
    this.#incidents.clear();
    this.#alerts.clear();
    // Numbers are not used again after old incidents were forgotten: dead letters and history name them.
    const kept = Number(this.gate("meta", "last_incident") ?? 0);
    this.#lastIncident = Math.max(kept, Number(this.#get("SELECT max(id) AS id FROM incidents")?.["id"] ?? 0));
    for (const row of this.#all("SELECT target, state, count(*) AS n FROM incidents GROUP BY target, state"))
      this.#tally.add(text(row["target"]), text(row["state"]) as IncidentState, Number(row["n"]));
  }

  alert(fingerprint: string): AlertRecord | undefined {
    const recent = this.#alerts.get(fingerprint);
    if (recent) return recent;
    const row = this.#get("SELECT * FROM alerts WHERE fingerprint = ?", fingerprint);
    return row && alertRecord(row);
  }

  putAlert(before: AlertRecord | undefined, after: AlertRecord): void {
    const { fingerprint, status, lookAtMs, confirmedAtMs } = after;
    const { claims, incidents, routes, silent, firstSeenAtMs } = after;
    const facts = JSON.stringify({ claims, incidents, routes, silent, firstSeenAtMs });
    if (before && before.alert === after.alert && before.status === status) {
      this.#run(
        "UPDATE alerts SET look_at = ?, confirmed_at = ?, facts = ? WHERE fingerprint = ?",
        lookAtMs,
        confirmedAtMs,
        facts,
        fingerprint,
      );
      this.#alerts.replace(fingerprint, after);
    } else {
      const content = JSON.stringify(after.alert);
      this.#run(
        before
          ? "UPDATE alerts SET status = ?, look_at = ?, confirmed_at = ?, content = ?, facts = ? WHERE fingerprint = ?"
          : "INSERT INTO alerts (status, look_at, confirmed_at, content, facts, fingerprint) VALUES (?, ?, ?, ?, ?, ?)",
        status,
        lookAtMs,
        confirmedAtMs,
        content,
        facts,
        fingerprint,
      );
      this.#alerts.set(fingerprint, after, content.length + facts.length);
    }
    const wasSilent = before?.silent ?? [];
    if (wasSilent.length === 0 && silent.length === 0) return;
    for (const source of wasSilent)
      if (!silent.includes(source))
        this.#run("DELETE FROM silent WHERE source = ? AND fingerprint = ?", source, fingerprint);
    for (const source of silent)
      if (!wasSilent.includes(source))
        this.#run("INSERT OR IGNORE INTO silent (source, fingerprint) VALUES (?, ?)", source, fingerprint);
  }

  alertsToLookAt(nowMs: number, limit: number): readonly AlertRecord[] {
    return this.#all("SELECT * FROM alerts WHERE look_at <= ? ORDER BY look_at LIMIT ?", nowMs, limit).map(alertRecord);
  }

  nextLookAtMs(): number | null {
    const row = this.#get("SELECT look_at FROM alerts WHERE look_at IS NOT NULL ORDER BY look_at LIMIT 1");
    return row ? Number(row["look_at"]) : null;
  }

  firingAlerts(after: string, limit: number): readonly AlertRecord[] {
    return this.#all(
      "SELECT * FROM alerts WHERE status = 'firing' AND fingerprint > ? ORDER BY fingerprint LIMIT ?",
      after,
      limit,
    ).map(alertRecord);
  }

  silentAlerts(source: string): readonly string[] {
    return this.#all("SELECT fingerprint FROM silent WHERE source = ?", source).map((row) => text(row["fingerprint"]));
  }

  incident(id: number): Incident | undefined {
    const recent = this.#incidents.get(id);
    if (recent) return recent;
    const row = this.#get("SELECT * FROM incidents WHERE id = ?", id);
    return row && incidentOf(row);
  }

  #existing(id: unknown): Incident {
    const incident = this.incident(Number(id));
    if (!incident) throw new Error(`incident ${String(id)} is in an index but not in its table`);
    return incident;
  }

  latestIncident(target: string, dedupKey: string): Incident | undefined {
    const row = this.#get("SELECT max(id) AS id FROM incidents WHERE dedup_key = ? AND target = ?", dedupKey, target);
    return row?.["id"] ? this.#existing(row["id"]) : undefined;
  }

  insertIncident(incident: Omit<Incident, "id">): Incident {
    const inserted: Incident = { ...incident, id: ++this.#lastIncident };
    const { id, target, dedupKey, endpoint, state, urgency, dueAtMs, fallbackAtMs, acceptedAtMs, updatedAtMs } =
      inserted;
    const facts = factsOf(inserted);
    this.#run(
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
      acceptedAtMs,
      updatedAtMs,
      facts,
    );
    this.#incidents.set(id, inserted, facts.length);
    this.#tally.add(target, state);
    this.#enlist(inserted, 1);
    return inserted;
  }

  putIncident(before: Incident, after: Incident): void {
    const { id, endpoint, state, urgency, dueAtMs, fallbackAtMs, acceptedAtMs, updatedAtMs } = after;
    const flight = after.flight && JSON.stringify(after.flight);
    if (sameFacts(before, after)) {
      // A lease, or a time: most of the row stays as it is.
      this.#run(
        "UPDATE incidents SET endpoint = ?, state = ?, urgency = ?, due_at = ?, fallback_at = ?, accepted_at = ?, updated_at = ?, flight = ? WHERE id = ?",
        endpoint,
        state,
        urgency,
        dueAtMs,
        fallbackAtMs,
        acceptedAtMs,
        updatedAtMs,
        flight,
        id,
      );
      this.#incidents.replace(id, after);
    } else {
      const facts = factsOf(after);
      this.#run(
        "UPDATE incidents SET endpoint = ?, state = ?, urgency = ?, due_at = ?, fallback_at = ?, untold = ?, accepted_at = ?, updated_at = ?, flight = ?, facts = ? WHERE id = ?",
        endpoint,
        state,
        urgency,
        dueAtMs,
        fallbackAtMs,
        after.told === null ? 1 : 0,
        acceptedAtMs,
        updatedAtMs,
        flight,
        facts,
        id,
      );
      this.#incidents.set(id, after, facts.length);
    }
    this.#tally.move(before, after);
    this.#enlist(before, -1);
    this.#enlist(after, 1);
  }

  addMember(fingerprint: string, incident: Incident): void {
    if (incident.dedupKey !== fingerprint)
      this.#run("INSERT OR IGNORE INTO members (fingerprint, incident) VALUES (?, ?)", fingerprint, incident.id);
  }

  /** Kept in memory as counts; `nextDueAtMs` may be too early, never too late, and is corrected when nothing is found. */
  lanes(): readonly Lane[] {
    if (!this.#lanes) {
      this.#lanes = new Map();
      const rows = this.#all(
        "SELECT endpoint, urgency, count(*) AS n, min(due_at) AS next FROM incidents WHERE due_at IS NOT NULL GROUP BY endpoint, urgency",
      );
      for (const row of rows) {
        const lane = { endpoint: Number(row["endpoint"]), urgency: Number(row["urgency"]) as Lane["urgency"] };
        this.#lanes.set(`${lane.endpoint}/${lane.urgency}`, {
          ...lane,
          nextDueAtMs: Number(row["next"]),
          count: Number(row["n"]),
        });
      }
    }
    return [...this.#lanes.values()];
  }

  #enlist({ endpoint, urgency, dueAtMs }: Incident, count: 1 | -1): void {
    if (dueAtMs === null || !this.#lanes) return;
    const key = `${endpoint}/${urgency}`;
    const lane = this.#lanes.get(key);
    if (!lane) {
      this.#lanes.set(key, { endpoint, urgency, nextDueAtMs: dueAtMs, count });
      return;
    }
    const left = lane.count + count;
    if (left <= 0) this.#lanes.delete(key);
    else
      this.#lanes.set(key, {
        ...lane,
        count: left,
        nextDueAtMs: count > 0 ? Math.min(lane.nextDueAtMs, dueAtMs) : lane.nextDueAtMs,
      });
  }

  dueIn(endpoint: number, urgency: number, nowMs: number, limit: number): readonly Incident[] {
    // Answered from the index alone; what was recently recorded is still at hand.
    const found = this.#all(
      "SELECT id FROM incidents WHERE endpoint = ? AND urgency = ? AND due_at <= ? ORDER BY due_at, id LIMIT ?",
      endpoint,
      urgency,
      nowMs,
      limit,
    ).map((row) => this.#existing(row["id"]));
    if (found.length === 0) this.#correctLane(endpoint, urgency, nowMs);
    return found;
  }

  /** Nothing is due in the lane now: the next is later. */
  #correctLane(endpoint: number, urgency: number, nowMs: number): void {
    const key = `${endpoint}/${urgency}`;
    const lane = this.#lanes?.get(key);
    if (!lane) return;
    const row = this.#get(
      "SELECT due_at FROM incidents WHERE endpoint = ? AND urgency = ? AND due_at > ? ORDER BY due_at LIMIT 1",
      endpoint,
      urgency,
      nowMs,
    );
    this.#lanes?.set(key, { ...lane, nextDueAtMs: row ? Number(row["due_at"]) : Number.MAX_SAFE_INTEGER });
  }

  untoldElsewhere(target: string, endpoint: number, limit: number): readonly Incident[] {
    return this.#all(
      "SELECT * FROM incidents WHERE target = ? AND untold = 1 AND state IN ('due', 'candidate') AND endpoint <> ? LIMIT ?",
      target,
      endpoint,
      limit,
    ).map(incidentOf);
  }

  untold(target: string, after: number, limit: number): readonly Incident[] {
    return this.#all(
      "SELECT * FROM incidents WHERE target = ? AND untold = 1 AND state IN ('due', 'candidate') AND id > ? ORDER BY id LIMIT ?",
      target,
      after,
      limit,
    ).map(incidentOf);
  }

  fallbacksDue(nowMs: number, limit: number): readonly Incident[] {
    return this.#all("SELECT id FROM incidents WHERE fallback_at <= ? ORDER BY fallback_at LIMIT ?", nowMs, limit).map(
      (row) => this.#existing(row["id"]),
    );
  }

  nextFallbackAtMs(): number | null {
    const row = this.#get(
      "SELECT fallback_at FROM incidents WHERE fallback_at IS NOT NULL ORDER BY fallback_at LIMIT 1",
    );
    return row ? Number(row["fallback_at"]) : null;
  }

  inFlight(): readonly Incident[] {
    return this.#all("SELECT * FROM incidents WHERE due_at IS NOT NULL AND state = 'in_flight'").map(incidentOf);
  }

  incidents(query: IncidentQuery): { incidents: readonly Incident[]; nextCursor?: string } {
    const before = query.cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(query.cursor);
    const where = ["i.id < ?"];
    const values: (string | number)[] = [before];
    if (query.state !== undefined) {
      where.push("i.state = ?");
      values.push(query.state);
      // The waiting ones are few among many that are over: found by the index of what is due.
      if (query.state === "due" || query.state === "in_flight") where.push("i.due_at IS NOT NULL");
    }
    if (query.target !== undefined) {
      where.push("i.target = ?");
      values.push(query.target);
    }
    if (query.fingerprint !== undefined) {
      where.push("(i.dedup_key = ? OR i.id IN (SELECT incident FROM members WHERE fingerprint = ?))");
      values.push(query.fingerprint, query.fingerprint);
    }
    const rows = this.#all(
      `SELECT i.* FROM incidents i WHERE ${where.join(" AND ")} ORDER BY i.id DESC LIMIT ?`,
      ...values,
      query.limit + 1,
    );
    const incidents = rows.slice(0, query.limit).map(incidentOf);
    const last = incidents.at(-1);
    return rows.length > query.limit && last ? { incidents, nextCursor: String(last.id) } : { incidents };
  }

  addHistory({ incident, atMs, what, detail }: HistoryEntry): void {
    this.#run(
      "INSERT INTO history (incident, at, n, what, detail) VALUES (?, ?, ?, ?, ?)",
      incident,
      atMs,
      ++this.#historyNumber,
      what,
      detail ?? null,
    );
  }

  history(incident: number): readonly HistoryEntry[] {
    return this.#all("SELECT * FROM history WHERE incident = ? ORDER BY at, n", incident).map((row) => ({
      incident,
      atMs: Number(row["at"]),
      what: text(row["what"]),
      ...(row["detail"] === null ? {} : { detail: text(row["detail"]) }),
    }));
  }

  addDeadLetter(letter: Omit<DeadLetter, "id">): void {
    this.#run(
      "INSERT INTO dead_letters (at, target, reason, replayed_at, facts) VALUES (?, ?, ?, ?, ?)",
      letter.atMs,
      letter.target,
      letter.reason,
      letter.replayedAtMs,
      JSON.stringify(letter),
    );
  }

  deadLetters(limit: number, before: number): readonly DeadLetter[] {
    return this.#all("SELECT * FROM dead_letters WHERE id < ? ORDER BY id DESC LIMIT ?", before, limit).map(
      deadLetterOf,
    );
  }

  deadLetter(id: number): DeadLetter | undefined {
    const row = this.#get("SELECT * FROM dead_letters WHERE id = ?", id);
    return row && deadLetterOf(row);
  }

  markReplayed(id: number, atMs: number): void {
    this.#run("UPDATE dead_letters SET replayed_at = ? WHERE id = ?", atMs, id);
  }

  dropDeadLetter(id: number): boolean {
    return Number(this.#run("DELETE FROM dead_letters WHERE id = ?", id).changes) > 0;
  }

  endpoints(): readonly EndpointRecord[] {
    return this.#all("SELECT * FROM endpoints").map((row) => ({
      id: Number(row["id"]),
      current: row["current"] === 1,
      terms: JSON.parse(text(row["terms"])) as EndpointRecord["terms"],
    }));
  }

  putEndpoint(record: Omit<EndpointRecord, "id"> & { readonly id?: number }): EndpointRecord {
    const terms = JSON.stringify(record.terms);
    const current = record.current ? 1 : 0;
    if (record.id !== undefined) {
      this.#run("UPDATE endpoints SET current = ?, terms = ? WHERE id = ?", current, terms, record.id);
      return { ...record, id: record.id };
    }
    const { lastInsertRowid } = this.#run("INSERT INTO endpoints (current, terms) VALUES (?, ?)", current, terms);
    return { ...record, id: Number(lastInsertRowid) };
  }

  dropEndpoint(id: number): void {
    this.#run("DELETE FROM endpoints WHERE id = ?", id);
  }

  endpointInUse(id: number): boolean {
    return (
      this.#get(
        "SELECT 1 AS used FROM incidents WHERE endpoint = ? AND (state <> 'closed' OR due_at IS NOT NULL) LIMIT 1",
        id,
      ) !== undefined
    );
  }

  slots(): readonly Slot[] {
    return this.#all("SELECT * FROM slots").map((row) => ({
      token: Number(row["token"]),
      credential: text(row["credential"]),
      urgency: Number(row["urgency"]) as Slot["urgency"],
      freeAtMs: Number(row["free_at"]),
    }));
  }

  putSlot({ token, credential, urgency, freeAtMs }: Slot): void {
    this.#run(
      "INSERT OR REPLACE INTO slots (token, credential, urgency, free_at) VALUES (?, ?, ?, ?)",
      token,
      credential,
      urgency,
      freeAtMs,
    );
  }

  dropSlots(credential: string, freeAtMs: number): void {
    this.#run("DELETE FROM slots WHERE credential = ? AND free_at <= ?", credential, freeAtMs);
  }

  gate(kind: GateKind, id: string): unknown {
    const row = this.#get("SELECT facts FROM gates WHERE kind = ? AND id = ?", kind, id);
    return row && JSON.parse(text(row["facts"]));
  }

  putGate(kind: GateKind, id: string, facts: unknown): void {
    this.#run("INSERT OR REPLACE INTO gates (kind, id, facts) VALUES (?, ?, ?)", kind, id, JSON.stringify(facts));
  }

  gates(kind: GateKind): readonly (readonly [string, unknown])[] {
    return this.#all("SELECT id, facts FROM gates WHERE kind = ?", kind).map((row) => [
      text(row["id"]),
      JSON.parse(text(row["facts"])) as unknown,
    ]);
  }

  stats(): Omit<LedgerStats, "nowMs"> {
    const due = this.#all(
      `SELECT target, facts ->> '$.wanted.severity' AS severity, min(accepted_at) AS oldest FROM incidents
       WHERE due_at IS NOT NULL AND state IN ('due', 'in_flight', 'candidate') GROUP BY 1, 2`,
    );
    const dead = this.#all("SELECT target, reason, count(*) AS n FROM dead_letters GROUP BY target, reason");
    const firing = Number(this.#get("SELECT count(*) AS n FROM alerts WHERE status = 'firing'")?.["n"]);
    const alerts = Number(this.#get("SELECT count(*) AS n FROM alerts")?.["n"]);
    return {
      incidents: this.#tally.counts(),
      due: due.map((row) => ({
        target: text(row["target"]),
        severity: text(row["severity"]) as Severity,
        oldestAtMs: Number(row["oldest"]),
      })),
      deadLetters: dead.map((row) => ({
        target: text(row["target"]),
        reason: text(row["reason"]) as DeadLetter["reason"],
        count: Number(row["n"]),
      })),
      alerts: { firing, resolved: alerts - firing },
    };
  }

  forget(beforeMs: number, limit: number): number {
    // What is dead but was perhaps told and fires stays: its end is owed.
    const over = this.#all(
      `SELECT id, target, state FROM incidents WHERE state IN ('closed', 'not_told', 'dead') AND due_at IS NULL AND updated_at < ?
       AND NOT (state = 'dead' AND untold = 0 AND facts ->> '$.wanted.status' = 'firing') LIMIT ?`,
      beforeMs,
      limit,
    );
    if (over.length > 0) this.putGate("meta", "last_incident", this.#lastIncident);
    for (const { id, target, state } of over) {
      for (const { fingerprint } of this.#existing(id).members)
        this.#run("DELETE FROM members WHERE fingerprint = ? AND incident = ?", fingerprint, Number(id));
      this.#run("DELETE FROM history WHERE incident = ?", Number(id));
      this.#run("DELETE FROM incidents WHERE id = ?", Number(id));
      this.#incidents.delete(Number(id));
      this.#tally.add(text(target), text(state) as IncidentState, -1);
    }
    const letters = Number(
      this.#run(
        "DELETE FROM dead_letters WHERE id IN (SELECT id FROM dead_letters WHERE at < ? LIMIT ?)",
        beforeMs,
        limit,
      ).changes,
    );
    const alerts = this.#all(
      `DELETE FROM alerts WHERE fingerprint IN (SELECT fingerprint FROM alerts a WHERE status = 'resolved' AND confirmed_at < ?
       AND NOT EXISTS (SELECT 1 FROM incidents i WHERE i.dedup_key = a.fingerprint)
       AND NOT EXISTS (SELECT 1 FROM members m WHERE m.fingerprint = a.fingerprint) LIMIT ?) RETURNING fingerprint`,
      beforeMs,
      limit,
    );
    for (const row of alerts) this.#alerts.delete(text(row["fingerprint"]));
    return over.length + letters + alerts.length;
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.#db.prepare(sql)));
    return statement;
  }

  #run(sql: string, ...values: (string | number | null)[]) {
    this.#written = true;
    return this.#statement(sql).run(...values);
  }

  #get(sql: string, ...values: (string | number | null)[]): Row | undefined {
    return this.#statement(sql).get(...values);
  }

  #all(sql: string, ...values: (string | number | null)[]): Row[] {
    return this.#statement(sql).all(...values);
  }
}

/**
 * Rows kept at hand, by the length of their JSON: what is in flight, what has just come, and a backlog of some ten thousand
 * usual alerts. Reading them back costs more than half of what an event costs the ledger.
 */
const recentAlertsLength = 12_000_000;
const recentIncidentsLength = 8_000_000;

/** Of a row that is not at hand, as most are. */
const unknownWeight = 1_000;

/** The values set last, up to a sum of weights. */
class Recent<K, V> {
  readonly #entries = new Map<K, { value: V; weight: number }>();
  readonly #most: number;
  #weight = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get(key: K): V | undefined {
    return this.#entries.get(key)?.value;
  }

  set(key: K, value: V, weight: number): void {
    this.delete(key);
    this.#entries.set(key, { value, weight });
    this.#weight += weight;
    if (this.#weight > this.#most) this.#shrink();
  }

  /** Another value of about the same weight. */
  replace(key: K, value: V): void {
    this.set(key, value, this.#entries.get(key)?.weight ?? unknownWeight);
  }

  /** The oldest tenth at once: a Map that loses its first entry again and again is walked again and again. */
  #shrink(): void {
    for (const key of this.#entries.keys()) {
      if (this.#weight <= this.#most * 0.9) return;
      this.delete(key);
    }
  }

  delete(key: K): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#weight -= entry.weight;
  }

  clear(): void {
    this.#entries.clear();
    this.#weight = 0;
  }
}

const text = (value: unknown): string => value as string;

/** The content is parsed only where somebody reads it: a repeat replaces it unread. */
function alertRecord(row: Row): AlertRecord {
  const facts = JSON.parse(text(row["facts"])) as Pick<
    AlertRecord,
    "claims" | "incidents" | "routes" | "silent" | "firstSeenAtMs"
  >;
  let alert: Alert | undefined;
  return {
    ...facts,
    fingerprint: text(row["fingerprint"]),
    get alert() {
      return (alert ??= JSON.parse(text(row["content"])) as Alert);
    },
    status: text(row["status"]) as AlertRecord["status"],
    lookAtMs: row["look_at"] === null ? null : Number(row["look_at"]),
    confirmedAtMs: Number(row["confirmed_at"]),
  };
}

/** What an incident's `facts` hold: all that no column does. */
const facts = [
  "kind",
  "members",
  "wanted",
  "told",
  "opened",
  "reason",
  "overtaken",
  "repeat",
  "checkKey",
  "adopted",
  "attempts",
  "failures",
  "lastFailure",
  "confirmedAtMs",
  "retriedForMs",
  "manualUntilMs",
  "fellBack",
  "fallbackOf",
] as const satisfies readonly (keyof Incident)[];

function factsOf(incident: Incident): string {
  const { kind, members, wanted, told, opened, reason, overtaken, repeat, checkKey, adopted } = incident;
  const { attempts, failures, lastFailure, confirmedAtMs, retriedForMs, manualUntilMs, fellBack, fallbackOf } =
    incident;
  return JSON.stringify({
    kind,
    members,
    wanted,
    told,
    opened,
    reason,
    overtaken,
    repeat,
    checkKey,
    adopted,
    attempts,
    failures,
    lastFailure,
    confirmedAtMs,
    retriedForMs,
    manualUntilMs,
    fellBack,
    fallbackOf,
  } satisfies Pick<Incident, (typeof facts)[number]>);
}

/** Values are never changed in place, so the same value is the same fact. A flight's reason is its state's. */
const sameFacts = (a: Incident, b: Incident): boolean =>
  facts.every((fact) => a[fact] === b[fact] || (fact === "reason" && b.state === "in_flight"));

function incidentOf(row: Row): Incident {
  const known = JSON.parse(text(row["facts"])) as Pick<Incident, (typeof facts)[number]>;
  const state = text(row["state"]) as Incident["state"];
  return {
    ...known,
    reason: state === "in_flight" ? "in_flight" : known.reason,
    id: Number(row["id"]),
    target: text(row["target"]),
    dedupKey: text(row["dedup_key"]),
    endpoint: Number(row["endpoint"]),
    state,
    urgency: Number(row["urgency"]) as Incident["urgency"],
    dueAtMs: row["due_at"] === null ? null : Number(row["due_at"]),
    fallbackAtMs: row["fallback_at"] === null ? null : Number(row["fallback_at"]),
    flight: row["flight"] === null ? null : (JSON.parse(text(row["flight"])) as Incident["flight"]),
    acceptedAtMs: Number(row["accepted_at"]),
    updatedAtMs: Number(row["updated_at"]),
  };
}

function deadLetterOf(row: Row): DeadLetter {
  const letter = JSON.parse(text(row["facts"])) as DeadLetter;
  return {
    ...letter,
    id: Number(row["id"]),
    replayedAtMs: row["replayed_at"] === null ? null : Number(row["replayed_at"]),
  };
}

function compareVersions(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < b.length; i++) if ((a[i] ?? 0) !== b[i]) return (a[i] ?? 0) - (b[i] ?? 0);
  return 0;
}
