import type { Alert, AlertStatus } from "./alert.ts";

/**
 * What one claimant says of one alert, in one request. A webhook is one claim per source (all replicas of an Alertmanager
 * cluster are one source); direct input (`/api/v2/alerts`) is one per sender, so that an HA pair of Prometheis cannot
 * contradict each other.
 */
export interface Claim {
  readonly alert: Alert;
  readonly status: AlertStatus;
  readonly source: string;
  /** The sender's address for direct input; absent for a webhook. Direct claims end at `endsAtMs`, webhook claims never. */
  readonly sender?: string;
  /** Wall clock, ms, as the sender said it. Absent from webhooks that fire, and from direct input without `endsAt`. */
  readonly endsAtMs?: number;
}

/** The claim as the ledger remembers it: one per (alert, claimant). */
export interface ClaimState {
  readonly source: string;
  readonly sender?: string;
  readonly status: AlertStatus;
  /** As the sender said it. */
  readonly startsAtMs: number;
  /** `startsAtMs`, or the time of receipt where the sender's lies in the future. */
  readonly effectiveStartsAtMs: number;
  /** When a direct firing claim ends unless repeated. */
  readonly expiresAtMs?: number;
  /** The end that the sender said last, to notice an end that moves backwards on a clock that runs ahead of ours. */
  readonly saidEndsAtMs?: number;
  /** When the claimant last spoke. */
  readonly heardAtMs: number;
  /** How a resolved claim ended: said by its claimant, or inferred from its silence (weak: any later firing re-opens). */
  readonly ended?: "explicit" | "inferred";
  /** When that explicit end arrived; opens the reorder window. */
  readonly endedAtMs?: number;
  /** A firing that arrived inside the reorder window: believed at this time unless another resolve comes. */
  readonly heldUntilMs?: number;
}
