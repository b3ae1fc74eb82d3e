import {
  currentClassification,
  type Alert,
  type AlertStatus,
  type Change,
  type ClaimState,
  type Classification,
  type FiringAlert,
  type DeadLetter,
  type DeadLetterFilter,
  type FiringPage,
  type HistoryEntry,
  type Incident,
  type IncidentQuery,
  type LedgerStats,
  type ReceiverEvent,
  type Route,
  type LastShown,
  type TargetTerms,
  type Urgency,
} from "@tocsin/core/decisions";

/** One alert as the ledger keeps it, also when no target wants it. */
export interface AlertRecord {
  readonly fingerprint: string;
  /** The alert as JSON (`alertIn`): most alerts are stored, repeated and resolved without being parsed. */
  readonly content: string;
  /** Its effective start: its own `startsAt`, or the time of receipt if that was in the future. Wall clock, ms. */
  readonly startsAtMs: number;
  readonly status: AlertStatus;
  /** By claimant: source for webhooks, source and sender for direct input. */
  readonly claims: Readonly<Record<string, ClaimState>>;
  /** Its incidents that are not closed. The list may contain closed ones; readers drop those. */
  readonly incidents: readonly number[];
  /** The routes that a held firing takes once it counts: those of its receipt, or of a later re-routing. */
  readonly routes: readonly Route[];
  /** Sources with a claim that has passed its `endsAt`. The claim ends only after its source has sent something. */
  readonly silent: readonly string[];
  /** The last statement of each source's API about it, by source. */
  readonly shown?: Readonly<Record<string, LastShown>>;
  /** The classification of its episode, or of a held firing; that of its last episode if it does not fire. Absent: none. */
  readonly classification?: Classification;
  /** When time alone may change a claim. Null: never. A resolved alert has such a time only while a firing of it is held. */
  readonly lookAtMs: number | null;
  readonly firstSeenAtMs: number;
  readonly confirmedAtMs: number;
}

export const alertIn = ({ content }: Pick<AlertRecord, "content">): Alert => JSON.parse(content) as Alert;

export function firingAlert(record: AlertRecord, nowMs: number): FiringAlert {
  const { classification } = record;
  const alert = alertIn(record);
  return classification === undefined
    ? alert
    : { ...alert, classification: currentClassification(classification, nowMs) };
}

/** One change as the ledger keeps it, also when no target receives it. */
export interface ChangeRecord {
  /** The fingerprint of the change (`changeFingerprint`). */
  readonly key: string;
  readonly change: Change;
  /** The alert that reported it by the label `change_event`. Absent: it was reported as a change. */
  readonly alert?: string;
  readonly acceptedAtMs: number;
}

/** An event of a receiver that was stored. It is kept so that its repeats are recognized. */
export interface ReceiverEventRecord {
  readonly callback: string;
  readonly id: string;
  readonly receivedAtMs: number;
  /** Present while the keys of its incident must be looked up. */
  readonly pending?: { readonly event: ReceiverEvent; readonly lookUpAtMs: number };
}

/** Selects a page of changes: those at this time or later that come after the cursor, newest first. */
export interface ChangePage {
  readonly sinceMs: number;
  /** The last change of the page before: its time and key. */
  readonly before: { readonly atMs: number; readonly key: string } | undefined;
  readonly limit: number;
}

export interface FoundChanges {
  readonly records: readonly ChangeRecord[];
  /** Whether others come after them. */
  readonly more: boolean;
}

/** Selects changes of a service or an app. */
export interface ChangesAbout {
  readonly service: string | undefined;
  readonly app: string | undefined;
  readonly fromMs: number;
  readonly toMs: number;
  /** For each of the two. */
  readonly limit: number;
}

export interface FiringAlerts extends Omit<FiringPage, "held"> {
  /** Also returns resolved alerts with a `lookAtMs` up to then, because a firing of them is held. Wall clock, ms. */
  readonly heldUntilMs: number | undefined;
}

/** A place to which events are or were sent: one (target, URL, credential), see `TargetTerms.endpoint`. */
export interface EndpointRecord {
  readonly id: number;
  readonly terms: TargetTerms;
  /** It is the target's endpoint now. Former endpoints are kept while incidents are open there. */
  readonly current: boolean;
}

/** One attempt charged to a credential. */
export interface Slot {
  /** The lease's token. */
  readonly token: number;
  readonly credential: string;
  readonly urgency: Urgency;
  /** When the receiver's window no longer counts it. Until the attempt ends: the latest possible instant. */
  readonly freeAtMs: number;
}

/** An incident with an attempt in flight. */
export type IncidentInFlight = Pick<Incident, "id" | "endpoint" | "flight">;

/** Waiting work of one urgency at one endpoint. */
export interface Lane {
  readonly endpoint: number;
  readonly urgency: Urgency;
  /** When its first incident is due, or earlier. */
  readonly nextDueAtMs: number;
}

/** How many incidents of a lane wait: those that are due now, and those that will be later, such as after a backoff. */
export interface WaitingLane extends Pick<Lane, "endpoint" | "urgency"> {
  readonly now: number;
  readonly later: number;
}

export type GateKind = "credential" | "bucket" | "target" | "endpoint" | "source" | "memory" | "shape" | "meta";

/** What retention deletes. Wall clock, ms. */
export interface ForgetLimits {
  /** Closed incidents, their history, dead letters and resolved alerts that last changed before then. */
  readonly beforeMs: number;
  /** Changes that were accepted before then. */
  readonly changesBeforeMs: number;
  /** Events of receivers that were received before then. */
  readonly receiverEventsBeforeMs: number;
  readonly maxRows: number;
}

/**
 * Stores rows and makes no decisions: `LedgerCore` makes them, for every kind of storage. All calls between two commits of the
 * owner are one transaction.
 */
export interface Store {
  alert(fingerprint: string): AlertRecord | undefined;
  putAlert(before: AlertRecord | undefined, after: AlertRecord): void;
  /** Alerts whose `lookAtMs` has come, earliest first. */
  alertsToLookAt(nowMs: number, limit: number): readonly AlertRecord[];
  nextLookAtMs(): number | null;
  firingAlerts(page: FiringAlerts): readonly AlertRecord[];
  /** Alerts, firing or not, in order of fingerprint, beginning after this one. */
  alertsByFingerprint(after: string, limit: number): readonly AlertRecord[];
  /** Alerts that wait for this source to send something (`AlertRecord.silent`). */
  silentAlerts(source: string): readonly string[];

  incident(id: number): Incident | undefined;
  /** The newest episode of (target, dedup key). */
  latestIncident(target: string, dedupKey: string): Incident | undefined;
  /** The newest episode of (target, dedup key) before this one. */
  previousIncident(of: Pick<Incident, "id" | "target" | "dedupKey">): Incident | undefined;
  /** The newest incident of each (target, dedup key) that the alert was ever part of. */
  incidentsOfAlert(fingerprint: string): readonly number[];
  insertIncident(incident: Omit<Incident, "id">): Incident;
  putIncident(before: Incident, after: Incident): void;
  addMember(fingerprint: string, incident: Incident): void;
  /** Every lane with waiting work. */
  lanes(): readonly Lane[];
  /** The due incidents of a lane, oldest first. */
  dueIn(endpoint: number, urgency: Urgency, nowMs: number, limit: number): readonly Incident[];
  /** Counts waiting incidents by lane. Incidents in flight may be counted with them. Large counts may be estimated. */
  waiting(nowMs: number): readonly WaitingLane[];
  /**
   * Incidents that wait, reminders excluded: of each lane the `limit` earliest, and the oldest, so many that `limit` of them are
   * unacknowledged. It looks at thousands of a long lane, not at all of them.
   */
  mostUrgent(limit: number): readonly Incident[];
  /** Undelivered incidents of an endpoint, in order of their numbers, beginning after this one. */
  untoldAt(endpoint: number, after: number, limit: number): readonly Incident[];
  /** Incidents whose `fallbackAtMs` has come. */
  fallbacksDue(nowMs: number, limit: number): readonly Incident[];
  nextFallbackAtMs(): number | null;
  inFlight(): readonly IncidentInFlight[];
  incidents(query: IncidentQuery): { readonly incidents: readonly Incident[]; readonly nextCursor?: string };

  change(key: string): ChangeRecord | undefined;
  putChange(before: ChangeRecord | undefined, after: ChangeRecord): void;
  /** A page ends early, after at least one change, if its details have `maxPageBytes`. */
  changes(page: ChangePage): FoundChanges;
  /**
   * The newest changes with this label `service`, and those with this label `app`, without their details. A change may be there
   * twice.
   */
  changesAbout(about: ChangesAbout): readonly ChangeRecord[];

  receiverEvent(callback: string, id: string): ReceiverEventRecord | undefined;
  putReceiverEvent(before: ReceiverEventRecord | undefined, after: ReceiverEventRecord): void;
  /** Events whose keys must be looked up, in order of that time, at most `limit`. */
  pendingReceiverEvents(limit: number): readonly ReceiverEventRecord[];

  addHistory(entry: HistoryEntry): void;
  history(incident: number): readonly HistoryEntry[];
  addDeadLetter(letter: Omit<DeadLetter, "id">): void;
  /** The newest with a number below `before`. */
  deadLetters(limit: number, before: number, filter?: DeadLetterFilter): readonly DeadLetter[];
  deadLetter(id: number): DeadLetter | undefined;
  markReplayed(id: number, atMs: number): void;
  dropDeadLetter(id: number): boolean;

  endpoints(): readonly EndpointRecord[];
  putEndpoint(record: Omit<EndpointRecord, "id"> & { readonly id?: number }): EndpointRecord;
  dropEndpoint(id: number): void;
  /** Whether an incident that is not over still needs the endpoint. */
  endpointInUse(id: number): boolean;

  slots(): readonly Slot[];
  putSlot(slot: Slot): void;
  dropSlots(credential: string, freeAtMs: number): void;
  gate(kind: GateKind, id: string): unknown;
  putGate(kind: GateKind, id: string, facts: unknown): void;
  dropGates(kind: GateKind, ids: readonly string[]): void;
  gates(kind: GateKind): readonly (readonly [id: string, facts: unknown])[];

  stats(): Omit<LedgerStats, "nowMs">;
  /** Deletes what is older than these limits, at most `maxRows` rows of each kind. Returns how many. */
  forget(limits: ForgetLimits): number;
}
