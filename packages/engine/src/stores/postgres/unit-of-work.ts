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
import { sameRow } from "../../ledger/incident-facts.ts";
import type {
  AlertRecord,
  ChangePage,
  ChangeRecord,
  ChangesAbout,
  FoundChanges,
  EndpointRecord,
  GateKind,
  IncidentInFlight,
  Slot,
  Store,
  FiringAlerts,
  WaitingLane,
  ForgetLimits,
  ReceiverEventRecord,
} from "../../ledger/store.ts";
import { MissingRows } from "./missing-rows.ts";
import { episodeKey, type ReadSet, receiverEventKey } from "./read-set.ts";
import { LaneOverlay } from "./lane-overlay.ts";
import { isMirrored, type ReplicaCache } from "./replica-cache.ts";
import { type Queries, queryKey, type QueryKind, type Query } from "./queries.ts";

export interface UnitOfWorkOptions {
  readonly readSet: ReadSet;
  readonly cache: ReplicaCache;
  /** The last number given to an incident or endpoint. */
  readonly lastId: number;
  /** How many rows of each lane are read at first. */
  readonly perLane: number;
}

/**
 * The store of one run of operations: the rows that were read, with the changes of the run on top. If the run asks for a row
 * that was not read, the row is noted as missing and the answer is as if there were none. The caller then discards the run,
 * reads the missing rows and runs the operations again.
 */
export class UnitOfWork implements Store {
  readonly missing = new MissingRows();
  readonly counts = new RowCounts();
  readonly alertsPut = new Map<string, { readonly before: AlertRecord | null; readonly after: AlertRecord }>();
  readonly incidentsPut = new Map<number, Incident>();
  /** The incidents of `incidentsPut` that have no row yet, and those whose row must be updated. */
  readonly inserted = new Set<number>();
  readonly rewritten = new Set<number>();
  readonly members: { readonly fingerprint: string; readonly incident: number }[] = [];
  readonly changesPut = new Map<string, ChangeRecord>();
  readonly receiverEventsPut = new Map<string, ReceiverEventRecord>();
  readonly historyAdded: HistoryEntry[] = [];
  readonly lettersAdded: Omit<DeadLetter, "id">[] = [];
  /** Undefined: dropped. */
  readonly letters = new Map<number, DeadLetter | undefined>();
  readonly endpointsPut = new Map<number, EndpointRecord>();
  readonly endpointsDropped = new Set<number>();
  readonly slotsPut = new Map<number, Slot>();
  readonly slotsDropped = new Set<number>();
  readonly gatesDropped = new Map<string, { readonly kind: GateKind; readonly id: string }>();
  readonly gatesPut = new Map<string, { readonly kind: GateKind; readonly id: string; readonly facts: unknown }>();
  readonly forgotten = {
    incidents: [] as number[],
    letters: [] as number[],
    alerts: [] as string[],
    changes: [] as string[],
    receiverEvents: [] as Pick<ReceiverEventRecord, "callback" | "id">[],
  };
  lastId: number;
  readonly #readSet: ReadSet;
  readonly #cache: ReplicaCache;
  readonly #lanes: LaneOverlay;
  readonly #episodes = new Map<string, number>();

  constructor({ readSet, cache, lastId, perLane }: UnitOfWorkOptions) {
    this.#readSet = readSet;
    this.#cache = cache;
    this.lastId = lastId;
    this.#lanes = new LaneOverlay(readSet, this.missing, perLane);
  }

  alert(fingerprint: string): AlertRecord | undefined {
    const put = this.alertsPut.get(fingerprint);
    if (put) return put.after;
    const read = this.#readSet.alerts.get(fingerprint);
    if (read === undefined) this.missing.alerts.add(fingerprint);
    return read ?? undefined;
  }

  putAlert(before: AlertRecord | undefined, after: AlertRecord): void {
    const { fingerprint, status } = after;
    const first = this.alertsPut.get(fingerprint);
    this.alertsPut.set(fingerprint, { before: first ? first.before : (before ?? null), after });
    if (before?.status === status) return;
    if (before) this.counts.addAlert(before.status, -1);
    this.counts.addAlert(status, 1);
  }

  alertsToLookAt(nowMs: number, limit: number): readonly AlertRecord[] {
    const come = this.#clockwork()?.lookAt.come ?? [];
    return [...new Set([...come, ...this.alertsPut.keys()])]
      .map((fingerprint) => this.alert(fingerprint))
      .filter((record) => record !== undefined)
      .filter(({ lookAtMs }) => lookAtMs !== null && lookAtMs <= nowMs)
      .toSorted((a, b) => (a.lookAtMs ?? 0) - (b.lookAtMs ?? 0))
      .slice(0, limit);
  }

  nextLookAtMs(): number | null {
    const lookAt = this.#clockwork()?.lookAt;
    const left = (lookAt?.come ?? []).filter((fingerprint) => !this.alertsPut.has(fingerprint));
    return earliest([
      lookAt?.nextMs ?? null,
      ...left.map((fingerprint) => this.alert(fingerprint)?.lookAtMs ?? null),
      ...Array.from(this.alertsPut.values(), ({ after }) => after.lookAtMs),
    ]);
  }

  #clockwork() {
    const { clockwork } = this.#readSet;
    // The lanes record the missing rows, because they know how many rows of each lane must be read.
    if (!clockwork) this.#lanes.all();
    return clockwork;
  }

  firingAlerts(page: FiringAlerts): readonly AlertRecord[] {
    return this.#query("firing", { page }, []);
  }

  alertsByFingerprint(after: string, limit: number): readonly AlertRecord[] {
    return this.#query("byFingerprint", { after, limit }, []);
  }

  silentAlerts(source: string): readonly string[] {
    const read = this.#readSet.silent.get(source);
    if (read === undefined) this.missing.silent.add(source);
    const silent = new Set(read);
    for (const [fingerprint, { after }] of this.alertsPut)
      if (after.silent.includes(source)) silent.add(fingerprint);
      else silent.delete(fingerprint);
    return [...silent];
  }

  incident(id: number): Incident | undefined {
    const put = this.incidentsPut.get(id);
    if (put) return put;
    const read = this.#readSet.incidents.get(id);
    if (read === undefined) this.missing.incidents.add(id);
    return read ?? undefined;
  }

  latestIncident(target: string, dedupKey: string): Incident | undefined {
    const key = episodeKey(target, dedupKey);
    const id = this.#episodes.get(key) ?? this.#readSet.episodes.get(key);
    if (id === undefined) this.missing.episodes.set(key, { target, dedupKey });
    return id === undefined || id === null ? undefined : this.incident(id);
  }

  previousIncident({ id, target, dedupKey }: Pick<Incident, "id" | "target" | "dedupKey">): Incident | undefined {
    const found = this.#query("previous", { of: { id, target, dedupKey } }, null);
    return found === null ? undefined : this.incident(found);
  }

  incidentsOfAlert(fingerprint: string): readonly number[] {
    return this.#query("ofAlert", { fingerprint }, []);
  }

  insertIncident(incident: Omit<Incident, "id">): Incident {
    const inserted: Incident = { ...incident, id: ++this.lastId };
    this.inserted.add(inserted.id);
    this.incidentsPut.set(inserted.id, inserted);
    this.#episodes.set(episodeKey(inserted.target, inserted.dedupKey), inserted.id);
    this.counts.addIncident(inserted, 1);
    this.#lanes.moved(undefined, inserted);
    return inserted;
  }

  putIncident(before: Incident, after: Incident): void {
    this.incidentsPut.set(after.id, after);
    if (!after.flight || !sameRow(before, after)) this.rewritten.add(after.id);
    this.counts.moveIncident(before, after);
    this.#lanes.moved(before, after);
  }

  addMember(fingerprint: string, { id, dedupKey }: Incident): void {
    if (dedupKey !== fingerprint) this.members.push({ fingerprint, incident: id });
  }

  lanes() {
    return this.#lanes.all();
  }

  dueIn(endpoint: number, urgency: Urgency, nowMs: number, limit: number): readonly Incident[] {
    return this.#lanes.dueIn(endpoint, urgency, nowMs, limit);
  }

  waiting(nowMs: number): readonly WaitingLane[] {
    return this.#query("waiting", { nowMs }, []);
  }

  mostUrgent(limit: number): readonly Incident[] {
    return this.#query("mostUrgent", { limit }, []);
  }

  untoldAt(endpoint: number, after: number, limit: number): readonly Incident[] {
    const ids = new Set(this.#query("untold", { endpoint }, []));
    for (const [id, incident] of this.incidentsPut) if (incident.endpoint === endpoint) ids.add(id);
    return [...ids]
      .filter((id) => id > after)
      .toSorted((a, b) => a - b)
      .map((id) => this.incident(id))
      .filter((one) => one !== undefined)
      .filter((one) => one.endpoint === endpoint && one.told === null && one.dueAtMs !== null && one.flight === null)
      .slice(0, limit);
  }

  fallbacksDue(nowMs: number, limit: number): readonly Incident[] {
    const come = this.#clockwork()?.fallbacks.come ?? [];
    return [...new Set([...come, ...this.incidentsPut.keys()])]
      .map((id) => this.incident(id))
      .filter((one) => one !== undefined)
      .filter(({ fallbackAtMs }) => fallbackAtMs !== null && fallbackAtMs <= nowMs)
      .slice(0, limit);
  }

  nextFallbackAtMs(): number | null {
    const fallbacks = this.#clockwork()?.fallbacks;
    const left = (fallbacks?.come ?? []).filter((id) => !this.incidentsPut.has(id));
    return earliest([
      fallbacks?.nextMs ?? null,
      ...left.map((id) => this.incident(id)?.fallbackAtMs ?? null),
      ...Array.from(this.incidentsPut.values(), ({ fallbackAtMs }) => fallbackAtMs),
    ]);
  }

  inFlight(): readonly IncidentInFlight[] {
    const unchanged = this.#cache.inFlight().filter(({ id }) => !this.incidentsPut.has(id));
    return [...unchanged, ...[...this.incidentsPut.values()].filter(({ flight }) => flight !== null)];
  }

  incidents(query: IncidentQuery) {
    const { incidents, ...rest } = this.#query("incidents", { query }, { incidents: [] });
    return { incidents: incidents.map((one) => this.incidentsPut.get(one.id) ?? one), ...rest };
  }

  change(key: string): ChangeRecord | undefined {
    const put = this.changesPut.get(key);
    if (put) return put;
    const read = this.#readSet.changes.get(key);
    if (read === undefined) this.missing.changes.add(key);
    return read ?? undefined;
  }

  putChange(_before: ChangeRecord | undefined, after: ChangeRecord): void {
    this.changesPut.set(after.key, after);
  }

  changes(page: ChangePage): FoundChanges {
    return this.#query("changes", { page }, { records: [], more: false });
  }

  changesAbout(about: ChangesAbout): readonly ChangeRecord[] {
    return this.#query("changesAbout", { about }, []);
  }

  receiverEvent(callback: string, id: string): ReceiverEventRecord | undefined {
    const key = receiverEventKey(callback, id);
    const put = this.receiverEventsPut.get(key);
    if (put) return put;
    const read = this.#readSet.receiverEvents.get(key);
    if (read === undefined) this.missing.receiverEvents.set(key, { callback, id });
    return read ?? undefined;
  }

  putReceiverEvent(_before: ReceiverEventRecord | undefined, after: ReceiverEventRecord): void {
    this.receiverEventsPut.set(receiverEventKey(after.callback, after.id), after);
  }

  pendingReceiverEvents(limit: number): readonly ReceiverEventRecord[] {
    return this.#query("pendingReceiverEvents", { limit }, []);
  }

  addHistory(entry: HistoryEntry): void {
    this.historyAdded.push(entry);
  }

  history(incident: number): readonly HistoryEntry[] {
    return this.#query("history", { incident }, []);
  }

  addDeadLetter(letter: Omit<DeadLetter, "id">): void {
    this.lettersAdded.push(letter);
  }

  deadLetters(limit: number, before: number, filter: DeadLetterFilter = {}): readonly DeadLetter[] {
    return this.#query("letters", { limit, before, filter }, []);
  }

  deadLetter(id: number): DeadLetter | undefined {
    return this.letters.has(id) ? this.letters.get(id) : this.#query("letter", { id }, undefined);
  }

  markReplayed(id: number, atMs: number): void {
    const letter = this.deadLetter(id);
    if (letter) this.letters.set(id, { ...letter, replayedAtMs: atMs });
  }

  dropDeadLetter(id: number): boolean {
    if (!this.deadLetter(id)) return false;
    this.letters.set(id, undefined);
    return true;
  }

  endpoints(): readonly EndpointRecord[] {
    const kept = this.#cache.endpoints.filter(({ id }) => !this.endpointsPut.has(id) && !this.endpointsDropped.has(id));
    return [...kept, ...this.endpointsPut.values()].toSorted((a, b) => a.id - b.id);
  }

  putEndpoint(record: Omit<EndpointRecord, "id"> & { readonly id?: number }): EndpointRecord {
    const stored = { ...record, id: record.id ?? ++this.lastId };
    this.endpointsPut.set(stored.id, stored);
    return stored;
  }

  dropEndpoint(id: number): void {
    this.endpointsPut.delete(id);
    this.endpointsDropped.add(id);
  }

  endpointInUse(id: number): boolean {
    return this.#query("atEndpoint", { endpoint: id }, 0) + this.counts.atEndpoint(id) > 0;
  }

  slots(): readonly Slot[] {
    const kept = [...this.#cache.slots.values()].filter(
      ({ token }) => !this.slotsPut.has(token) && !this.slotsDropped.has(token),
    );
    return [...kept, ...this.slotsPut.values()];
  }

  putSlot(slot: Slot): void {
    this.slotsPut.set(slot.token, slot);
  }

  dropSlots(credential: string, freeAtMs: number): void {
    const over = (slot: Slot): boolean => slot.credential === credential && slot.freeAtMs <= freeAtMs;
    for (const slot of this.#cache.slots.values()) if (over(slot)) this.slotsDropped.add(slot.token);
    for (const slot of this.slotsPut.values())
      if (over(slot) && this.slotsPut.delete(slot.token)) this.slotsDropped.add(slot.token);
  }

  gate(kind: GateKind, id: string): unknown {
    const put = this.gatesPut.get(`${kind}\0${id}`);
    if (put) return put.facts;
    if (this.gatesDropped.has(`${kind}\0${id}`)) return undefined;
    return isMirrored(kind) ? this.#cache.gate(kind, id) : this.#query("gate", { gate: kind, id }, undefined);
  }

  putGate(kind: GateKind, id: string, facts: unknown): void {
    this.gatesPut.set(`${kind}\0${id}`, { kind, id, facts });
    this.gatesDropped.delete(`${kind}\0${id}`);
  }

  dropGates(kind: GateKind, ids: readonly string[]): void {
    for (const id of ids) {
      this.gatesPut.delete(`${kind}\0${id}`);
      this.gatesDropped.set(`${kind}\0${id}`, { kind, id });
    }
  }

  gates(kind: GateKind): readonly (readonly [string, unknown])[] {
    const gates = new Map(isMirrored(kind) ? this.#cache.gates(kind) : this.#query("gates", { gate: kind }, []));
    for (const { kind: dropped, id } of this.gatesDropped.values()) if (dropped === kind) gates.delete(id);
    for (const put of this.gatesPut.values()) if (put.kind === kind) gates.set(put.id, put.facts);
    return [...gates];
  }

  stats(): Omit<LedgerStats, "nowMs"> {
    const none = { incidents: [], due: [], deadLetters: [], alerts: { firing: 0, resolved: 0 } };
    return this.#query("stats", { nothing: null }, none);
  }

  forget(limits: ForgetLimits): number {
    const { incidents, letters, alerts, changes, receiverEvents } = this.#query(
      "over",
      { limits },
      { incidents: [], letters: [], alerts: [], changes: [], receiverEvents: [] },
    );
    this.forgotten.changes.push(...changes);
    this.forgotten.receiverEvents.push(...receiverEvents);
    for (const incident of incidents) {
      this.forgotten.incidents.push(incident.id);
      this.counts.addIncident(incident, -1);
    }
    this.forgotten.letters.push(...letters);
    for (const { fingerprint, status } of alerts) {
      this.forgotten.alerts.push(fingerprint);
      this.counts.addAlert(status, -1);
    }
    return incidents.length + letters.length + alerts.length + changes.length + receiverEvents.length;
  }

  #query<K extends QueryKind>(
    kind: K,
    asks: Queries[K]["asks"],
    whileMissing: Queries[K]["answer"],
  ): Queries[K]["answer"] {
    const query = { kind, ...asks } as unknown as Query;
    const { answers } = this.#readSet;
    const key = queryKey(query);
    if (answers.has(key)) return answers.get(key);
    this.missing.addQuery(query);
    return whileMissing;
  }
}

function earliest(instants: readonly (number | null)[]): number | null {
  let first: number | null = null;
  for (const atMs of instants) if (atMs !== null && (first === null || atMs < first)) first = atMs;
  return first;
}
