import type {
  DeadLetter,
  DeadLetterFilter,
  HistoryEntry,
  Incident,
  IncidentQuery,
  LedgerStats,
  Urgency,
} from "@tocsin/core/decisions";
import { RowCounts } from "../../ledger/row-counts.ts";
import type {
  AlertRecord,
  ChangePage,
  ChangeRecord,
  ChangesAbout,
  EndpointRecord,
  ForgetLimits,
  GateKind,
  ReceiverEventRecord,
  Slot,
  Store,
  FiringAlerts,
  WaitingLane,
} from "../../ledger/store.ts";
import { AlertRows } from "./alert-rows.ts";
import { ChangeRows } from "./change-rows.ts";
import { Database, type DatabaseOptions, text } from "./database.ts";
import { IncidentRows } from "./incident-rows.ts";
import { DeadLetterRows } from "./dead-letter-rows.ts";
import { ReceiverEventRows } from "./receiver-event-rows.ts";

/** The ledger's rows in one SQLite file. After a rollback, everything that memory keeps is read from the rows again. */
export class SqliteStore implements Store {
  readonly #db: Database;
  readonly #counts = new RowCounts();
  readonly #alerts: AlertRows;
  readonly #incidents: IncidentRows;
  readonly #changes: ChangeRows;
  readonly #deadLetters: DeadLetterRows;
  readonly #receiverEvents: ReceiverEventRows;

  /** @throws Error if the file belongs to another process or a newer version */
  constructor(path: string, options: DatabaseOptions = {}) {
    this.#db = new Database(path, options);
    this.#alerts = new AlertRows(this.#db, this.#counts);
    this.#incidents = new IncidentRows(this.#db, this.#counts);
    this.#changes = new ChangeRows(this.#db);
    this.#receiverEvents = new ReceiverEventRows(this.#db);
    // Every process starts its numbers again, perhaps in the same millisecond as the one before it. The epoch keeps them apart.
    this.#deadLetters = new DeadLetterRows(this.#db, Number(this.gate("meta", "epoch") ?? 0) * 2 ** 20);
    this.#reload();
  }

  #reload(): void {
    const counts = this.#db.all("SELECT what, n FROM counts WHERE n <> 0");
    this.#counts.load(counts.map((row): [string, number] => [text(row["what"]), Number(row["n"])]));
    this.#alerts.reload();
    this.#incidents.reload();
  }

  begin(): void {
    this.#db.begin();
  }

  /** Returns after the fsync. The same commit writes the ledger's time. */
  commit(nowMs: number): void {
    this.#incidents.flush();
    for (const [what, n] of this.#counts.takeChanged())
      this.#db.run(
        "INSERT INTO counts (what, n) VALUES (?, ?) ON CONFLICT (what) DO UPDATE SET n = excluded.n",
        what,
        n,
      );
    if (this.#db.written) this.putGate("meta", "time", nowMs);
    this.#db.commit();
  }

  rollback(): void {
    this.#db.rollback();
    this.#reload();
  }

  backup(file: string): Promise<void> {
    return this.#db.backup(file);
  }

  close(): void {
    this.#db.close();
  }

  alert(fingerprint: string) {
    return this.#alerts.get(fingerprint);
  }

  putAlert(before: AlertRecord | undefined, after: AlertRecord): void {
    this.#alerts.put(before, after);
  }

  alertsToLookAt(nowMs: number, limit: number) {
    return this.#alerts.toLookAt(nowMs, limit);
  }

  nextLookAtMs() {
    return this.#alerts.nextLookAtMs();
  }

  firingAlerts(page: FiringAlerts) {
    return this.#alerts.firing(page);
  }

  alertsByFingerprint(after: string, limit: number) {
    return this.#alerts.byFingerprint(after, limit);
  }

  silentAlerts(source: string) {
    return this.#alerts.silent(source);
  }

  incident(id: number) {
    return this.#incidents.get(id);
  }

  latestIncident(target: string, dedupKey: string) {
    return this.#incidents.latest(target, dedupKey);
  }

  previousIncident(of: Pick<Incident, "id" | "target" | "dedupKey">) {
    return this.#incidents.previous(of);
  }

  incidentsOfAlert(fingerprint: string) {
    return this.#incidents.ofAlert(fingerprint);
  }

  insertIncident(incident: Omit<Incident, "id">) {
    return this.#incidents.insert(incident);
  }

  putIncident(before: Incident, after: Incident): void {
    this.#incidents.put(before, after);
  }

  addMember(fingerprint: string, incident: Incident): void {
    this.#incidents.addMember(fingerprint, incident);
  }

  lanes() {
    return this.#incidents.lanes();
  }

  dueIn(endpoint: number, urgency: Urgency, nowMs: number, limit: number) {
    return this.#incidents.dueIn(endpoint, urgency, nowMs, limit);
  }

  waiting(nowMs: number): readonly WaitingLane[] {
    return this.#incidents.waiting(nowMs);
  }

  mostUrgent(limit: number): readonly Incident[] {
    return this.#incidents.mostUrgent(limit);
  }

  untoldAt(endpoint: number, after: number, limit: number) {
    return this.#incidents.untoldAt(endpoint, after, limit);
  }

  fallbacksDue(nowMs: number, limit: number) {
    return this.#incidents.fallbacksDue(nowMs, limit);
  }

  nextFallbackAtMs() {
    return this.#incidents.nextFallbackAtMs();
  }

  inFlight() {
    return this.#incidents.inFlight();
  }

  incidents(query: IncidentQuery) {
    return this.#incidents.find(query);
  }

  change(key: string) {
    return this.#changes.get(key);
  }

  putChange(before: ChangeRecord | undefined, after: ChangeRecord): void {
    this.#changes.put(before, after);
  }

  changes(page: ChangePage) {
    return this.#changes.page(page);
  }

  changesAbout(about: ChangesAbout) {
    return this.#changes.about(about);
  }

  receiverEvent(callback: string, id: string) {
    return this.#receiverEvents.get(callback, id);
  }

  putReceiverEvent(_before: ReceiverEventRecord | undefined, after: ReceiverEventRecord): void {
    this.#receiverEvents.put(after);
  }

  pendingReceiverEvents(limit: number) {
    return this.#receiverEvents.pending(limit);
  }

  /** The records after this one, in order of callback and id. */
  receiverEventsAfter(after: Pick<ReceiverEventRecord, "callback" | "id">, limit: number) {
    return this.#receiverEvents.page(after, limit);
  }

  addHistory(entry: HistoryEntry): void {
    this.#deadLetters.addHistory(entry);
  }

  history(incident: number) {
    return this.#deadLetters.history(incident);
  }

  addDeadLetter(letter: Omit<DeadLetter, "id">): void {
    this.#deadLetters.add(letter);
  }

  deadLetters(limit: number, before: number, filter?: DeadLetterFilter) {
    return this.#deadLetters.list(limit, before, filter);
  }

  deadLetter(id: number) {
    return this.#deadLetters.get(id);
  }

  markReplayed(id: number, atMs: number): void {
    this.#deadLetters.markReplayed(id, atMs);
  }

  dropDeadLetter(id: number): boolean {
    return this.#deadLetters.drop(id);
  }

  endpoints(): readonly EndpointRecord[] {
    return this.#db.all("SELECT * FROM endpoints").map((row) => ({
      id: Number(row["id"]),
      current: row["current"] === 1,
      terms: JSON.parse(text(row["terms"])) as EndpointRecord["terms"],
    }));
  }

  putEndpoint(record: Omit<EndpointRecord, "id"> & { readonly id?: number }): EndpointRecord {
    const terms = JSON.stringify(record.terms);
    const current = record.current ? 1 : 0;
    if (record.id === undefined) {
      const { lastInsertRowid: id } = this.#db.run(
        "INSERT INTO endpoints (current, terms) VALUES (?, ?)",
        current,
        terms,
      );
      return { ...record, id };
    }
    this.#db.run("UPDATE endpoints SET current = ?, terms = ? WHERE id = ?", current, terms, record.id);
    return { ...record, id: record.id };
  }

  dropEndpoint(id: number): void {
    this.#db.run("DELETE FROM endpoints WHERE id = ?", id);
  }

  endpointInUse(id: number): boolean {
    return this.#counts.atEndpoint(id) > 0;
  }

  slots(): readonly Slot[] {
    return this.#db.all("SELECT * FROM slots").map((row) => ({
      token: Number(row["token"]),
      credential: text(row["credential"]),
      urgency: Number(row["urgency"]) as Urgency,
      freeAtMs: Number(row["free_at"]),
    }));
  }

  putSlot({ token, credential, urgency, freeAtMs }: Slot): void {
    this.#db.run(
      "INSERT OR REPLACE INTO slots (token, credential, urgency, free_at) VALUES (?, ?, ?, ?)",
      token,
      credential,
      urgency,
      freeAtMs,
    );
  }

  dropSlots(credential: string, freeAtMs: number): void {
    this.#db.run("DELETE FROM slots WHERE credential = ? AND free_at <= ?", credential, freeAtMs);
  }

  gate(kind: GateKind, id: string): unknown {
    const row = this.#db.get("SELECT facts FROM gates WHERE kind = ? AND id = ?", kind, id);
    return row && JSON.parse(text(row["facts"]));
  }

  putGate(kind: GateKind, id: string, facts: unknown): void {
    this.#db.run("INSERT OR REPLACE INTO gates (kind, id, facts) VALUES (?, ?, ?)", kind, id, JSON.stringify(facts));
  }

  dropGates(kind: GateKind, ids: readonly string[]): void {
    for (const id of ids) this.#db.run("DELETE FROM gates WHERE kind = ? AND id = ?", kind, id);
  }

  gates(kind: GateKind): readonly (readonly [string, unknown])[] {
    return this.#db
      .all("SELECT id, facts FROM gates WHERE kind = ?", kind)
      .map((row) => [text(row["id"]), JSON.parse(text(row["facts"])) as unknown]);
  }

  stats(): Omit<LedgerStats, "nowMs"> {
    return {
      incidents: this.#counts.incidents(),
      due: this.#incidents.oldestDue(),
      deadLetters: this.#deadLetters.counts(),
      alerts: { firing: this.#counts.alerts("firing"), resolved: this.#counts.alerts("resolved") },
    };
  }

  forget({ beforeMs, changesBeforeMs, receiverEventsBeforeMs, maxRows }: ForgetLimits): number {
    return (
      this.#incidents.forget(beforeMs, maxRows) +
      this.#deadLetters.forget(beforeMs, maxRows) +
      this.#alerts.forget(beforeMs, maxRows) +
      this.#changes.forget(changesBeforeMs, maxRows) +
      this.#receiverEvents.forget(receiverEventsBeforeMs, maxRows)
    );
  }
}
