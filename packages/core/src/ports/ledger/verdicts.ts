import type { Route } from "../../alerts/route.ts";
import type { EpisodeVerdict, Verdict, VerdictAbsence } from "../../alerts/verdict.ts";

/** A verdict for the episode of an alert that waits for it, or the news that there will be none. */
export interface ArrivedVerdict {
  readonly fingerprint: string;
  /** `Classification.atMs` of the episode. */
  readonly atMs: number;
  readonly result: { readonly verdict: EpisodeVerdict } | { readonly absent: VerdictAbsence };
  /** The routes of the alert with this result. */
  readonly routes: readonly Route[];
  /** The targets that do not receive the alert because the verdict suppresses it. */
  readonly suppressedAt?: readonly string[];
}

/**
 * - `used`: the episode waited for it, and is routed with it. An absence ended the wait.
 * - `unused`: it came too late, or nothing waited for it. A verdict is kept for `explain`.
 * - `over`: the episode is over.
 */
export type VerdictEffect = "used" | "unused" | "over";

/** A verdict that the cache holds for a shape. */
export interface CachedVerdict {
  readonly shape: string;
  readonly verdict: Verdict;
  /** Hash of the prompt that it was given for. */
  readonly promptHash: string;
  readonly untilMs: number;
}

export interface ClaimShapeRequest {
  readonly shape: string;
  /** The process that asks. */
  readonly owner: string;
  /** If the owner does not store a result within this time, another process may ask. */
  readonly leaseMs: number;
  /** Most calls and tokens per hour, over all replicas. Undefined: no limit. */
  readonly maxCallsPerHour: number | undefined;
  readonly maxTokensPerHour: number | undefined;
}

export type ClaimShapeAnswer =
  | { readonly kind: "cached"; readonly cached: CachedVerdict }
  /** The caller asks the model: one call was charged. */
  | { readonly kind: "claimed" }
  /** Another call for this shape runs, at the longest until then. */
  | { readonly kind: "busy"; readonly untilMs: number }
  /** The calls or tokens of this hour are used up. */
  | { readonly kind: "budget_used"; readonly untilMs: number };

export interface ShapeResult {
  readonly shape: string;
  readonly owner: string;
  /** Undefined: the call failed. A failure is never cached; the next caller may ask. */
  readonly verdict: Verdict | undefined;
  readonly promptHash: string;
  readonly cacheForMs: number;
  /** Tokens that the call used. */
  readonly tokens: number;
}

/** The part of the ledger that stores verdicts: those of episodes, and a cache by shape that all replicas share. */
export interface Verdicts {
  /** Uses verdicts that arrived, in order. */
  applyVerdicts(arrived: readonly ArrivedVerdict[]): Promise<readonly VerdictEffect[]>;
  /** Looks a shape up, or gives the caller the right to ask the model for it: over all replicas, one at a time. */
  claimShape(request: ClaimShapeRequest): Promise<ClaimShapeAnswer>;
  /** Stores the result of a call, and ends the claim of its owner. */
  storeShape(result: ShapeResult): Promise<void>;
  /** The cached verdicts that are valid, the newest first. */
  cachedVerdicts(limit: number): Promise<readonly CachedVerdict[]>;
}
