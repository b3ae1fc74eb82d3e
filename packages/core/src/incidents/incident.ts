import type { AlertStatus } from "../alerts/alert.ts";
import type { AttemptAction, EventAction, Urgency } from "./event.ts";
import type { AttemptReason } from "./outcome.ts";
import type { Severity } from "../alerts/severity.ts";

export const incidentStates = ["candidate", "due", "in_flight", "told", "closed", "not_told", "dead"] as const;
export type IncidentState = (typeof incidentStates)[number];

/** Why an incident, or an alert at a target, is in its state. Closed: the vocabulary of explain, queries and metrics. */
export const reasons = [
  "delivered",
  "filtered",
  "target_disabled",
  "target_invalid",
  "self_target",
  "shadow",
  "no_target",
  "duplicate",
  "superseded",
  "resolved_before_told",
  "suppressed_noise",
  "would_tell",
  "waiting_turn",
  "waiting_limit",
  "waiting_pause",
  "waiting_retry",
  "waiting_breaker",
  "waiting_auth",
  "waiting_classification",
  "in_flight",
  "ambiguous",
  "source_silent",
  "stale",
  "unconfirmed",
  "silenced",
  "expired",
  "fallback",
  "dead_invalid",
  "dead_expired",
  "orphaned_key",
  "bug",
] as const;
export type Reason = (typeof reasons)[number];

/** One alert inside an incident; without `group_by` there is exactly one. */
export interface Member {
  readonly fingerprint: string;
  readonly status: AlertStatus;
  readonly severity: Severity;
  readonly startsAtMs: number;
  readonly summary: string;
  /** Stands for its words (`contentOf`), where a change of them is told: `retrigger: content`. */
  readonly content?: string;
}

/** What the sources say now, and whether a person acknowledged. */
export interface Wanted {
  readonly status: AlertStatus;
  readonly acknowledged: boolean;
  readonly severity: Severity;
  readonly summary: string;
  /** Stands for the words of the member whose text is shown, and for the members that fire (`incidentContent`). */
  readonly content?: string;
  readonly atMs: number;
}

/** What the target has accepted from us last. `certain: false` is a `maybe`: an attempt whose fate is unknown. */
export interface Told {
  readonly event: EventAction;
  readonly certain: boolean;
  readonly severity: Severity;
  /** Stands for the words and members that the last trigger sent. */
  readonly content?: string;
  readonly atMs: number;
  /** When that attempt began. Absent in what older versions wrote: `atMs` stands for it. */
  readonly sinceMs?: number;
  /** A shadow target was told: nothing left the house. */
  readonly shadow?: true;
  /** Which event it was, where that event may have to be repeated: it is uncertain, or an earlier request may still arrive. */
  readonly mark?: EventIdentity;
}

/** Which event an attempt is part of: all attempts of one event carry the mark of the first. */
export interface EventIdentity {
  /** The first attempt's. */
  readonly token: number;
  readonly atMs: number;
}

/** An event that was attempted and not accepted: its next attempt is the same event. */
export interface Unaccepted extends EventIdentity {
  readonly action: EventAction;
  readonly severity: Severity;
  /** Stands for its words, where a change of them is told. */
  readonly content?: string;
}

/** An attempt under way, written down before the request leaves, so that a crash knows what may have been told. */
export interface Flight {
  /** Fencing token: grows with every claim of the ledger, so that a late owner is recognised. */
  readonly token: number;
  /** The process that holds the lease. */
  readonly owner: string;
  readonly action: AttemptAction;
  readonly severity: Severity;
  readonly event: EventIdentity;
  readonly content?: string;
  /** Everything but the send. */
  readonly shadow?: true;
  readonly sinceMs: number;
  readonly leaseUntilMs: number;
  /** Since it began nobody wants its alert here any more: where nothing was told, nothing is tried again. */
  readonly unwanted?: true;
}

/** An attempt whose lease ran out before its owner reported: its request may still arrive until `untilMs`. */
export interface LateAttempt {
  readonly token: number;
  readonly action: EventAction;
  /** Stands for the words of a trigger, where a change of them is told; absent also where nobody knows them any more. */
  readonly content?: string;
  readonly untilMs: number;
}

/**
 * One episode of a problem at one target: (target, dedup key), from the first record until its end is told.
 *
 * ```
 *            ┌───────────── failed: due again after backoff ─────────────┐
 *            ▼                                                           │
 *   due ── claim ──▶ in_flight ── accepted ──▶ told ── wanted differs ──▶ due
 *    │                   │                       (firing, acknowledged)
 *    │                   ├── resolve accepted ──▶ closed
 *    │                   └── refused for good ──▶ dead ── confirmed again ──▶ due
 *    └── resolved, filtered before anything was told ──▶ not_told ── fires again ──▶ due
 * ```
 */
export interface Incident {
  readonly id: number;
  readonly target: string;
  readonly dedupKey: string;
  /** Where it is told: the target's current endpoint until something was (or may have been) told, then that very one. */
  readonly endpoint: number;
  readonly kind: "alert" | "change";
  readonly members: readonly Member[];
  readonly wanted: Wanted;
  readonly told: Told | null;
  /** A trigger was certainly accepted in this episode, whatever `told` says since. */
  readonly opened: boolean;
  readonly state: IncidentState;
  readonly reason: Reason;
  readonly urgency: Urgency;
  /** When to look at it again: work, lease end, repair or reminder. Null: nothing to do. */
  readonly dueAtMs: number | null;
  /** Since when it has been due without a break, over retries and attempts. Null: it is not. */
  readonly dueSinceMs: number | null;
  readonly flight: Flight | null;
  /** Token of the attempt that was settled last: where the ledger's answer got lost, its owner reports it again. */
  readonly settledToken: number | null;
  readonly unaccepted: Unaccepted | null;
  readonly lateAttempts: readonly LateAttempt[];
  /** The last certain event must be repeated, since a late request may have undone it. */
  readonly repeat: boolean;
  /** A new episode began while the target still shows the last one: trigger again, and end an acknowledged one first. */
  readonly renew: boolean;
  /** A 400 came back: ask whether the key is known before the event is declared invalid. */
  readonly checkKey: boolean;
  /** A resolve of an alert never seen before, told once. */
  readonly adopted: boolean;
  /** Attempts so far in this episode. */
  readonly attempts: number;
  /** Consecutive failures, for the backoff. */
  readonly failures: number;
  readonly lastFailure: { readonly reason: AttemptReason; readonly detail: string; readonly atMs: number } | null;
  /** When a source last confirmed it. Not kept up to date while it is told: its alerts' rows have the time. */
  readonly confirmedAtMs: number;
  /** A reminder was due while no source confirmed the alert: it waits for the next confirmation. */
  readonly unconfirmed: boolean;
  /**
   * Backoff waited since then, ms. Giving up counts this alone: time spent waiting for limiter, breaker or authorization
   * is not the event's fault.
   */
  readonly retriedForMs: number;
  /** When an untold critical is told to its target's fallback too; null: never, or done. */
  readonly fallbackAtMs: number | null;
  readonly fellBack: boolean;
  /** The incident at another target that this one stands in for. */
  readonly fallbackOf: number | null;
  /** A person resolved it by hand: repeats are not told until then. */
  readonly manualUntilMs: number | null;
  /** Accepted from the source; the SLO `accepted → told` starts here. */
  readonly acceptedAtMs: number;
  readonly updatedAtMs: number;
}

/** One line of an incident's history. */
export interface HistoryEntry {
  readonly incident: number;
  readonly atMs: number;
  readonly what: string;
  readonly detail?: string;
}
