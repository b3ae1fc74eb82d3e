import {
  type DeadLetter,
  type DeadLetterFilter,
  type HistoryEntry,
  type Incident,
  type IncidentQuery,
  type LedgerStats,
  type Severity,
  urgency as urgencies,
} from "@tocsin/core/decisions";
import type {
  AlertRecord,
  ChangePage,
  ChangeRecord,
  ChangesAbout,
  FoundChanges,
  ForgetLimits,
  EndpointRecord,
  GateKind,
  Lane,
  ReceiverEventRecord,
  Slot,
  Store,
  FiringAlerts,
  WaitingLane,
} from "../../ledger/store.ts";
import { changeColumnsOf, maxPageBytes, cutPage, withoutDetails } from "../../ledger/change-columns.ts";
import { RowCounts } from "../../ledger/row-counts.ts";

/** Rows in maps, with the promises of the port, for simulation and tests. All rows are lost when the process ends. */
export class MemoryStore implements Store {
  readonly #alerts = new Map<string, AlertRecord>();
  readonly #incidents = new Map<number, Incident>();
  readonly #episodes = new Map<string, number>();
  readonly #members = new Map<string, Set<number>>();
  /** Numbers of waiting incidents, by lane. */
  readonly #lanes = new Map<string, Set<number>>();
  /** Numbers of incidents that wait for their fallback. */
  readonly #fallbacks = new Set<number>();
  readonly #changes = new Map<string, ChangeRecord>();
  readonly #receiverEvents = new Map<string, ReceiverEventRecord>();
  readonly #history = new Map<number, HistoryEntry[]>();
  readonly #letters = new Map<number, DeadLetter>();
  readonly #endpoints = new Map<number, EndpointRecord>();
  readonly #slots = new Map<number, Slot>();
  readonly #gates = new Map<string, unknown>();
  readonly #counts = new RowCounts();
  #ids = 0;

  alert(fingerprint: string): AlertRecord | undefined {
    return this.#alerts.get(fingerprint);
  }

  putAlert(_before: AlertRecord | undefined, after: AlertRecord): void {
    this.#alerts.set(after.fingerprint, after);
  }

  alertsToLookAt(nowMs: number, limit: number): readonly AlertRecord[] {
    return this.#sortedAlerts(({ lookAtMs }) => lookAtMs !== null && lookAtMs <= nowMs)
      .toSorted((a, b) => (a.lookAtMs ?? 0) - (b.lookAtMs ?? 0))
      .slice(0, limit);
  }

  nextLookAtMs(): number | null {
    let next: number | null = null;
    for (const { lookAtMs } of this.#alerts.values())
      if (lookAtMs !== null && (next === null || lookAtMs < next)) next = lookAtMs;
    return next;
  }

  firingAlerts({ after = "", prefix = "", heldUntilMs, limit }: FiringAlerts): readonly AlertRecord[] {
    const isHeld = ({ lookAtMs }: AlertRecord): boolean =>
      heldUntilMs !== undefined && lookAtMs !== null && lookAtMs <= heldUntilMs;
    return this.#sortedAlerts(
      (record) =>
        (record.status === "firing" || isHeld(record)) &&
        record.fingerprint > after &&
        record.fingerprint.startsWith(prefix),
    ).slice(0, limit);
  }

  #sortedAlerts(take: (record: AlertRecord) => boolean): AlertRecord[] {
    return [...this.#alerts.values()].filter(take).toSorted((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
  }

  alertsByFingerprint(after: string, limit: number): readonly AlertRecord[] {
    return this.#sortedAlerts(({ fingerprint }) => fingerprint > after).slice(0, limit);
  }

  silentAlerts(source: string): readonly string[] {
    return this.#sortedAlerts(({ silent }) => silent.includes(source)).map(({ fingerprint }) => fingerprint);
  }

  incident(id: number): Incident | undefined {
    return this.#incidents.get(id);
  }

  latestIncident(target: string, dedupKey: string): Incident | undefined {
    const id = this.#episodes.get(`${target}\0${dedupKey}`);
    return id === undefined ? undefined : this.#incidents.get(id);
  }

  previousIncident({ id, target, dedupKey }: Pick<Incident, "id" | "target" | "dedupKey">): Incident | undefined {
    return [...this.#incidents.values()].findLast(
      (one) => one.id < id && one.target === target && one.dedupKey === dedupKey,
    );
  }

  incidentsOfAlert(fingerprint: string): readonly number[] {
    const newest = new Map<string, number>();
    for (const id of this.#members.get(fingerprint) ?? []) {
      const { target, dedupKey } = this.#incidents.get(id) as Incident;
      const key = `${target}\0${dedupKey}`;
      newest.set(key, Math.max(id, newest.get(key) ?? 0));
    }
    return [...newest.values()];
  }

  insertIncident(incident: Omit<Incident, "id">): Incident {
    const inserted: Incident = { ...incident, id: ++this.#ids };
    this.#episodes.set(`${incident.target}\0${incident.dedupKey}`, inserted.id);
    this.#incidents.set(inserted.id, inserted);
    this.#counts.addIncident(inserted, 1);
    this.#enlist(inserted);
    return inserted;
  }

  putIncident(before: Incident, after: Incident): void {
    this.#lanes.get(laneOf(before))?.delete(before.id);
    this.#incidents.set(after.id, after);
    this.#counts.moveIncident(before, after);
    this.#enlist(after);
  }

  #enlist(incident: Incident): void {
    if (incident.fallbackAtMs === null) this.#fallbacks.delete(incident.id);
    else this.#fallbacks.add(incident.id);
    if (incident.dueAtMs === null) return;
    const key = laneOf(incident);
    const lane = this.#lanes.get(key);
    if (lane) lane.add(incident.id);
    else this.#lanes.set(key, new Set([incident.id]));
  }

  addMember(fingerprint: string, { id }: Incident): void {
    const incidents = this.#members.get(fingerprint);
    if (incidents) incidents.add(id);
    else this.#members.set(fingerprint, new Set([id]));
  }

  lanes(): readonly Lane[] {
    const lanes: Lane[] = [];
    for (const [key, ids] of this.#lanes) {
      let next = Number.POSITIVE_INFINITY;
      for (const id of ids) next = Math.min(next, this.#incidents.get(id)?.dueAtMs ?? Number.POSITIVE_INFINITY);
      const [endpoint, urgency] = key.split("/").map(Number);
      if (ids.size > 0) lanes.push({ endpoint: endpoint ?? 0, urgency: urgency as Lane["urgency"], nextDueAtMs: next });
    }
    return lanes;
  }

  dueIn(endpoint: number, urgency: number, nowMs: number, limit: number): readonly Incident[] {
    return [...(this.#lanes.get(`${endpoint}/${urgency}`) ?? [])]
      .map((id) => this.#incidents.get(id) as Incident)
      .filter(({ dueAtMs }) => dueAtMs !== null && dueAtMs <= nowMs)
      .toSorted((a, b) => (a.dueAtMs ?? 0) - (b.dueAtMs ?? 0) || a.id - b.id)
      .slice(0, limit);
  }

  waiting(nowMs: number): readonly WaitingLane[] {
    return this.lanes().map(({ endpoint, urgency }) => {
      const lane = this.dueIn(endpoint, urgency, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER);
      const all = lane.filter(({ flight }) => flight === null);
      const now = all.filter(({ dueAtMs }) => (dueAtMs ?? 0) <= nowMs).length;
      return { endpoint, urgency, now, later: all.length - now };
    });
  }

  mostUrgent(limit: number): readonly Incident[] {
    return this.lanes()
      .filter(({ urgency }) => urgency !== urgencies.reminder)
      .flatMap(({ endpoint, urgency }) => {
        const lane = this.dueIn(endpoint, urgency, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER);
        const oldest = lane
          .filter(({ state, wanted }) => state === "due" && !wanted.acknowledged)
          .toSorted((a, b) => (a.dueSinceMs ?? 0) - (b.dueSinceMs ?? 0) || a.id - b.id);
        return [...new Set([...lane.slice(0, limit), ...oldest.slice(0, limit)])];
      });
  }

  untoldAt(endpoint: number, after: number, limit: number): readonly Incident[] {
    return [...this.#incidents.values()]
      .filter((one) => one.endpoint === endpoint && one.id > after && one.told === null)
      .filter(({ dueAtMs, flight }) => dueAtMs !== null && flight === null)
      .slice(0, limit);
  }

  fallbacksDue(nowMs: number, limit: number): readonly Incident[] {
    return [...this.#fallbacks]
      .map((id) => this.#incidents.get(id) as Incident)
      .filter(({ fallbackAtMs }) => fallbackAtMs !== null && fallbackAtMs <= nowMs)
      .slice(0, limit);
  }

  nextFallbackAtMs(): number | null {
    let next: number | null = null;
    for (const id of this.#fallbacks) {
      const atMs = this.#incidents.get(id)?.fallbackAtMs ?? null;
      if (atMs !== null && (next === null || atMs < next)) next = atMs;
    }
    return next;
  }

  inFlight(): readonly Incident[] {
    return [...this.#incidents.values()].filter(({ flight }) => flight !== null);
  }

  incidents(query: IncidentQuery): { incidents: readonly Incident[]; nextCursor?: string } {
    const before = query.cursor === undefined ? Number.POSITIVE_INFINITY : Number(query.cursor);
    const found = [...this.#incidents.values()]
      .filter(
        ({ id, state, target, wanted: { severity } }) =>
          id < before &&
          (query.state ?? state) === state &&
          (query.target ?? target) === target &&
          (query.severity ?? severity) === severity,
      )
      .filter(({ id }) => query.fingerprint === undefined || this.#members.get(query.fingerprint)?.has(id) === true)
      .toReversed();
    const incidents = found.slice(0, query.limit);
    const last = incidents.at(-1);
    return found.length > query.limit && last ? { incidents, nextCursor: String(last.id) } : { incidents };
  }

  change(key: string): ChangeRecord | undefined {
    return this.#changes.get(key);
  }

  putChange(_before: ChangeRecord | undefined, after: ChangeRecord): void {
    this.#changes.set(after.key, after);
  }

  changes({ sinceMs, before, limit }: ChangePage): FoundChanges {
    const isAfter = ({ key, change: { timestampMs } }: ChangeRecord): boolean =>
      !before || timestampMs < before.atMs || (timestampMs === before.atMs && key < before.key);
    const found = this.#newestChanges((one) => one.change.timestampMs >= sinceMs && isAfter(one));
    let bytes = 0;
    const records = found.slice(0, limit).filter((one) => {
      const fits = bytes < maxPageBytes;
      bytes += changeColumnsOf(one).details?.length ?? 0;
      return fits;
    });
    return cutPage(records, found.length, limit);
  }

  changesAbout({ service, app, fromMs, toMs, limit }: ChangesAbout): readonly ChangeRecord[] {
    const newest = this.#newestChanges(({ change: { timestampMs } }) => timestampMs >= fromMs && timestampMs <= toMs);
    const having = (name: string, value: string | undefined): ChangeRecord[] =>
      newest
        .filter(({ change }) => value !== undefined && change.labels[name] === value)
        .slice(0, limit)
        .map(withoutDetails);
    return [...having("service", service), ...having("app", app)];
  }

  #newestChanges(take: (record: ChangeRecord) => boolean): ChangeRecord[] {
    return [...this.#changes.values()]
      .filter(take)
      .toSorted((a, b) => b.change.timestampMs - a.change.timestampMs || (a.key < b.key ? 1 : -1));
  }

  receiverEvent(callback: string, id: string): ReceiverEventRecord | undefined {
    return this.#receiverEvents.get(`${callback}\0${id}`);
  }

  putReceiverEvent(_before: ReceiverEventRecord | undefined, after: ReceiverEventRecord): void {
    this.#receiverEvents.set(`${after.callback}\0${after.id}`, after);
  }

  pendingReceiverEvents(limit: number): readonly ReceiverEventRecord[] {
    return [...this.#receiverEvents.values()]
      .filter(({ pending }) => pending !== undefined)
      .toSorted((a, b) => (a.pending?.lookUpAtMs ?? 0) - (b.pending?.lookUpAtMs ?? 0))
      .slice(0, limit);
  }

  addHistory(entry: HistoryEntry): void {
    const entries = this.#history.get(entry.incident);
    if (entries) entries.push(entry);
    else this.#history.set(entry.incident, [entry]);
  }

  history(incident: number): readonly HistoryEntry[] {
    return this.#history.get(incident) ?? [];
  }

  addDeadLetter(letter: Omit<DeadLetter, "id">): void {
    const id = ++this.#ids;
    this.#letters.set(id, { ...letter, id });
  }

  deadLetters(limit: number, before: number, filter: DeadLetterFilter = {}): readonly DeadLetter[] {
    const { beforeMs = Number.POSITIVE_INFINITY } = filter;
    return [...this.#letters.values()]
      .filter(({ id, atMs }) => id < before && atMs < beforeMs)
      .filter(({ target, reason }) => target === (filter.target ?? target) && reason === (filter.reason ?? reason))
      .filter(({ replayedAtMs }) => filter.replayed === undefined || filter.replayed === (replayedAtMs !== null))
      .toReversed()
      .slice(0, limit);
  }

  deadLetter(id: number): DeadLetter | undefined {
    return this.#letters.get(id);
  }

  markReplayed(id: number, atMs: number): void {
    const letter = this.#letters.get(id);
    if (letter) this.#letters.set(id, { ...letter, replayedAtMs: atMs });
  }

  dropDeadLetter(id: number): boolean {
    return this.#letters.delete(id);
  }

  endpoints(): readonly EndpointRecord[] {
    return [...this.#endpoints.values()];
  }

  putEndpoint(record: Omit<EndpointRecord, "id"> & { readonly id?: number }): EndpointRecord {
    const stored = { ...record, id: record.id ?? ++this.#ids };
    this.#endpoints.set(stored.id, stored);
    return stored;
  }

  dropEndpoint(id: number): void {
    this.#endpoints.delete(id);
  }

  endpointInUse(id: number): boolean {
    return this.#counts.atEndpoint(id) > 0;
  }

  slots(): readonly Slot[] {
    return [...this.#slots.values()];
  }

  putSlot(slot: Slot): void {
    this.#slots.set(slot.token, slot);
  }

  dropSlots(credential: string, freeAtMs: number): void {
    for (const slot of this.#slots.values())
      if (slot.credential === credential && slot.freeAtMs <= freeAtMs) this.#slots.delete(slot.token);
  }

  gate(kind: GateKind, id: string): unknown {
    return this.#gates.get(`${kind}\0${id}`);
  }

  putGate(kind: GateKind, id: string, facts: unknown): void {
    this.#gates.set(`${kind}\0${id}`, facts);
  }

  dropGates(kind: GateKind, ids: readonly string[]): void {
    for (const id of ids) this.#gates.delete(`${kind}\0${id}`);
  }

  gates(kind: GateKind): readonly (readonly [string, unknown])[] {
    const prefix = `${kind}\0`;
    return [...this.#gates]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, facts]) => [key.slice(prefix.length), facts]);
  }

  stats(): Omit<LedgerStats, "nowMs"> {
    const due = new Map<string, { target: string; severity: Severity; oldestAtMs: number }>();
    for (const { target, wanted, dueSinceMs } of this.#incidents.values()) {
      if (dueSinceMs === null) continue;
      const key = `${target}\0${wanted.severity}`;
      const oldestAtMs = Math.min(due.get(key)?.oldestAtMs ?? dueSinceMs, dueSinceMs);
      due.set(key, { target, severity: wanted.severity, oldestAtMs });
    }
    const dead = Map.groupBy(this.#letters.values(), ({ target, reason }) => `${target}\0${reason}`);
    const firing = this.#sortedAlerts(({ status }) => status === "firing").length;
    return {
      incidents: this.#counts.incidents(),
      due: [...due.values()],
      deadLetters: [...dead.values()].flatMap((letters) =>
        letters.slice(0, 1).map(({ target, reason }) => ({ target, reason, count: letters.length })),
      ),
      alerts: { firing, resolved: this.#alerts.size - firing },
    };
  }

  forget({ beforeMs, changesBeforeMs, receiverEventsBeforeMs, maxRows }: ForgetLimits): number {
    let gone = 0;
    for (const {
      id,
      state,
      kind,
      target,
      endpoint,
      dedupKey,
      dueAtMs,
      updatedAtMs,
      members,
      told,
      wanted,
    } of this.#incidents.values()) {
      if (gone >= maxRows) break;
      const over = (state === "closed" || state === "not_told" || state === "dead") && dueAtMs === null;
      // A dead incident that fires and was perhaps sent: its resolve is still owed.
      const owed = state === "dead" && told !== null && wanted.status === "firing" && kind !== "change";
      if (!over || owed || updatedAtMs >= beforeMs) continue;
      for (const { fingerprint } of members) this.#members.get(fingerprint)?.delete(id);
      if (this.#episodes.get(`${target}\0${dedupKey}`) === id) this.#episodes.delete(`${target}\0${dedupKey}`);
      this.#incidents.delete(id);
      this.#history.delete(id);
      this.#counts.addIncident({ target, state, endpoint, dueAtMs }, -1);
      gone++;
    }
    for (const { key, acceptedAtMs } of this.#changes.values())
      if (acceptedAtMs < changesBeforeMs && this.#changes.delete(key)) gone++;
    for (const [key, { receivedAtMs }] of this.#receiverEvents)
      if (receivedAtMs < receiverEventsBeforeMs && this.#receiverEvents.delete(key)) gone++;
    for (const letter of this.#letters.values()) if (letter.atMs < beforeMs && this.#letters.delete(letter.id)) gone++;
    for (const { fingerprint, status, confirmedAtMs } of this.#alerts.values())
      if (
        status === "resolved" &&
        confirmedAtMs < beforeMs &&
        !this.#members.get(fingerprint)?.size &&
        this.#alerts.delete(fingerprint)
      )
        gone++;
    return gone;
  }
}

const laneOf = ({ endpoint, urgency }: Incident): string => `${endpoint}/${urgency}`;
