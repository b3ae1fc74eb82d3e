import type { ClaimEnd, ClaimState } from "../alerts/claim.ts";

export interface ExpiryTerms {
  readonly nowMs: number;
  /** When any request of the claim's source last arrived; undefined: never. */
  readonly sourceHeardAtMs: number | undefined;
  /** No claim ends by silence before this: the process has just started and its sources had no time to repeat. */
  readonly graceUntilMs: number;
  readonly staleAfter: number;
}

/**
 * Applies the passing of time to a claim: a held firing is believed, a doubtful resolve takes effect, a direct claim ends.
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

/** The claim, ended. Its `lastEndMs` stays: only a resolve changes it. */
export function endClaim(state: ClaimState, ended: ClaimEnd): ClaimState {
  const { expiresAtMs: _expiresAtMs, heldUntilMs: _heldUntilMs, doubtfulEndAtMs: _doubtfulEndAtMs, ...rest } = state;
  return { ...rest, status: "resolved", ended };
}

/**
 * When a firing direct claim ends unless repeated; null: never, for webhook claims. Its `endsAt` counts only once its source
 * was heard after it: until then the source, or this process, may have been away (`source_silent`). It then ends
 * `staleAfter` later at most.
 */
function inferredEndAtMs(state: ClaimState, terms: ExpiryTerms): number | null {
  if (state.expiresAtMs === undefined) return null;
  const isHeard = terms.sourceHeardAtMs !== undefined && terms.sourceHeardAtMs > state.expiresAtMs;
  return Math.max(isHeard ? state.expiresAtMs : state.expiresAtMs + terms.staleAfter, terms.graceUntilMs);
}

/** When `expireClaim` may next change the state; null: only a request can. */
export function nextExpiryAtMs(state: ClaimState, terms: ExpiryTerms): number | null {
  if (state.status === "resolved") return state.heldUntilMs ?? null;
  return state.doubtfulEndAtMs ?? inferredEndAtMs(state, terms);
}
