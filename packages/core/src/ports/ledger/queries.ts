import type { Alert } from "../../alerts/alert.ts";
import type { ClaimState } from "../../alerts/claim.ts";
import type { Labels } from "../../alerts/labels.ts";
import type { Severity } from "../../alerts/severity.ts";
import type { Classification } from "../../alerts/verdict.ts";
import type { AttemptAction } from "../../incidents/event.ts";
import type { HistoryEntry, Incident, IncidentState, Reason } from "../../incidents/incident.ts";
import type { Lease } from "./delivery.ts";

/** The content that all events of an incident share, whatever their action. */
export type EventContent = Pick<
  Lease,
  | "incident"
  | "target"
  | "dedupKey"
  | "severity"
  | "summary"
  | "firing"
  | "alertJson"
  | "sender"
  | "endedAtMs"
  | "acknowledgedBy"
  | "receipt"
  | "cause"
  | "verdict"
  | "byVerdict"
>;

export interface AlertView {
  readonly alert: Alert;
  /** A sender that reports it as firing, else any sender that reported it: an address, else the name of a source. */
  readonly sender: string;
  readonly claims: readonly ClaimState[];
  readonly status: "firing" | "resolved";
  readonly firstSeenAtMs: number;
  readonly confirmedAtMs: number;
  /** Every source that reports it as firing has silenced or inhibited it. */
  readonly silenced?: true;
  /** The classification of its episode, or of its last one. Absent: none. */
  readonly classification?: Classification;
}

/** An alert that fires, with the classification of its episode if it has one. */
export interface FiringAlert extends Alert {
  readonly classification?: Classification;
}

export interface IncidentView {
  readonly incident: Incident;
  /** State and reason as they are now: waits for limiter, pause or breaker are derived, not stored. */
  readonly state: IncidentState;
  readonly reason: Reason;
  /** The labels of the leading alert. Empty: that alert was deleted. */
  readonly labels: Labels;
  /** The names of the sources that made a claim about the leading alert. */
  readonly sources: readonly string[];
  /** When a source last confirmed the leading alert. */
  readonly confirmedAtMs: number;
  /** For a delivered incident: why its next event will have to wait. Absent: as far as is known, the target accepts events. */
  readonly heldBack?: HeldBack;
}

/** Why a target accepts nothing now. An incident that is due there has the same reason. */
export interface HeldBack {
  readonly reason: Extract<Reason, "waiting_auth" | "orphaned_key" | "waiting_breaker" | "waiting_pause">;
  /** The receiver's answer, if it refuses the credential or the address; the last failure, if the breaker is open. */
  readonly detail?: string;
  /** When the next event is tried, if a breaker or a pause holds events back. This time may have passed. */
  readonly untilMs?: number;
}

/** The newest incident of an alert at a target, with all that explains it. */
export interface ExplainedIncident extends IncidentView {
  readonly history: readonly HistoryEntry[];
  readonly content: EventContent;
  /** The incident is open at the receiver, and its events still use an earlier key or URL of the target. */
  readonly keepsEarlierKey?: true;
  /** For a fallback incident: the target that it stands in for, unless that target's incident was deleted. */
  readonly fallbackFor?: string;
}

/** Everything that the ledger knows about one alert, at one instant. */
export interface Explanation {
  readonly alert: AlertView;
  /** At most two for each target: its own incident and the one that stands in for another target's. */
  readonly incidents: readonly ExplainedIncident[];
}

/** Selects a page of the alerts that fire. The ledger chooses their order; each appears once. */
export interface FiringPage {
  /** Start after this alert, the last one of the previous page. */
  readonly after?: string;
  /** Only alerts whose fingerprint begins with this text. */
  readonly prefix?: string;
  /** True: also the alerts with a held firing, which the ledger may believe when its `reorderWindow` ends. */
  readonly held?: boolean;
  readonly limit: number;
}

export interface IncidentQuery {
  readonly state?: IncidentState;
  readonly target?: string;
  readonly fingerprint?: string;
  /** The severity of the desired state. */
  readonly severity?: Severity;
  readonly limit: number;
  /** From an earlier page's `nextCursor`. */
  readonly cursor?: string;
}

export interface DeadLetter {
  readonly id: number;
  readonly incident: number;
  readonly target: string;
  readonly dedupKey: string;
  readonly action: AttemptAction;
  readonly reason: Reason;
  readonly answer: string;
  readonly rendered: unknown;
  readonly atMs: number;
  readonly replayedAtMs: number | null;
}

/** Selects dead letters. */
export interface DeadLetterFilter {
  readonly target?: string;
  readonly reason?: Reason;
  /** Only those from before this time. Ledger time, ms. */
  readonly beforeMs?: number;
  readonly replayed?: boolean;
}

/** Whether and why a target or its credential is held back. */
export interface TargetStatus {
  readonly target: string;
  readonly breaker: {
    readonly state: "closed" | "half_open" | "open";
    readonly untilMs: number | null;
    /** While the breaker is not closed: when it opened. Absent if an older version opened it. */
    readonly sinceMs?: number;
    /** While the breaker is not closed: the last failure of the target, unless the incident that had it was deleted. */
    readonly lastFailure?: string;
  };
  readonly limiter: { readonly limit: number; readonly used: number; readonly pausedUntilMs: number | null };
  readonly blocked: {
    readonly state: "unauthorized" | "misconfigured";
    readonly detail: string;
    /** When the refusals began. Absent if that was with an older version. */
    readonly sinceMs?: number;
  } | null;
}

/** Counts that metrics and `/api/v1/stats` show. */
export interface LedgerStats {
  readonly incidents: readonly { readonly target: string; readonly state: IncidentState; readonly count: number }[];
  /** Since when the oldest incident has been due, by target and severity. Reminders are not counted. */
  readonly due: readonly { readonly target: string; readonly severity: Severity; readonly oldestAtMs: number }[];
  readonly deadLetters: readonly { readonly target: string; readonly reason: Reason; readonly count: number }[];
  readonly alerts: { readonly firing: number; readonly resolved: number };
  readonly nowMs: number;
}

/** How many incidents there are, and why the due ones wait. */
export interface LedgerSummary {
  /**
   * The counts of one target and state add up to the number of its incidents. `reason` is null for states that are not counted by
   * reason: `told`, `not_told`, `closed` and `dead`.
   */
  readonly rows: readonly {
    readonly target: string;
    readonly state: IncidentState;
    readonly reason: Reason | null;
    readonly count: number;
  }[];
  /**
   * Some due incidents: the most urgent first; among those of one urgency first those that no person acknowledged, then those
   * that have waited longest.
   */
  readonly oldestDue: readonly IncidentView[];
  readonly deadLetters: LedgerStats["deadLetters"];
  readonly alerts: LedgerStats["alerts"];
  readonly nowMs: number;
}

/** The part of the ledger that only reads. */
export interface Queries {
  alert(fingerprint: string): Promise<AlertView | undefined>;
  /** Undefined: this alert was never seen, or has been deleted since. */
  explain(fingerprint: string): Promise<Explanation | undefined>;
  /** All alerts, firing or not, in order of fingerprint: those that come after `after`, at most `limit`. */
  alerts(page: { readonly after?: string; readonly limit: number }): Promise<readonly Alert[]>;
  firing(page: FiringPage): Promise<readonly FiringAlert[]>;
  incidents(query: IncidentQuery): Promise<{ incidents: readonly IncidentView[]; nextCursor?: string }>;
  incident(id: number): Promise<{ view: IncidentView; history: readonly HistoryEntry[] } | undefined>;
  /** The incidents with these numbers. Numbers without an incident are left out. */
  incidentsOf(ids: readonly number[]): Promise<readonly IncidentView[]>;
  /** The newest incident of each of these dedup keys at a target. Keys without an incident are left out. */
  newestIncidents(target: string, dedupKeys: readonly string[]): Promise<readonly IncidentView[]>;
  deadLetters(
    query: DeadLetterFilter & { readonly limit: number; readonly cursor?: string },
  ): Promise<{ deadLetters: readonly DeadLetter[]; nextCursor?: string }>;
  deadLetter(id: number): Promise<DeadLetter | undefined>;
  /** Status of all current targets, or only of those that receive nothing now: their breaker is open, their credential was refused, or they are paused. */
  targetStatus(only?: "held_back"): Promise<readonly TargetStatus[]>;
  stats(): Promise<LedgerStats>;
  /** Its cost is bounded: it reads `limit` incidents per target and urgency, and counts by indexes. */
  summary(limit: number): Promise<LedgerSummary>;
}
