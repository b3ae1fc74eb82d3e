import type { Alert } from "../alerts/alert.ts";
import type { Claim, ClaimState } from "../alerts/claim.ts";
import type { AttemptAction, Urgency } from "../incidents/event.ts";
import type { EventMark, HistoryEntry, Incident, IncidentState, Reason } from "../incidents/incident.ts";
import type { Outcome } from "../incidents/outcome.ts";
import type { ReadAlert, Reading } from "../alerts/reading.ts";
import type { Severity } from "../alerts/severity.ts";
import type { ReceiverTraits } from "./publisher.ts";

/** Where a target should hear of an alert: what routing decided, pure and before anything is recorded. */
export interface Route {
  readonly target: string;
  readonly dedupKey: string;
  readonly severity: Severity;
  readonly summary: string;
  /** A change event: told once for its dedup key, without a lifecycle. */
  readonly kind?: "change";
}

/** One claim and where its alert should be told if it fires. */
export interface RoutedClaim {
  readonly claim: Claim;
  readonly routes: readonly Route[];
}

/** What a claim did. `duplicate`: it changed nothing that anybody is told. `skewed`: its times differ from ours by > 1 min. */
export interface Recorded {
  readonly fingerprint: string;
  readonly effect: "accepted" | "duplicate";
  readonly skewed: boolean;
}

/** How many attempts a credential stands, shared by all its targets. */
export interface RateLimit {
  /** Attempts per `perMs`; 0 = no limit. */
  readonly limit: number;
  readonly perMs: number;
  readonly algorithm: "sliding_window" | "token_bucket";
  /** Token bucket only. */
  readonly burst: number;
  /** Share of `limit` kept for criticals, 0 to 1. */
  readonly reserve: number;
}

/** What the ledger must know of a target to plan its work. */
export interface TargetTerms {
  readonly name: string;
  readonly enabled: boolean;
  /** Does everything but the send. */
  readonly shadow: boolean;
  /**
   * Identity of (type, URL, credential): a keyed hash, no secret. Incidents stay with the endpoint that opened them (I6).
   */
  readonly endpoint: string;
  /**
   * Identity of the endpoint with everything that authenticates there, headers and signing secrets included: a keyed hash. What
   * the receiver refuses is kept by it. Rows of earlier versions have none, and count as their endpoint.
   */
  readonly access: string;
  /** Identity of what the receiver counts attempts by: a keyed hash. Limits and pauses are kept by it. */
  readonly credential: string;
  /** What is needed to reach the endpoint later, encrypted; kept while an incident is open there. */
  readonly sealed: string;
  readonly traits: ReceiverTraits;
  readonly rateLimit: RateLimit;
  readonly timeoutMs: number;
  readonly pageResolved: "never" | "critical" | "always";
  /** Told of a critical that stays untold for so long. */
  readonly fallback?: { readonly target: string; readonly afterMs: number };
  /** A resolve of a fingerprint never seen before is sent once. */
  readonly adoptUnknownResolves: boolean;
  /** Whether a change of an incident's members is sent. Absent in what older versions wrote: true. */
  readonly groupUpdates?: boolean;
}

export interface LeaseRequest {
  /** Who asks: one process. Leases of another owner are honoured until they end. */
  readonly owner: string;
  /** Most attempts to hand out now. */
  readonly max: number;
  /** How many attempts the owner may have in flight in all; a target gets at most the half of what is free (bulkhead). */
  readonly concurrency: number;
  /** Targets that answer so fast that the commit is the slower part: they get leases for this many times as many. */
  readonly ahead: { readonly targets: readonly string[]; readonly factor: number };
  /** How long a lease lasts beyond the target's timeout. */
  readonly leaseMarginMs: number;
}

/** The right, and the duty, to make one attempt until `leaseUntilMs`. */
export interface Lease {
  readonly incident: number;
  readonly token: number;
  readonly target: string;
  readonly endpoint: string;
  readonly sealed: string;
  readonly shadow: boolean;
  readonly action: AttemptAction;
  readonly event: EventMark;
  readonly urgency: Urgency;
  readonly dedupKey: string;
  readonly severity: Severity;
  readonly summary: string;
  readonly firing: number;
  /** The alert as JSON (`Alert`): many leases wait in hand, and each is read when it is told. */
  readonly alertJson: string;
  /** Who speaks of that alert: an address, else the name of a source. */
  readonly sender: string;
  /** When its last alert ended; absent while one fires. */
  readonly endedAtMs?: number;
  readonly acceptedAtMs: number;
  /** True for the first trigger of an episode: its acceptance is the SLO's end. */
  readonly first: boolean;
  /** How long the attempt may take. */
  readonly timeoutMs: number;
  /** How long the lease lasts from the moment of the claim, on the owner's monotonic clock. */
  readonly leaseMs: number;
  /** When it ends, by the ledger's clock. */
  readonly leaseUntilMs: number;
}

export interface LeaseBatch {
  readonly leases: readonly Lease[];
  /** When something may become claimable without anybody saying anything; null: never. Ledger time, ms. */
  readonly nextAtMs: number | null;
  /** The ledger's time, to turn `nextAtMs` into a delay. */
  readonly nowMs: number;
  /** Leases that were refused by limiter or pause: `pagerduty_rate_limit_hits_total`. */
  readonly limited: readonly string[];
}

export interface Report {
  readonly lease: Lease;
  readonly outcome: Outcome;
  /** What was sent, without credentials; kept if the outcome makes a dead letter. */
  readonly rendered?: unknown;
}

/** What the events of an incident say, whichever event it is. */
export type EventContent = Pick<
  Lease,
  "incident" | "target" | "dedupKey" | "severity" | "summary" | "firing" | "alertJson" | "sender" | "endedAtMs"
>;

export interface AlertView {
  readonly alert: Alert;
  /** The sender that says that it fires, else one that spoke of it: an address, else the name of a source. */
  readonly sender: string;
  readonly claims: readonly ClaimState[];
  readonly status: "firing" | "resolved";
  readonly firstSeenAtMs: number;
  readonly confirmedAtMs: number;
}

export interface IncidentView {
  readonly incident: Incident;
  /** State and reason as they are now: waits for limiter, pause or breaker are derived, not stored. */
  readonly state: IncidentState;
  readonly reason: Reason;
  /** Of a delivered incident: why its next event will have to wait. Absent: the target accepts events, as far as is known. */
  readonly heldBack?: HeldBack;
}

/** Why a target accepts nothing now. The reason is the one that an incident which is due there has. */
export interface HeldBack {
  readonly reason: Extract<Reason, "waiting_auth" | "orphaned_key" | "waiting_breaker" | "waiting_pause">;
  /** The receiver's answer, where it refuses the credential or the address. */
  readonly detail?: string;
  /** When one event is tried next, where a breaker or a pause holds events back. It may have passed. */
  readonly untilMs?: number;
}

/** The newest incident of an alert at a target, with all that explains it. */
export interface ExplainedIncident extends IncidentView {
  readonly history: readonly HistoryEntry[];
  readonly content: EventContent;
  /** Of an incident that stands in for another target's: that target, unless its incident was forgotten. */
  readonly fallbackFor?: string;
}

/** All that the ledger knows of one alert, at one instant. */
export interface Explanation {
  readonly alert: AlertView;
  /** At most two for each target: its own incident and the one that stands in for another target's. */
  readonly incidents: readonly ExplainedIncident[];
}

/**
 * Numbers of incidents that a commit changed; `unknown`: changes before this call may have been missed, those after it are said.
 */
export type ChangedIncidents = readonly number[] | "unknown";

/** Which of the alerts that fire, in an order of the ledger's own, each once. */
export interface FiringPage {
  /** From behind this alert, which ended the last page. */
  readonly after?: string;
  /** Those alone whose fingerprint begins so. */
  readonly prefix?: string;
  /** True: also the alerts with a held firing, which the ledger may believe when its `reorderWindow` ends. */
  readonly held?: boolean;
  readonly limit: number;
}

export interface IncidentQuery {
  readonly state?: IncidentState;
  readonly target?: string;
  readonly fingerprint?: string;
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

/** A target and its endpoint at that time. */
export type BlockedTarget = Pick<TargetTerms, "name" | "endpoint">;

/** A change of state that operators are told of. The process whose commit makes the change reports it, no other one does. */
export type StateChange =
  | ({ readonly kind: "dead_letter" } & Omit<DeadLetter, "id" | "rendered" | "atMs" | "replayedAtMs">)
  /** The receiver refuses the credential or the address; no event is sent there until it accepts one. */
  | {
      readonly kind: "blocked";
      readonly targets: readonly BlockedTarget[];
      readonly state: "unauthorized" | "misconfigured";
      readonly detail: string;
    }
  | { readonly kind: "unblocked"; readonly targets: readonly BlockedTarget[] }
  /** `open` again after a probe that failed. */
  | {
      readonly kind: "breaker";
      readonly target: string;
      readonly state: "closed" | "half_open" | "open";
      readonly untilMs: number | null;
    }
  | {
      readonly kind: "fallback";
      readonly incident: number;
      readonly target: string;
      readonly fallback: string;
      /** False: the fallback is missing or disabled. */
      readonly notified: boolean;
    };

/** What stands at a target or credential besides its incidents. */
export interface TargetStatus {
  readonly target: string;
  readonly breaker: { readonly state: "closed" | "half_open" | "open"; readonly untilMs: number | null };
  readonly limiter: { readonly limit: number; readonly used: number; readonly pausedUntilMs: number | null };
  readonly blocked: { readonly state: "unauthorized" | "misconfigured"; readonly detail: string } | null;
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

/**
 * Where alerts and incidents live: what is wanted and what was told, never a list of messages.
 *
 * Promises: a resolved promise means that a crash, even of the machine, loses nothing of it; at most one live lease an
 * incident (I2); what is charged to a limiter is charged before the lease is handed out (I4); its own clock, which never
 * runs backwards, decides. Contract: `ledgerContract`.
 *
 * @throws LedgerUnavailable from every method while the ledger cannot commit (disk full, locked); nothing was changed.
 */
export interface Ledger extends AsyncDisposable {
  /** The targets that exist from now on. Untold incidents of vanished or disabled ones rest; told ones keep their endpoint. */
  useTargets(targets: readonly TargetTerms[]): Promise<void>;
  /** Records claims in order of arrival. Saying the same twice changes nothing but the time of confirmation. */
  record(wants: readonly RoutedClaim[]): Promise<readonly Recorded[]>;
  /** What is known of those of these alerts that the source has sent through its webhook. `nowMs`: the ledger's time. */
  readAlerts(
    source: string,
    fingerprints: readonly string[],
  ): Promise<{ readonly alerts: readonly ReadAlert[]; readonly nowMs: number }>;
  /** Records what the source's own API says about alerts that it has sent. A word that something newer contradicts has no effect. */
  recordReading(reading: Reading): Promise<void>;
  /**
   * Routes alerts again after targets changed. Applies to alerts that fire and to alerts with a held firing (`FiringPage.held`):
   * the new routes count when the ledger believes that firing.
   */
  reroute(routed: readonly { readonly fingerprint: string; readonly routes: readonly Route[] }[]): Promise<void>;
  /** Leases what is due, most urgent first, within each credential's limit, charging it. Also lets time pass: claims expire here. */
  leaseDue(request: LeaseRequest): Promise<LeaseBatch>;
  /**
   * False where this was reported before, or the lease was lost meanwhile: then the attempt is kept as late and its effect
   * repaired.
   */
  settle(reports: readonly Report[]): Promise<readonly boolean[]>;
  /** By a person. False: no such open incident. */
  acknowledge(incident: number, by: string): Promise<boolean>;
  resolve(incident: number, by: string): Promise<boolean>;
  /** Ends the leases of an owner that stops, so that others need not wait for them. */
  release(owner: string): Promise<void>;

  alert(fingerprint: string): Promise<AlertView | undefined>;
  /** Undefined: this alert was never seen, or is forgotten. */
  explain(fingerprint: string): Promise<Explanation | undefined>;
  /** All alerts, firing or not, by fingerprint: those that come after `after`, at most `limit`. */
  alerts(page: { readonly after?: string; readonly limit: number }): Promise<readonly Alert[]>;
  firing(page: FiringPage): Promise<readonly Alert[]>;
  incidents(query: IncidentQuery): Promise<{ incidents: readonly IncidentView[]; nextCursor?: string }>;
  incident(id: number): Promise<{ view: IncidentView; history: readonly HistoryEntry[] } | undefined>;
  /** Those of these that there are. */
  incidentsOf(ids: readonly number[]): Promise<readonly IncidentView[]>;
  deadLetters(query: {
    readonly limit: number;
    readonly cursor?: string;
  }): Promise<{ deadLetters: readonly DeadLetter[]; nextCursor?: string }>;
  deadLetter(id: number): Promise<DeadLetter | undefined>;
  dropDeadLetter(id: number): Promise<boolean>;
  /** Re-evaluates that very entry once, against what is wanted now. */
  replay(id: number): Promise<"replayed" | "already_replayed" | "not_found">;
  /**
   * Charges a target's credential with one attempt that no incident makes, such as the question whether its key is known.
   * False: there is no room for it now, or no such target.
   */
  charge(target: string): Promise<boolean>;
  /**
   * Ends the wait of a target that was blocked (`unauthorized`, `misconfigured`): one attempt asks it at once. `proven`: it is
   * known to accept its credential, so nothing has to be asked first.
   */
  unblock(target: string, how: { readonly proven: boolean }): Promise<void>;
  /** Of all current targets, or of those that a breaker, a block or a pause holds back. */
  targetStatus(only?: "held_back"): Promise<readonly TargetStatus[]>;
  stats(): Promise<LedgerStats>;
  /** Writes and commits something that means nothing: readiness. */
  probe(): Promise<void>;
  /** Keeps a text under a name, over restarts and for all replicas; another one takes its place. Encrypt what is secret. */
  putValue(name: string, text: string): Promise<void>;
  /** Keeps a text under a name unless one is kept there. Returns the one that is: who say different texts at once all get the same. */
  putValueIfAbsent(name: string, text: string): Promise<string>;
  /** What was remembered last under this name. */
  getValue(name: string): Promise<string | undefined>;
  /**
   * Calls after each commit, of whichever process, that changed incidents. It begins with `unknown`, as soon as it hears: what is
   * read from then on is followed by every change. What is only derived (a wait for limiter, pause or breaker) is no change, nor
   * is that what was over is forgotten. Costs next to nothing while nobody watches. Returns what ends it.
   */
  watch(changed: (incidents: ChangedIncidents) => void): () => void;
  /** Forgets what was over before then, a bounded piece at a time; returns how many rows went, 0 when done. */
  deleteExpired(beforeMs: number): Promise<number>;
}

/** A ledger in one file, which can be copied while it is in use. */
export interface BackedUpLedger extends Ledger {
  /**
   * Writes a consistent copy to a file that does not exist yet, readable by its owner only. Work goes on meanwhile.
   *
   * @throws Error where the copy cannot be written
   */
  backup(file: string): Promise<void>;
}

export const canBackUp = (ledger: Ledger): ledger is BackedUpLedger => "backup" in ledger;

/** The ledger cannot commit: senders are answered 503 and repeat, readiness is false, nothing accepted is lost. */
export class LedgerUnavailable extends Error {
  override readonly name = "LedgerUnavailable";
  readonly code = "ledger_unavailable";
}
