import type { Alert, AlertStatus } from "./alert.ts";

/**
 * The statement of one claimant about one alert in one request. At a webhook the claimant is the source: all replicas of an
 * Alertmanager cluster are one source. For direct input (`/api/v2/alerts`) the claimant is the sender, so the two Prometheus
 * servers of an HA pair cannot contradict each other.
 */
export interface Claim {
  readonly alert: Alert;
  readonly status: AlertStatus;
  readonly source: string;
  /** Address of the sender. Direct input only: direct claims end at `endsAtMs`, webhook claims never do. */
  readonly sender?: string;
  /** Origin of `generatorURL`: distinguishes senders behind one address. Direct input only. */
  readonly origin?: string;
  /** Wall clock, ms, as the sender sent it. Absent in firing webhook alerts, and in direct input without `endsAt`. */
  readonly endsAtMs?: number;
  /** The request contained no start; `alert.startsAtMs` is the time of receipt. */
  readonly startUnknown?: true;
  /** W3C `traceparent` of the request. Present only if requests are traced. */
  readonly trace?: string;
}

/**
 * How a resolved claim ended.
 *
 * - `explicit`: by a resolve.
 * - `inferred`: its `endsAt` passed without a repeat.
 * - `doubtful`: by a resolve that may have been about an earlier episode.
 * - `read`: Alertmanager's API no longer shows the alert.
 */
export type ClaimEnd = "explicit" | "inferred" | "doubtful" | "read";

/**
 * The claim as the ledger stores it: one per (alert, claimant). Starts and ends are on the sender's clock, all other times on
 * the ledger's clock. Fields that rows of earlier versions lack are optional.
 *
 * ```
 *   firing ── resolve ─────────────────────────────────────────▶ resolved (explicit)
 *     │  ▲                                                        │       ▲
 *     │  │ hold over, or a start later than `lastEndMs`           │ older │ resolve
 *     │  └──────────────── resolved, held until `heldUntilMs` ◀── firing ─┘
 *     │
 *     ├── time, doubtful resolve, reading ──▶ resolved (inferred, doubtful, read) ── any firing ──▶ firing
 * ```
 */
export interface ClaimState {
  readonly source: string;
  readonly sender?: string;
  readonly origin?: string;
  readonly status: AlertStatus;
  /** Start of the last firing (or of the first claim, if that was a resolve), as the sender sent it. */
  readonly startsAtMs: number;
  /** `startsAtMs`, or the time of receipt if the sender's start lies in the future. */
  readonly effectiveStartsAtMs: number;
  /** Earliest start of a firing in this episode. Absent: `effectiveStartsAtMs`. */
  readonly startMs?: number;
  /** Latest start of a firing in this episode. Absent: `effectiveStartsAtMs`. */
  readonly newestStartMs?: number;
  /** Greatest end of all resolves. Read it with `lastEndOf`. */
  readonly lastEndMs?: number;
  /** When a direct firing claim ends unless its sender repeats it. */
  readonly expiresAtMs?: number;
  /** The end that the sender sent last. If the sender's clock is ahead of ours, an end that moves backwards is a resolve. */
  readonly saidEndsAtMs?: number;
  /** When the claimant last sent anything about this alert. */
  readonly heardAtMs: number;
  /** How a resolved claim ended. Absent while it fires, and while its first firing is held. */
  readonly ended?: ClaimEnd;
  /** A held firing starts to count at this time unless a resolve cancels it. */
  readonly heldUntilMs?: number;
  /** A doubtful resolve ends this firing claim at this time unless a firing comes first. */
  readonly doubtfulEndAtMs?: number;
  /** The trace of a firing that is held, or was held when it came. */
  readonly trace?: string;
}

/** Earliest start of a firing in this episode. */
export const startOf = (state: ClaimState): number => state.startMs ?? state.effectiveStartsAtMs;

/** Latest start of a firing in this episode. */
export const newestStartOf = (state: ClaimState): number => state.newestStartMs ?? state.effectiveStartsAtMs;

/** Greatest end of all resolves; undefined: there was none. Earlier versions stored only the last one, as `saidEndsAtMs`. */
export function lastEndOf(state: ClaimState): number | undefined {
  if (state.lastEndMs !== undefined) return state.lastEndMs;
  return state.ended === "explicit" ? (state.saidEndsAtMs ?? state.effectiveStartsAtMs) : undefined;
}

/** After a weak end, any firing re-opens the claim at once, whatever its start is. */
export const isWeakEnd = (ended: ClaimEnd | undefined): boolean => ended !== undefined && ended !== "explicit";
