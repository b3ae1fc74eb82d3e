import type { ClaimState } from "../alerts/claim.ts";

/**
 * A claim after the source's API showed its alert as active: a doubtful end is cancelled, and a claim that a reading ended fires
 * again. Any other state stays as it is. `heardAtMs` stays too: it counts only claims of the claimant.
 */
export function confirmClaim(state: ClaimState): ClaimState {
  if (state.status === "firing") {
    if (state.doubtfulEndAtMs === undefined) return state;
    const { doubtfulEndAtMs: _doubtfulEndAtMs, ...rest } = state;
    return rest;
  }
  if (state.ended !== "read") return state;
  const { ended: _ended, ...rest } = state;
  return { ...rest, status: "firing" };
}
