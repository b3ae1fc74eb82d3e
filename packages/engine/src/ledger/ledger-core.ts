import {
  type AlertView,
  type LeaseRequest,
  type DeliverySettings,
  type FiringPage,
  type Incident,
  type IncidentQuery,
  plan,
  type Reading,
  type Route,
  type StateChange,
  type TargetTerms,
  urgency,
} from "@tocsin/core/decisions";
import { Flights } from "../worker/in-flight.ts";
import { leaseDue, overtake } from "./lease-due.ts";
import { Desk } from "./ledger-context.ts";
import { atCurrentEndpoint, settle } from "./settle-attempt.ts";
import { reroute, recordClaims } from "./record-claims.ts";
import { wanting } from "./group-members.ts";
import type { PackedReport, PackedRoutedClaim } from "./wire-format.ts";
import { alertView, explain, incidentView, targetStatus } from "./views.ts";
import { readAlerts, recordReading } from "./record-reading.ts";
import { alertIn, type Store } from "./store.ts";
import { useTargets } from "./apply-targets.ts";

/** Until then some process wants to be told what others change. Ledger time, ms. */
export const watchedUntilMs = (store: Pick<Store, "gate">): number => Number(store.gate("meta", "watched") ?? 0);

/** Rows that one `forget` deletes of each kind, so that nobody waits for it. */
const forgetAtOnce = 200;

export interface CoreOptions {
  readonly settings: DeliverySettings;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  readonly nowMs: number;
  /** When this process began to listen: until `expiryGrace` later no inferred end is believed. */
  readonly startedAtMs: number;
  /** No other process works on these rows, so leases found in them are of a former life. */
  readonly soleOwner: boolean;
  /** Numbers of leases, growing over all processes. @default counted in this one, under an epoch kept with the rows */
  readonly nextToken?: () => number;
  /** Called with the number of each incident that is stored. */
  readonly stored?: (incident: number) => void;
  /** Called with each change of state that operators are told of, before it is committed. */
  readonly reported?: (change: StateChange) => void;
}

/**
 * The ledger's operations, synchronous, over rows that somebody else stores and commits: the same rules for memory, SQLite
 * and PostgreSQL. `at` sets the time of what follows.
 */
export class LedgerCore {
  readonly #desk: Desk;
  readonly #flights = new Flights();

  constructor(store: Store, options: CoreOptions) {
    this.#desk = new Desk(store, options);
    for (const { id, endpoint, flight } of store.inFlight()) {
      if (!flight) continue;
      this.#flights.add(flight.owner, this.#desk.endpoint(endpoint).terms.name);
      this.#desk.leaseEnds.set(id, flight.leaseUntilMs);
      // The sole owner of a file that was closed or killed: no lease of its former life is alive, nothing arrives late.
      const incident = options.soleOwner ? store.incident(id) : undefined;
      if (incident) this.#desk.planned(incident, { ...overtake(this.#desk, this.#flights, incident), overtaken: [] });
    }
  }

  at(nowMs: number): void {
    this.#desk.nowMs = nowMs;
  }

  useTargets(targets: readonly TargetTerms[]): void {
    useTargets(this.#desk, targets);
  }

  record(wants: readonly PackedRoutedClaim[]) {
    return recordClaims(this.#desk, wants);
  }

  readAlerts(source: string, fingerprints: readonly string[]) {
    return readAlerts(this.#desk, source, fingerprints);
  }

  recordReading(reading: Reading): void {
    recordReading(this.#desk, reading);
  }

  reroute(routed: readonly { readonly fingerprint: string; readonly routes: readonly Route[] }[]): void {
    for (const { fingerprint, routes } of routed) reroute(this.#desk, fingerprint, routes);
  }

  leaseDue(request: LeaseRequest) {
    return leaseDue(this.#desk, this.#flights, request);
  }

  settle(reports: readonly PackedReport[]): boolean[] {
    return settle(this.#desk, this.#flights, reports);
  }

  acknowledge(id: number, by: string): boolean {
    return this.#byPerson(id, `acknowledged by ${by}`, (incident) => ({
      ...incident,
      wanted: { ...incident.wanted, acknowledged: true, atMs: this.#desk.nowMs },
    }));
  }

  resolve(id: number, by: string): boolean {
    const { nowMs, settings } = this.#desk;
    return this.#byPerson(id, `resolved by ${by}`, (incident) => ({
      ...wanting(
        incident,
        incident.members.map((member) => ({ ...member, status: "resolved" as const })),
        nowMs,
      ),
      manualUntilMs: nowMs + settings.manualResolveFor,
    }));
  }

  #byPerson(id: number, what: string, change: (incident: Incident) => Incident): boolean {
    const incident = this.#desk.store.incident(id);
    if (!incident || incident.state === "closed" || incident.wanted.status === "resolved") return false;
    this.#desk.note(id, what);
    this.#desk.changed(incident, { ...change(incident), updatedAtMs: this.#desk.nowMs });
    return true;
  }

  release(owner: string): void {
    const { store } = this.#desk;
    for (const { id, flight } of store.inFlight()) {
      const incident = flight?.owner === owner ? store.incident(id) : undefined;
      if (incident) this.#desk.planned(incident, overtake(this.#desk, this.#flights, incident));
    }
  }

  alert(fingerprint: string): AlertView | undefined {
    const record = this.#desk.store.alert(fingerprint);
    return record && alertView(record);
  }

  explain(fingerprint: string) {
    return explain(this.#desk, fingerprint);
  }

  alerts({ after = "", limit }: { readonly after?: string; readonly limit: number }) {
    return this.#desk.store.alertsByFingerprint(after, limit).map(alertIn);
  }

  firing({ held = false, ...page }: FiringPage) {
    const { store, nowMs, settings } = this.#desk;
    const heldUntilMs = held ? nowMs + settings.reorderWindow : undefined;
    return store.firingAlerts({ ...page, heldUntilMs }).map(alertIn);
  }

  incidents(query: IncidentQuery) {
    const { incidents, ...rest } = this.#desk.store.incidents(query);
    return { incidents: incidents.map((incident) => incidentView(this.#desk, incident)), ...rest };
  }

  incident(id: number) {
    const incident = this.#desk.store.incident(id);
    return incident && { view: incidentView(this.#desk, incident), history: this.#desk.store.history(id) };
  }

  incidentsOf(ids: readonly number[]) {
    const { store } = this.#desk;
    const found = ids.map((id) => store.incident(id)).filter((incident) => incident !== undefined);
    return found.map((incident) => incidentView(this.#desk, incident));
  }

  deadLetters({ limit, cursor }: { readonly limit: number; readonly cursor?: string }) {
    const letters = this.#desk.store.deadLetters(
      limit + 1,
      cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor),
    );
    const deadLetters = letters.slice(0, limit);
    const last = deadLetters.at(-1);
    return letters.length > limit && last ? { deadLetters, nextCursor: String(last.id) } : { deadLetters };
  }

  deadLetter(id: number) {
    return this.#desk.store.deadLetter(id);
  }

  dropDeadLetter(id: number): boolean {
    return this.#desk.store.dropDeadLetter(id);
  }

  replay(id: number): "replayed" | "already_replayed" | "not_found" {
    const desk = this.#desk;
    const letter = desk.store.deadLetter(id);
    if (!letter) return "not_found";
    if (letter.replayedAtMs !== null) return "already_replayed";
    desk.store.markReplayed(id, desk.nowMs);
    const incident = desk.store.incident(letter.incident);
    if (incident?.state === "dead") {
      desk.note(incident.id, "replayed");
      const alive = {
        ...atCurrentEndpoint(desk, incident),
        state: "due" as const,
        failures: 0,
        retriedForMs: 0,
        dueAtMs: desk.nowMs,
      };
      desk.put(incident, plan(alive, desk.dueTerms(alive), desk.nowMs));
    }
    return "replayed";
  }

  charge(target: string): boolean {
    const { gates, nowMs, store } = this.#desk;
    const terms = this.#desk.target(target)?.terms;
    if (!terms || gates.throttle(terms.credential).pausedUntilMs !== null) return false;
    const { credential, timeoutMs } = terms;
    if (gates.room(credential, urgency.reminder, this.#desk.waiting(store.lanes()).at(credential), nowMs) < 1)
      return false;
    gates.charge({ token: this.#desk.nextToken(), credential, urgency: urgency.reminder }, nowMs + timeoutMs, nowMs);
    return true;
  }

  unblock(target: string, { proven }: { readonly proven: boolean }): void {
    const { gates, nowMs } = this.#desk;
    const access = this.#desk.target(target)?.terms.access;
    if (access === undefined) return;
    if (proven) gates.unblock(access, nowMs);
    else gates.retryBlocked(access, nowMs);
  }

  targetStatus(only?: "held_back") {
    return targetStatus(this.#desk, only);
  }

  stats() {
    return { ...this.#desk.store.stats(), nowMs: this.#desk.nowMs };
  }

  putValue(name: string, text: string): void {
    this.#desk.store.putGate("memory", name, text);
  }

  putValueIfAbsent(name: string, text: string): string {
    const first = this.getValue(name);
    if (first === undefined) this.putValue(name, text);
    return first ?? text;
  }

  getValue(name: string): string | undefined {
    return this.#desk.store.gate("memory", name) as string | undefined;
  }

  /** Some process watches for so long. False: since when it last did, changes were not said. */
  watched(forMs: number): boolean {
    const { store, nowMs } = this.#desk;
    const untilMs = watchedUntilMs(store);
    store.putGate("meta", "watched", Math.max(untilMs, nowMs + forMs));
    return untilMs > nowMs;
  }

  probe(): void {
    this.#desk.store.putGate("meta", "probe", this.#desk.nowMs);
  }

  deleteExpired(beforeMs: number): number {
    return this.#desk.store.forget(beforeMs, forgetAtOnce);
  }
}
