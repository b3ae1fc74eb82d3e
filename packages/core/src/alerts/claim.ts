import type { Alert, AlertStatus } from "./alert.ts";

/**
 * What one claimant says about one alert in one request. A webhook is one claim per source: all replicas of an Alertmanager
 * cluster are one source. Direct input (`/api/v2/alerts`) is one claim per sender, so the Prometheis of an HA pair cannot
 * contradict each other.
 */
export interface Claim {
  readonly alert: Alert;
  readonly status: AlertStatus;
  readonly source: string;
  /** Address of the sender. Direct input only: direct claims end at `endsAtMs`, webhook claims never do. */
  readonly sender?: string;
  /** Origin of `generatorURL`: tells senders behind one address apart. Direct input only. */
  readonly origin?: string;
  /** Wall clock, ms, as the sender said it. Absent from webhooks that fire, and from direct input without `endsAt`. */
  readonly endsAtMs?: number;
  /** The request named no start; `alert.startsAtMs` is the time of receipt. */
  readonly startUnknown?: true;
}

/**
 * How a resolved claim ended. `explicit`: by a resolve. `inferred`: its `endsAt` passed without a repeat. `doubtful`: by a
 * resolve that may have been about an earlier episode. `read`: Alertmanager's API no longer shows the alert.
 */
export type ClaimEnd = "explicit" | "inferred" | "doubtful" | "read";

/**
 * The claim as the ledger stores it: one per (alert, claimant). Starts and ends are on the sender's clock, all other times on
 * the ledger's. Fields that are absent from rows of earlier versions are optional.
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
  /** Start of the last firing (or of the first word, if that was a resolve), as the sender said it. */
  readonly startsAtMs: number;
  /** `startsAtMs`, or the time of receipt if the sender's start lies in the future. */
  readonly effectiveStartsAtMs: number;
  /** Earliest start of a firing in this episode. Absent: `effectiveStartsAtMs`. */
  readonly startMs?: number;
  /** Latest start of a firing in this episode. Absent: `effectiveStartsAtMs`. */
  readonly newestStartMs?: number;
  /** Greatest end of all resolves. Read it with `lastEndOf`. */
  readonly lastEndMs?: number;
  /** When a direct firing claim ends unless it is repeated. */
  readonly expiresAtMs?: number;
  /** The end that the sender said last: on a clock ahead of ours, an end that moves backwards is a resolve. */
  readonly saidEndsAtMs?: number;
  /** When the claimant last said anything about this alert. */
  readonly heardAtMs: number;
  /** How a resolved claim ended. Absent while it fires, and while its first firing is held. */
  readonly ended?: ClaimEnd;
  /** A held firing is believed at this time unless a resolve cancels it. */
  readonly heldUntilMs?: number;
  /** A doubtful resolve ends this firing claim at this time unless a firing comes first. */
  readonly doubtfulEndAtMs?: number;
}

/** Earliest start of a firing in this episode. */
export const startOf = (state: ClaimState): number => state.startMs ?? state.effectiveStartsAtMs;

/** Latest start of a firing in this episode. */
export const newestStartOf = (state: ClaimState): number => state.newestStartMs ?? state.effectiveStartsAtMs;

/** Greatest end of all resolves; undefined: there was none. Earlier versions stored the last one as `saidEndsAtMs` only. */
export function lastEndOf(state: ClaimState): number | undefined {
  if (state.lastEndMs !== undefined) return state.lastEndMs;
  return state.ended === "explicit" ? (state.saidEndsAtMs ?? state.effectiveStartsAtMs) : undefined;
}

/** After a weak end any firing re-opens at once, whatever its start. */
export const isWeakEnd = (ended: ClaimEnd | undefined): boolean => ended !== undefined && ended !== "explicit";
