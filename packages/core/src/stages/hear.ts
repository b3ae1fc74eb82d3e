import type { Claim, ClaimState } from "../model/claim.ts";

/** Times that differ from ours by more are counted and shown as skew. */
export const skewToleranceMs = 60_000;

/** A direct claim without `endsAt` ends this long after its receipt (Alertmanager's `resolve_timeout`). */
export const resolveTimeoutMs = 5 * 60_000;

/** As much of a claim as decides. */
export type SaidClaim = Omit<Claim, "alert"> & { readonly alert: Pick<Claim["alert"], "startsAtMs"> };

export interface Heard {
  readonly state: ClaimState;
  /**
   * `changed`: fires, ended, or fires anew. `confirmed`: said again. `held`: a firing inside the reorder window.
   * `ignored`: older than what is known.
   */
  readonly effect: "changed" | "confirmed" | "held" | "ignored";
  readonly skewed: boolean;
}

/**
 * What a claimant's word makes of what it said before. Within one claim the newer `startsAt` wins and an older firing
 * never re-opens; for the same `startsAt` arrival order decides, save that a firing shortly after an explicit end may have
 * been overtaken by it on the way, so it is held for the rest of the reorder window. So is a claimant's first word of an
 * episode that another claimant has just ended: where Prometheus speaks to us both by itself and through Alertmanager, the
 * latter may still be repeating, from before we were away, what is over by now.
 *
 * `others`: what all claimants said of this alert before; this one may be among them.
 */
export function hear(
  previous: ClaimState | undefined,
  claim: SaidClaim,
  nowMs: number,
  terms: { readonly reorderWindow: number },
  others: Readonly<Record<string, ClaimState>> = {},
): Heard {
  const saidStartsAtMs = claim.alert.startsAtMs;
  const ahead = saidStartsAtMs > nowMs + skewToleranceMs;
  const skewed =
    ahead || (claim.endsAtMs !== undefined && claim.status === "resolved" && claim.endsAtMs > nowMs + skewToleranceMs);
  const unreadable = ahead || endedBeforeHeard(claim, nowMs);
  const same = previous !== undefined && previous.startsAtMs === saidStartsAtMs;
  const effectiveStartsAtMs = same ? previous.effectiveStartsAtMs : Math.min(saidStartsAtMs, nowMs);
  const older =
    previous !== undefined &&
    (effectiveStartsAtMs < previous.effectiveStartsAtMs || saidBefore(previous, saidStartsAtMs, nowMs));
  const spoken: ClaimState = {
    source: claim.source,
    ...(claim.sender === undefined ? {} : { sender: claim.sender }),
    status: claim.status,
    startsAtMs: saidStartsAtMs,
    effectiveStartsAtMs,
    ...(claim.endsAtMs === undefined ? {} : { saidEndsAtMs: claim.endsAtMs }),
    heardAtMs: nowMs,
  };

  if (claim.status === "resolved" || (unreadable && same && endMovedBack(previous, claim, nowMs))) {
    if (older) return ignored(previous, nowMs, skewed);
    if (previous?.status === "resolved" && previous.ended === "explicit" && same) {
      const { heldUntilMs, ...rest } = previous;
      return heldUntilMs === undefined
        ? { state: { ...rest, heardAtMs: nowMs }, effect: "confirmed", skewed }
        : { state: { ...rest, heardAtMs: nowMs, endedAtMs: nowMs }, effect: "confirmed", skewed };
    }
    return {
      state: { ...spoken, status: "resolved", ended: "explicit", endedAtMs: nowMs },
      effect: previous?.status === "resolved" ? "confirmed" : "changed",
      skewed,
    };
  }

  const firing = claim.sender === undefined ? spoken : { ...spoken, expiresAtMs: expiry(claim, unreadable, nowMs) };
  const fires: Heard = { state: firing, effect: "changed", skewed };
  if (previous?.status === "resolved" && previous.ended === "inferred") return fires;
  if (older) return ignored(previous, nowMs, skewed);
  if (previous?.status === "firing") return { state: firing, effect: "confirmed", skewed };
  const own = previous?.effectiveStartsAtMs === effectiveStartsAtMs ? previous : undefined;
  const ended = own ?? lastEnded(others, effectiveStartsAtMs);
  if (!ended) return fires;

  const windowEndsAtMs = (ended.endedAtMs ?? 0) + terms.reorderWindow;
  if (nowMs >= windowEndsAtMs) return fires;
  return {
    state: {
      ...(own ?? { ...spoken, status: "resolved", ended: "explicit", endedAtMs: ended.endedAtMs ?? nowMs }),
      heardAtMs: nowMs,
      heldUntilMs: windowEndsAtMs,
      ...(firing.expiresAtMs === undefined ? {} : { expiresAtMs: firing.expiresAtMs }),
    },
    effect: "held",
    skewed,
  };
}

/** Who said last, and explicitly, that the episode with this very start is over. */
function lastEnded(claims: Readonly<Record<string, ClaimState>>, effectiveStartsAtMs: number): ClaimState | undefined {
  let last: ClaimState | undefined;
  for (const key in claims) {
    const state = claims[key] as ClaimState;
    if (state.ended !== "explicit" || state.effectiveStartsAtMs !== effectiveStartsAtMs) continue;
    if ((state.endedAtMs ?? 0) >= (last?.endedAtMs ?? 0)) last = state;
  }
  return last;
}

const ignored = (previous: ClaimState, nowMs: number, skewed: boolean): Heard => ({
  state: { ...previous, heardAtMs: nowMs },
  effect: "ignored",
  skewed,
});

/** What is said again that long after it was new is not believed to be old: the sender's clock was set back rather. */
const longestRepeatMs = 60 * 60_000;

/**
 * Of two starts that both lie ahead of us, each counts as the time of receipt, which says nothing of their order. Their
 * sender's clock does.
 */
const saidBefore = (previous: ClaimState, startsAtMs: number, nowMs: number): boolean =>
  startsAtMs > nowMs && startsAtMs < previous.startsAtMs && previous.startsAtMs - startsAtMs < longestRepeatMs;

/** Senders repeat what fires no sooner; what comes sooner may be one request sent twice. */
const soonestRepeatMs = 30_000;

/**
 * It fires by the clock of the process that took it in, and its end has passed by the ledger's, which stays ahead of a wall
 * clock that was set back.
 */
const endedBeforeHeard = ({ status, sender, endsAtMs }: SaidClaim, nowMs: number): boolean =>
  status === "firing" && sender !== undefined && endsAtMs !== undefined && endsAtMs <= nowMs;

/**
 * Where the clocks disagree, an end cannot be compared with our time, but with what was said before: a sender whose clock
 * runs ahead says every end in our future, also the end of what is over. Prometheus moves a firing alert's `endsAt` forward
 * with each resend, so an `endsAt` that moves back is the end, and so is one that stands still.
 */
function endMovedBack(previous: ClaimState, claim: SaidClaim, nowMs: number): boolean {
  const before = previous.saidEndsAtMs ?? previous.expiresAtMs;
  if (before === undefined || claim.endsAtMs === undefined) return false;
  if (claim.endsAtMs !== before) return claim.endsAtMs < before;
  const over = previous.status === "resolved" && previous.ended === "explicit";
  return over || nowMs - previous.heardAtMs >= soonestRepeatMs;
}

/** An `endsAt` on a clock that is not ours says nothing about ours: then the default counts. */
const expiry = (claim: SaidClaim, unreadable: boolean, nowMs: number): number =>
  claim.endsAtMs === undefined || unreadable ? nowMs + resolveTimeoutMs : claim.endsAtMs;

export interface Passing {
  readonly nowMs: number;
  /** When any request of the claim's source last arrived; undefined: not since the ledger was made. */
  readonly sourceHeardAtMs: number | undefined;
  /** No inferred end before: the process has just started and its sources had no time to repeat. */
  readonly graceUntilMs: number;
  readonly staleAfter: number;
}

/** What time alone makes of a claim: a held firing is believed, a direct claim ends. The same object if nothing changes. */
export function passTime(state: ClaimState, at: Passing): ClaimState {
  if (state.status === "resolved") {
    if (state.heldUntilMs === undefined || at.nowMs < state.heldUntilMs) return state;
    const { ended: _ended, endedAtMs: _endedAtMs, heldUntilMs: _heldUntilMs, ...rest } = state;
    return { ...rest, status: "firing" };
  }
  const endsAtMs = inferredEndAtMs(state, at);
  if (endsAtMs === null || at.nowMs < endsAtMs) return state;
  const { expiresAtMs: _expiresAtMs, ...rest } = state;
  return { ...rest, status: "resolved", ended: "inferred", endedAtMs: at.nowMs };
}

/**
 * When a firing direct claim ends unless repeated. Its `endsAt` is judged only once its source was heard after it (else it
 * is the source, or we, that were away: `source_silent`), at most `staleAfter` later. Null: a webhook claim never ends.
 */
function inferredEndAtMs(state: ClaimState, at: Passing): number | null {
  if (state.expiresAtMs === undefined) return null;
  const heard = at.sourceHeardAtMs !== undefined && at.sourceHeardAtMs > state.expiresAtMs;
  return Math.max(heard ? state.expiresAtMs : state.expiresAtMs + at.staleAfter, at.graceUntilMs);
}

/** When `passTime` may next change the state; null: never by itself. */
export function nextChangeAtMs(state: ClaimState, at: Passing): number | null {
  if (state.status === "resolved") return state.heldUntilMs ?? null;
  return inferredEndAtMs(state, at);
}
