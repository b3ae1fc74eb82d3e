import type { ClaimEnd, ClaimState } from "../alerts/claim.ts";

export interface ExpiryTerms {
  readonly nowMs: number;
  /** When the last request of the claim's source arrived; undefined: never. */
  readonly lastRequestAtMs: number | undefined;
  /**
   * Before this time no claim ends by silence: the process has just started, and its sources had no time to repeat their alerts.
   */
  readonly graceUntilMs: number;
  readonly staleAfter: number;
}

/**
 * Applies the passing of time to a claim: a held firing starts to count, a doubtful resolve takes effect, a direct claim ends.
 * Returns the same object if nothing changes.
 */
export function expireClaim(state: ClaimState, terms: ExpiryTerms): ClaimState {
  const { nowMs } = terms;
  if (state.status === "resolved") {
    if (state.heldUntilMs === undefined || nowMs < state.heldUntilMs) return state;
    const { ended: _ended, heldUntilMs: _heldUntilMs, ...rest } = state;
    return { ...rest, status: "firing" };
  }
  if (state.doubtfulEndAtMs !== undefined && nowMs >= state.doubtfulEndAtMs) return endClaim(state, "doubtful");
  const endsAtMs = inferredEndAtMs(state, terms);
  return endsAtMs === null || nowMs < endsAtMs ? state : endClaim(state, "inferred");
}

/** Returns the claim as ended. `lastEndMs` stays: only a resolve changes it. */
export function endClaim(state: ClaimState, ended: ClaimEnd): ClaimState {
  const { expiresAtMs: _expiresAtMs, heldUntilMs: _heldUntilMs, doubtfulEndAtMs: _doubtfulEndAtMs, ...rest } = state;
  return { ...rest, status: "resolved", ended };
}

/**
 * When a firing direct claim ends unless its sender repeats it; null: never, for webhook claims. Its `endsAt` counts only once a
 * request of its source arrived after that time: until then the source, or this process, may have been down (`source_silent`).
 * The claim ends at the latest `staleAfter` after its `endsAt`.
 */
function inferredEndAtMs(state: ClaimState, terms: ExpiryTerms): number | null {
  if (state.expiresAtMs === undefined) return null;
  const sourceIsAlive = terms.lastRequestAtMs !== undefined && terms.lastRequestAtMs > state.expiresAtMs;
  return Math.max(sourceIsAlive ? state.expiresAtMs : state.expiresAtMs + terms.staleAfter, terms.graceUntilMs);
}

/** When `expireClaim` may next change the state; null: only a request can change it. */
export function nextExpiryAtMs(state: ClaimState, terms: ExpiryTerms): number | null {
  if (state.status === "resolved") return state.heldUntilMs ?? null;
  return state.doubtfulEndAtMs ?? inferredEndAtMs(state, terms);
}
