import type { EpisodeVerdict } from "../../alerts/verdict.ts";
import type { Route } from "../../alerts/route.ts";
import type { Severity } from "../../alerts/severity.ts";
import type { AttemptAction, RepeatCause, Urgency } from "../../incidents/event.ts";
import type { EventIdentity, PersonalAction } from "../../incidents/incident.ts";
import type { Outcome } from "../../incidents/outcome.ts";

export interface LeaseRequest {
  /** The process that asks. Leases of another owner are respected until they end. */
  readonly owner: string;
  /** Greatest number of leases to return now. */
  readonly max: number;
  /** How many attempts the owner may have in flight in total; one target gets at most half of what is free (bulkhead). */
  readonly concurrency: number;
  /** Targets that answer so fast that the commit is the slower part: they get up to `factor` times as many leases. */
  readonly ahead: { readonly targets: readonly string[]; readonly factor: number };
  /** How long a lease lasts beyond the target's timeout. */
  readonly leaseMarginMs: number;
}

/** The facts that the spans of an attempt need. */
export interface LeaseTrace {
  /** W3C `traceparent`: `Incident.trace`. */
  readonly parent: string;
  /** Since when the incident has been due, by the ledger's clock. Null: this is a reminder, which nothing waited for. */
  readonly dueSinceMs: number | null;
  /** Number of this attempt in its episode, from 1. */
  readonly attempt: number;
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
  readonly event: EventIdentity;
  readonly urgency: Urgency;
  readonly dedupKey: string;
  readonly severity: Severity;
  readonly summary: string;
  readonly firing: number;
  /** The alert as JSON (`Alert`): many leases wait in the worker, and each alert is parsed only when it is sent. */
  readonly alertJson: string;
  /** The sender of that alert: an address, else the name of a source. */
  readonly sender: string;
  /** When its last alert ended; absent while one fires. */
  readonly endedAtMs?: number;
  readonly acceptedAtMs: number;
  /** True for the first trigger of an episode: the delivery-time SLO ends when the target accepts it. */
  readonly first: boolean;
  /** Longest time that the attempt may take. */
  readonly timeoutMs: number;
  /** How long the lease lasts from the moment it was given, on the owner's monotonic clock. */
  readonly leaseMs: number;
  /** When it ends, by the ledger's clock. */
  readonly leaseUntilMs: number;
  /** Who acknowledged the incident. Absent: nobody. */
  readonly acknowledgedBy?: PersonalAction;
  /** The classification of that alert's episode. Absent: it uses none. */
  readonly verdict?: EpisodeVerdict;
  /** What that classification changed. Absent: nothing. */
  readonly byVerdict?: NonNullable<Route["byVerdict"]>;
  /** `Incident.receipt`. */
  readonly receipt?: string;
  /** Present only with a receipt. Absent: a first event, a repeat after an unknown result, or an event whose action says why. */
  readonly cause?: RepeatCause;
  /** Present only if the incident has a trace. */
  readonly trace?: LeaseTrace;
}

export interface LeaseBatch {
  readonly leases: readonly Lease[];
  /** When more work may become due without a new record or report; null: never. Ledger time, ms. */
  readonly nextAtMs: number | null;
  /** The ledger's time, to turn `nextAtMs` into a delay. */
  readonly nowMs: number;
  /** Targets for which a limiter or a pause refused a lease: `pagerduty_rate_limit_hits_total`. */
  readonly limited: readonly string[];
}

export interface Report {
  /** How long the attempt took. Absent: unknown. */
  readonly durationMs?: number;
  /** The part of the lease that the ledger needs to recognize it. */
  readonly lease: Pick<Lease, "incident" | "token" | "action" | "timeoutMs" | "leaseUntilMs">;
  readonly outcome: Outcome;
  /** The request that was sent, without credentials; kept if the outcome makes a dead letter. */
  readonly rendered?: unknown;
}

/** The part of the ledger that workers use: lease what is due, make the attempt, settle its outcome. */
export interface Delivery {
  /**
   * Leases what is due, most urgent first, within each credential's limit, and charges that limit. Also applies the passing of
   * time: claims expire here.
   */
  leaseDue(request: LeaseRequest): Promise<LeaseBatch>;
  /**
   * Applies the outcome of each report to its incident. False: the attempt was reported before, or its lease was lost meanwhile;
   * then the attempt is kept as late, and its effect is repaired.
   */
  settle(reports: readonly Report[]): Promise<readonly boolean[]>;
  /** Ends the leases of an owner that stops, so that other owners need not wait for them. */
  release(owner: string): Promise<void>;
  /**
   * Charges a target's credential with one attempt that belongs to no incident, such as a test whether the receiver knows its
   * key. False: the limit has no room for it now, or there is no such target.
   */
  charge(target: string): Promise<boolean>;
}
