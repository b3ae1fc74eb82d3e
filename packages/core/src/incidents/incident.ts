import type { AlertStatus } from "../alerts/alert.ts";
import type { AttemptAction, EventAction, Urgency } from "./event.ts";
import type { AttemptReason } from "./outcome.ts";
import type { Severity } from "../alerts/severity.ts";

export const incidentStates = ["candidate", "due", "in_flight", "told", "closed", "not_told", "dead"] as const;
export type IncidentState = (typeof incidentStates)[number];

/** Why an incident, or an alert at a target, is in its state. A closed list: explain, queries and metrics use these words. */
export const reasons = [
  "delivered",
  "filtered",
  "target_disabled",
  "target_invalid",
  "self_target",
  "no_changes",
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
  "change_running",
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
  /** Hash of its text (`contentHash`). Present only if changed text is sent: `retrigger: content`. */
  readonly content?: string;
  /** What the classification changed in its severity. Absent: nothing. */
  readonly byVerdict?: "filled" | "raised" | "lowered";
}

/** Desired state: the status that the sources report now, and whether a person acknowledged it. */
export interface Wanted {
  readonly status: AlertStatus;
  readonly acknowledged: boolean;
  readonly severity: Severity;
  readonly summary: string;
  /** Hash of the text of the member that is shown, and of the members that fire (`incidentContentHash`). */
  readonly content?: string;
  readonly atMs: number;
  /**
   * When its severity rose, or a new episode began in it. An acknowledgement from before then does not count. Absent: not since it
   * was accepted.
   */
  readonly renewedAtMs?: number;
}

/** Delivered state: the last event that the target accepted. `certain: false` is a `maybe`: the attempt's effect is unknown. */
export interface Told {
  readonly event: EventAction;
  readonly certain: boolean;
  readonly severity: Severity;
  /** Hash of the text and members that the last trigger sent. */
  readonly content?: string;
  readonly atMs: number;
  /** When that attempt began. Absent in rows that older versions wrote; use `atMs` instead. */
  readonly sinceMs?: number;
  /** The target is in shadow mode: nothing was really sent. */
  readonly shadow?: true;
  /**
   * Identity of that event. Present only if it may have to be repeated: it is uncertain, or an earlier request may still arrive.
   */
  readonly mark?: EventIdentity;
}

/** Identity of the event that an attempt belongs to. All attempts of one event have the identity of the first attempt. */
export interface EventIdentity {
  /** Token of the first attempt. */
  readonly token: number;
  readonly atMs: number;
}

/** An event that was attempted and not accepted. Its next attempt is the same event. */
export interface Unaccepted extends EventIdentity {
  readonly action: EventAction;
  readonly severity: Severity;
  /** Hash of its text. Present only if changed text is sent. */
  readonly content?: string;
}

/** An attempt in flight. It is stored before the request leaves, so that after a crash the ledger knows which event may have been sent. */
export interface Flight {
  /** Fencing token: grows with every lease that the ledger gives, so that a late owner is recognised. */
  readonly token: number;
  /** The process that holds the lease. */
  readonly owner: string;
  readonly action: AttemptAction;
  readonly severity: Severity;
  readonly event: EventIdentity;
  readonly content?: string;
  /** Dry run: does everything except send. */
  readonly shadow?: true;
  readonly sinceMs: number;
  readonly leaseUntilMs: number;
  /** Since the attempt began, routing no longer sends the alert here. If the attempt delivers nothing, it is not retried. */
  readonly unwanted?: true;
}

/** An attempt whose lease expired before its owner reported. Its request may still arrive until `untilMs`. */
export interface LateAttempt {
  readonly token: number;
  readonly action: EventAction;
  /** Hash of a trigger's text. Present only if changed text is sent and the text is still known. */
  readonly content?: string;
  readonly untilMs: number;
}

/**
 * One episode of a problem at one target: (target, dedup key), from the first record until its resolve is delivered.
 *
 * ```
 *   candidate ── verdict, or the end of its budget ──▶ due, or not_told as noise
 *
 *            ┌───────────── failed: due again after backoff ─────────────┐
 *            ▼                                                           │
 *   due ── lease ──▶ in_flight ── accepted ──▶ told ── wanted differs ──▶ due
 *    │                   │                       (firing, acknowledged)
 *    │                   ├── resolve accepted ──▶ closed
 *    │                   └── refused for good ──▶ dead ── confirmed again ──▶ due
 *    └── resolved or filtered before anything was sent ──▶ not_told ── fires again ──▶ due
 * ```
 */
export interface Incident {
  readonly id: number;
  readonly target: string;
  readonly dedupKey: string;
  /**
   * Events go to this endpoint: the target's current one until something was sent (or may have been), afterwards that same one.
   */
  readonly endpoint: number;
  readonly kind: "alert" | "change";
  readonly members: readonly Member[];
  readonly wanted: Wanted;
  readonly told: Told | null;
  /** The target certainly accepted a trigger in this episode, even if `told` became uncertain later. */
  readonly opened: boolean;
  readonly state: IncidentState;
  readonly reason: Reason;
  readonly urgency: Urgency;
  /** When to look at the incident again: for work, a lease end, a repair or a reminder. Null: nothing to do. */
  readonly dueAtMs: number | null;
  /** Since when it has been due without interruption, across retries and attempts. Null: it is not due. */
  readonly dueSinceMs: number | null;
  readonly flight: Flight | null;
  /** Token of the attempt that was settled last. If the ledger's answer got lost, the owner reports that attempt again. */
  readonly settledToken: number | null;
  readonly unaccepted: Unaccepted | null;
  readonly lateAttempts: readonly LateAttempt[];
  /** The last certain event must be sent again, since a late request may have undone it. */
  readonly repeat: boolean;
  /** A new episode began while the target still shows the last one: trigger again, after resolving it if it is acknowledged. */
  readonly renew: boolean;
  /** The receiver answered 400: check whether it knows the key before the event is declared invalid. */
  readonly checkKey: boolean;
  /** A resolve of an alert never seen before, sent once. */
  readonly adopted: boolean;
  /** Attempts so far in this episode. */
  readonly attempts: number;
  /** Consecutive failures, for the backoff. */
  readonly failures: number;
  readonly lastFailure: { readonly reason: AttemptReason; readonly detail: string; readonly atMs: number } | null;
  /** When a source last confirmed it. Not updated while its state is `told`: the rows of its alerts have the time. */
  readonly confirmedAtMs: number;
  /** A reminder was due while no source confirmed the alert: it waits for the next confirmation by a source. */
  readonly unconfirmed: boolean;
  /**
   * Total backoff since that confirmation, ms. Giving up counts only this time: waits for limiter, breaker or authorization are
   * not the event's fault.
   */
  readonly retriedForMs: number;
  /**
   * When a critical that is still not delivered, or not confirmed by its receiver (`confirmBy`), is also sent to its target's
   * fallback; null: never, or already done.
   */
  readonly fallbackAtMs: number | null;
  readonly fellBack: boolean;
  /** At a fallback target: the incident at another target that this one stands in for. */
  readonly fallbackOf: number | null;
  /** A person resolved it manually: until this time, repeats from the source are not sent. */
  readonly manualUntilMs: number | null;
  /** A person's resolve holds until its alerts end, also after `manualUntilMs` (`onResolve: stay`). Absent: it does not. */
  readonly heldUntilEnd?: true;
  /** When it was accepted from the source. The SLO `accepted → told` starts here. */
  readonly acceptedAtMs: number;
  readonly updatedAtMs: number;
  /**
   * W3C `traceparent` of the request that made the incident due last. Present only if requests are traced. The ledger only stores
   * it.
   */
  readonly trace?: string;
  /**
   * By when the receiver must report that the incident exists. Present only if it has not, and the target had `confirm_within`
   * when it accepted the trigger. `missed`: the time passed for a critical, and the fallback was notified if there is one.
   */
  readonly confirmBy?: { readonly atMs: number; readonly missed?: true };
  /**
   * Nothing was sent yet, and until this time a verdict could change its severity or suppress it. Absent: it does not wait, or no
   * longer.
   */
  readonly verdictUntilMs?: number;
  /** Absent: the receiver reported nothing yet. */
  readonly receiver?: ReceiverFacts;
  /** Present while `wanted.acknowledged` is true. Rows of earlier versions have none. */
  readonly acknowledgedBy?: PersonalAction;
  /** The newest actions of people, at any target, that counted here. Older ones change nothing. Absent: none yet. */
  readonly lastActions?: LastActions;
  /**
   * The receipt of its last accepted event. Present only if the publisher needs it for later events (`ReceiverTraits.keepsReceipt`).
   */
  readonly receipt?: string;
}

/** What the receiver reported about an incident of ours. */
export interface ReceiverFacts {
  /** The receiver's own number of its incident. */
  readonly incident?: string;
  /** When the receiver opened that incident, by its clock. */
  readonly openedAtMs?: number;
  /** When it first reported that the incident exists there, by our clock. */
  readonly confirmedAtMs?: number;
  /** The newest status that it reported, and when that happened by its clock. Older reports change nothing. */
  readonly status?: { readonly is: "open" | "acknowledged" | "resolved" } & EventOrder;
}

/** The place of an event in time. Of two at the same time, the one with the greater id is the later one. */
export interface EventOrder {
  readonly atMs: number;
  readonly id: string;
}

/** An acknowledgement does not undo a resolve, so each is compared with actions of its kind only. */
export interface LastActions {
  /** The last acknowledgement, or the withdrawal of one. */
  readonly acknowledged?: EventOrder;
  /** The last resolve, or reopening. */
  readonly resolved?: EventOrder;
}

/** Who acknowledged or resolved an incident, and when. */
export interface PersonalAction {
  /** The person, the token, or the callback if the receiver names nobody. */
  readonly by: string;
  readonly atMs: number;
}

/** One line of an incident's history. */
export interface HistoryEntry {
  readonly incident: number;
  readonly atMs: number;
  readonly what: string;
  readonly detail?: string;
  /** HTTP status of the answer to an attempt. Absent: no answer, no attempt, or a line of an earlier version. */
  readonly status?: number;
  /** How long the attempt took, ms. */
  readonly durationMs?: number;
}
