import {
  type AlertView,
  type ArrivedVerdict,
  type ChangeQuery,
  type ClaimShapeRequest,
  type LeaseRequest,
  type FiringAlert,
  type FiringPage,
  type IncidentQuery,
  type IncidentRepair,
  type Ledger,
  type Reading,
  type ReceiverEvent,
  type RelatedQuery,
  type Report,
  type ReroutedAlert,
  type ShapeResult,
  type TargetTerms,
  type VerdictEffect,
} from "@tocsin/core/decisions";
import { InFlight } from "../worker/in-flight.ts";
import { readAttemptNote } from "./attempt-note.ts";
import { applyVerdict } from "./apply-verdict.ts";
import { chargeAttempt } from "./charge-attempt.ts";
import { leaseDue } from "./lease-due.ts";
import { LedgerContext, type LedgerContextOptions } from "./ledger-context.ts";
import { listAlerts } from "./list-alerts.ts";
import { listChanges, relatedChanges } from "./list-changes.ts";
import { listDeadLetters } from "./list-dead-letters.ts";
import { recordChanges } from "./record-changes.ts";
import { recordClaims } from "./record-claims.ts";
import { repairIncident } from "./repair-incident.ts";
import { replayDeadLetter } from "./replay-dead-letter.ts";
import { reroute } from "./reroute.ts";
import { settleAttempt } from "./settle-attempt.ts";
import { summary } from "./summary.ts";
import { actByPerson } from "./act-by-person.ts";
import {
  applyReceiverEvent,
  pendingReceiverEvents,
  postponeReceiverEvent,
  receiverEventsKeptMs,
  storeReceiverEvents,
} from "./store-receiver-events.ts";
import { cachedVerdicts, claimShape, storeShape } from "./shapes.ts";
import { takeOver } from "./take-over.ts";
import type { PackedChange, PackedClaim } from "./wire-format.ts";
import { alertView, explain, incidentView, targetStatus } from "./views.ts";
import { readAlerts, recordReading } from "./record-reading.ts";
import { firingAlert, type Store } from "./store.ts";
import { applyTargets } from "./apply-targets.ts";

/** Until then, some process watches for changes by others. Ledger time, ms. */
export const watchedUntilMs = (store: Pick<Store, "gate">): number => Number(store.gate("meta", "watched") ?? 0);

/** How many rows of each kind one `deleteExpired` deletes, so that no operation waits long for it. */
const maxDeletedAtOnce = 200;

export interface LedgerCoreOptions extends LedgerContextOptions {
  /** No other process works on these rows. Leases found in them at the start belong to an earlier run of this one. */
  readonly soleOwner: boolean;
}

/**
 * The ledger's operations. They are synchronous; the caller owns the store and commits, so that memory, SQLite and PostgreSQL follow
 * the same rules. `at` sets the time of the operations that follow.
 */
export class LedgerCore {
  readonly #context: LedgerContext;
  readonly #inFlight = new InFlight();

  constructor(store: Store, options: LedgerCoreOptions) {
    this.#context = new LedgerContext(store, options);
    for (const { id, endpoint, flight } of store.inFlight()) {
      if (!flight) continue;
      this.#inFlight.add(flight.owner, this.#context.endpoint(endpoint).terms.name);
      this.#context.leaseExpiry.set(id, flight.leaseUntilMs);
      // The sole owner of the rows starts again after a stop or a crash: no lease of its earlier run is alive, and no attempt arrives late.
      const incident = options.soleOwner ? store.incident(id) : undefined;
      if (incident)
        this.#context.putDerived(incident, { ...takeOver(this.#context, this.#inFlight, incident), lateAttempts: [] });
    }
  }

  at(nowMs: number): void {
    this.#context.nowMs = nowMs;
  }

  useTargets(targets: readonly TargetTerms[]): void {
    applyTargets(this.#context, targets);
  }

  record(claims: readonly PackedClaim[]) {
    return recordClaims(this.#context, claims);
  }

  recordChanges(changes: readonly PackedChange[]) {
    return recordChanges(this.#context, changes);
  }

  changes(query: ChangeQuery) {
    return listChanges(this.#context, query);
  }

  relatedChanges(query: RelatedQuery) {
    return relatedChanges(this.#context, query);
  }

  readAlerts(source: string, fingerprints: readonly string[]) {
    return readAlerts(this.#context, source, fingerprints);
  }

  recordReading(reading: Reading): void {
    recordReading(this.#context, reading);
  }

  reroute(routed: readonly ReroutedAlert[]): readonly FiringAlert[] {
    return routed.flatMap((one) => reroute(this.#context, one) ?? []);
  }

  applyVerdicts(arrived: readonly ArrivedVerdict[]): readonly VerdictEffect[] {
    return arrived.map((one) => applyVerdict(this.#context, one));
  }

  readonly claimShape = (request: ClaimShapeRequest) => claimShape(this.#context, request);
  readonly storeShape = (result: ShapeResult) => storeShape(this.#context, result);
  readonly cachedVerdicts = (limit: number) => cachedVerdicts(this.#context, limit);

  leaseDue(request: LeaseRequest) {
    return leaseDue(this.#context, this.#inFlight, request);
  }

  settle(reports: readonly Report[]): boolean[] {
    return reports.map((report) => settleAttempt(this.#context, this.#inFlight, report));
  }

  acknowledge(id: number, by: string): boolean {
    return actByPerson(this.#context, id, "acknowledge", by);
  }

  resolve(id: number, by: string): boolean {
    return actByPerson(this.#context, id, "resolve", by);
  }

  storeReceiverEvents(events: readonly ReceiverEvent[]) {
    return storeReceiverEvents(this.#context, events);
  }

  pendingReceiverEvents(limit: number) {
    return pendingReceiverEvents(this.#context, limit);
  }

  applyReceiverEvent(callback: string, id: string, dedupKeys: readonly string[]) {
    return applyReceiverEvent(this.#context, callback, id, dedupKeys);
  }

  postponeReceiverEvent(callback: string, id: string, forMs: number): void {
    postponeReceiverEvent(this.#context, callback, id, forMs);
  }

  release(owner: string): void {
    const { store } = this.#context;
    for (const { id, flight } of store.inFlight()) {
      const incident = flight?.owner === owner ? store.incident(id) : undefined;
      if (incident) this.#context.putDerived(incident, takeOver(this.#context, this.#inFlight, incident));
    }
  }

  alert(fingerprint: string): AlertView | undefined {
    const record = this.#context.store.alert(fingerprint);
    return record && alertView(record, this.#context.nowMs);
  }

  explain(fingerprint: string) {
    return explain(this.#context, fingerprint);
  }

  alerts(page: { readonly after?: string; readonly limit: number }) {
    return listAlerts(this.#context, page);
  }

  firing({ held = false, ...page }: FiringPage) {
    const { store, nowMs, settings } = this.#context;
    const heldUntilMs = held ? nowMs + settings.reorderWindow : undefined;
    return store.firingAlerts({ ...page, heldUntilMs }).map((record) => firingAlert(record, nowMs));
  }

  incidents(query: IncidentQuery) {
    const { incidents, ...rest } = this.#context.store.incidents(query);
    return { incidents: incidents.map((incident) => incidentView(this.#context, incident)), ...rest };
  }

  incident(id: number) {
    const incident = this.#context.store.incident(id);
    return (
      incident && {
        view: incidentView(this.#context, incident),
        history: this.#context.store.history(id).map(readAttemptNote),
      }
    );
  }

  incidentsOf(ids: readonly number[]) {
    const { store } = this.#context;
    const found = ids.map((id) => store.incident(id)).filter((incident) => incident !== undefined);
    return found.map((incident) => incidentView(this.#context, incident));
  }

  newestIncidents(target: string, dedupKeys: readonly string[]) {
    const found = dedupKeys.flatMap((dedupKey) => this.#context.store.latestIncident(target, dedupKey) ?? []);
    return found.map((incident) => incidentView(this.#context, incident));
  }

  repairIncident(repair: IncidentRepair): boolean {
    return repairIncident(this.#context, repair);
  }

  deadLetters(query: Parameters<Ledger["deadLetters"]>[0]) {
    return listDeadLetters(this.#context, query);
  }

  deadLetter(id: number) {
    return this.#context.store.deadLetter(id);
  }

  dropDeadLetter(id: number): boolean {
    return this.#context.store.dropDeadLetter(id);
  }

  replay(id: number) {
    return replayDeadLetter(this.#context, id);
  }

  charge(target: string): boolean {
    return chargeAttempt(this.#context, target);
  }

  unblock(target: string, { proven }: { readonly proven: boolean }): void {
    const { gates, nowMs } = this.#context;
    const access = this.#context.target(target)?.terms.access;
    if (access === undefined) return;
    if (proven) gates.blocks.end(access, nowMs);
    else gates.blocks.retryNow(access, nowMs);
  }

  targetStatus(only?: "held_back") {
    return targetStatus(this.#context, only);
  }

  stats() {
    return { ...this.#context.store.stats(), nowMs: this.#context.nowMs };
  }

  summary(limit: number) {
    return summary(this.#context, limit);
  }

  putValue(name: string, text: string): void {
    this.#context.store.putGate("memory", name, text);
  }

  putValueIfAbsent(name: string, text: string): string {
    const first = this.getValue(name);
    if (first === undefined) this.putValue(name, text);
    return first ?? text;
  }

  getValue(name: string): string | undefined {
    return this.#context.store.gate("memory", name) as string | undefined;
  }

  /** A process watches for this long from now. False: its last watch ended earlier, and changes since then were not announced. */
  watched(forMs: number): boolean {
    const { store, nowMs } = this.#context;
    const untilMs = watchedUntilMs(store);
    store.putGate("meta", "watched", Math.max(untilMs, nowMs + forMs));
    return untilMs > nowMs;
  }

  probe(): void {
    this.#context.store.putGate("meta", "probe", this.#context.nowMs);
  }

  deleteExpired(beforeMs: number, changesBeforeMs: number): number {
    const receiverEventsBeforeMs = this.#context.nowMs - receiverEventsKeptMs;
    return this.#context.store.forget({
      beforeMs,
      changesBeforeMs,
      receiverEventsBeforeMs,
      maxRows: maxDeletedAtOnce,
    });
  }
}
