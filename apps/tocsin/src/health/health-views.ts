import type { TargetStatus } from "@tocsin/core";
import type { CertificateExpiry } from "../config/certificates.ts";
import type { FailingCallback } from "../callbacks/failing-callback.ts";
import type { Place } from "../changes/rollouts/scope-status.ts";
import type { DiscoveryView } from "../targets/discovery/discoveries.ts";
import type { ResolvedTarget } from "../targets/resolved-target.ts";
import type { LedgerFailure } from "./readiness.ts";

/** A critical that a target has not received. */
export interface LateCriticals {
  readonly target: string;
  /** Since when the oldest one has waited, ms since epoch. */
  readonly sinceMs: number;
}

/** Incidents of one target that are dead letters. */
export interface DeadIncidents {
  readonly target: string;
  /** Those with severity critical. */
  readonly criticals: number;
  readonly others: number;
  /** When the first of them became a dead letter or changed since, ms since epoch. Absent: they are too many to know. */
  readonly sinceMs?: number;
}

/** Criticals that a target accepted and whose receiver did not confirm them in time (`confirm_within`). */
export interface UnconfirmedCriticals {
  readonly target: string;
  readonly count: number;
  /** When the first of them became a problem, ms since epoch. */
  readonly sinceMs: number;
}

/** The state of targets and their incidents in the ledger. */
export interface LedgerView {
  readonly heldBack: readonly TargetStatus[];
  readonly late: readonly LateCriticals[];
  readonly dead: readonly DeadIncidents[];
  readonly unconfirmed: readonly UnconfirmedCriticals[];
}

/** A part of the service that fails, and since when (ms since epoch). `error` holds no secret. */
export interface Failing {
  readonly error: string;
  readonly sinceMs: number;
}

/** A round of the canary that failed. */
export interface CanaryFailure {
  readonly target: string;
  /** The step that failed, in words, such as `not delivered (unauthorized)`. The same in all replicas. */
  readonly failure: string;
  readonly detail: string;
  /** When the first of the rounds failed that failed one after another, ms since epoch. */
  readonly sinceMs: number;
}

/** The state of this process and of its ledger at one instant: everything that the conditions are judged by. */
export interface HealthViews {
  readonly nowMs: number;
  /** Path or server of the ledger, without credentials. */
  readonly ledgerPlace: string;
  readonly ledgerFailure: LedgerFailure | undefined;
  /** False until the first load of targets has ended. */
  readonly isLoaded: boolean;
  /** Undefined: the ledger does not answer. */
  readonly ledger: LedgerView | undefined;
  readonly targets: readonly ResolvedTarget[];
  readonly discoveries: readonly DiscoveryView[];
  /** Watches of rollouts that fail. */
  readonly rollouts: readonly (Failing & Place)[];
  readonly certificates: readonly CertificateExpiry[];
  /** The last reload failed or was incomplete. */
  readonly reloadWarnings: readonly string[];
  /** The key file of the ledger was lost. */
  readonly isKeyLost: boolean;
  /** The disk of the ledger. Undefined: it has none, or it cannot be read. */
  readonly disk: { readonly freeBytes: number; readonly sizeBytes: number } | undefined;
  /** Expected sources that are silent, and since when. */
  readonly silent: readonly { readonly source: string; readonly sinceMs: number }[];
  /** The time by which the event loop was late when it was last measured. 0: not measured. */
  readonly loopLagMs: number;
  /** The outgoing heartbeat fails. */
  readonly heartbeat: Failing | undefined;
  /** Callbacks whose requests are refused, or whose receiver cannot be asked. */
  readonly callbacks: readonly FailingCallback[];
  /** The last round of the canary failed. Undefined: it did not, or there is no canary. */
  readonly canary: CanaryFailure | undefined;
  /** Traces cannot be exported. */
  readonly traces: Failing | undefined;
}
