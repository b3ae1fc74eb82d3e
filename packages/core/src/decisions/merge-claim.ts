import { type Claim, type ClaimState, isWeakEnd, lastEndOf, newestStartOf, startOf } from "../alerts/claim.ts";
import { endClaim } from "./expire-claim.ts";

/** Times further in the future than this are counted and shown as clock skew. */
export const skewToleranceMs = 60_000;

/** A direct claim without `endsAt` ends this long after it was received (Alertmanager's `resolve_timeout`). */
export const resolveTimeoutMs = 5 * 60_000;

/** A newer start this long after a webhook claim's last statement means that a resolve was lost. */
export const lostEndAfterMs = 60_000;

/** Senders repeat a firing alert less often than this. A second statement within this time may be the same request sent twice. */
const minRepeatMs = 30_000;

/** The parts of a claim that the decision needs. */
export type ClaimFacts = Omit<Claim, "alert"> & { readonly alert: Pick<Claim["alert"], "startsAtMs"> };

export interface MergeTerms {
  readonly reorderWindow: number;
  readonly doubtfulEnd: number;
}

export interface MergedClaim {
  readonly state: ClaimState;
  /**
   * - `changed`: the claim fires, ended, or fires again.
   * - `confirmed`: repeats the known state.
   * - `held`: a firing that does not count yet.
   * - `doubted`: a resolve that ends the claim later unless a firing arrives.
   * - `ignored`: a resolve without effect.
   */
  readonly effect: "changed" | "confirmed" | "held" | "doubted" | "ignored";
  /** The statement says that the alert fires. */
  readonly fires: boolean;
  /** This firing begins a new episode: it neither repeats one nor re-opens one that ended. */
  readonly begins: boolean;
  /** This firing begins an episode while the last one still fires here: the resolve of the last one was lost. */
  readonly endLost: boolean;
  readonly skewed: boolean;
}

/**
 * Merges a claimant's new statement into the state of its claim. `startsAt` does not identify an episode: Alertmanager merges
 * overlapping alerts to the earliest start, the peers of a cluster lag behind each other, and two senders may share an address.
 * Only one thing is certain: the time spans that a sender reports for one episode overlap. The rules:
 *
 * - A resolve ends the episode if its end is not before any start of this episode, and later than every end so far. Any other
 *   resolve is doubtful, since it may be about an earlier episode. At a webhook claim, a doubtful resolve cancels a held firing,
 *   and ends the episode `doubtfulEnd` later unless a firing arrives first. A direct claim ends by its `endsAt` anyway, so a
 *   doubtful resolve has no effect there.
 * - A firing confirms a claim that fires. If its start is newer than all earlier ones, and it arrives more than a minute after a
 *   webhook claim's last statement, then a resolve was lost, unless another claim of the alert fires too.
 * - After an end, a firing that starts later than every known end begins a new episode at once. After a weak end, any firing
 *   re-opens the claim at once. Other firings may have been overtaken by the resolve, so they are held for `reorderWindow`. A
 *   claim's first statement is held too, if it starts before the end of another claim.
 *
 * `claims`: the states of all claims of this alert so far; this one may be among them.
 */
export function mergeClaim(
  previous: ClaimState | undefined,
  claim: ClaimFacts,
  nowMs: number,
  terms: MergeTerms,
  claims: Readonly<Record<string, ClaimState>> = {},
): MergedClaim {
  const interpreted = interpret(previous, claim, nowMs);
  return interpreted.isResolve
    ? mergeResolve(previous, interpreted, terms)
    : mergeFiring(previous, interpreted, terms, claims);
}

/** A claim, interpreted by our clock and by the claimant's earlier statements. */
interface InterpretedClaim {
  readonly claim: ClaimFacts;
  readonly nowMs: number;
  readonly startMs: number;
  /** The statement means that the alert ended. */
  readonly isResolve: boolean;
  readonly skewed: boolean;
  /** Its `endsAt` is on a clock that differs from ours, so we cannot compare it with our time. */
  readonly hasOtherClock: boolean;
}

function interpret(previous: ClaimState | undefined, claim: ClaimFacts, nowMs: number): InterpretedClaim {
  const { endsAtMs, status, alert } = claim;
  const isDirect = claim.sender !== undefined;
  const startMs = effectiveStart(previous, claim, nowMs);
  const isAhead = claim.startUnknown !== true && alert.startsAtMs - startMs > skewToleranceMs;
  // If the wall clock was set back, the ledger's clock is ahead of it, and the intake took the alert as firing by the wall clock.
  const isPast = status === "firing" && isDirect && endsAtMs !== undefined && endsAtMs <= nowMs;
  const unreadable = isAhead || isPast;
  return {
    claim,
    nowMs,
    startMs,
    isResolve:
      status === "resolved" ||
      (isDirect && endsAtMs !== undefined && isKnownEnd(previous, endsAtMs, nowMs, unreadable)),
    skewed:
      alert.startsAtMs > nowMs + skewToleranceMs ||
      (status === "resolved" && endsAtMs !== undefined && endsAtMs > nowMs + skewToleranceMs),
    hasOtherClock: unreadable,
  };
}

/** A start in the future counts as the time of receipt, even when it is repeated later. An unknown start changes nothing. */
function effectiveStart(previous: ClaimState | undefined, { alert, startUnknown }: ClaimFacts, nowMs: number): number {
  if (previous !== undefined) {
    if (previous.startsAtMs === alert.startsAtMs) return previous.effectiveStartsAtMs;
    if (startUnknown && previous.status === "firing") return newestStartOf(previous);
  }
  return Math.min(alert.startsAtMs, nowMs);
}

/**
 * Whether the `endsAt` of a direct alert means that the alert ended, although it lies in our future. It does, if an earlier
 * resolve had the same end. If the clocks differ, it can only be compared with earlier values: Prometheus moves the `endsAt` of a
 * firing alert forward with each repeat, so an `endsAt` that moves back or stays the same is an end.
 */
function isKnownEnd(previous: ClaimState | undefined, endsAtMs: number, nowMs: number, unreadable: boolean): boolean {
  if (previous === undefined) return false;
  if (endsAtMs === lastEndOf(previous)) return true;
  const saidMs = previous.saidEndsAtMs ?? previous.expiresAtMs;
  if (!unreadable || saidMs === undefined) return false;
  return endsAtMs < saidMs || (endsAtMs === saidMs && nowMs - previous.heardAtMs >= minRepeatMs);
}

function mergeResolve(previous: ClaimState | undefined, interpreted: InterpretedClaim, terms: MergeTerms): MergedClaim {
  const { claim, nowMs } = interpreted;
  if (previous === undefined) {
    const lastEndMs = claim.endsAtMs ?? interpreted.startMs;
    return merged(interpreted, { ...endClaim(stateOf(interpreted), "explicit"), lastEndMs }, "changed");
  }
  const newestStartMs = newestStartOf(previous);
  const lastEndMs = lastEndOf(previous);
  const endMs = claim.endsAtMs ?? newestStartMs;
  const isLater = lastEndMs === undefined || endMs > lastEndMs;
  const state: ClaimState = { ...previous, lastEndMs: isLater ? endMs : lastEndMs, heardAtMs: nowMs };
  if (isLater && endMs >= newestStartMs) {
    const ended = endClaim({ ...state, saidEndsAtMs: endMs }, "explicit");
    return merged(interpreted, ended, previous.status === "resolved" ? "confirmed" : "changed");
  }
  if (claim.sender !== undefined) return merged(interpreted, state, "ignored");
  if (previous.status === "firing")
    return previous.doubtfulEndAtMs === undefined
      ? merged(interpreted, { ...state, doubtfulEndAtMs: nowMs + terms.doubtfulEnd }, "doubted")
      : merged(interpreted, state, "ignored");
  return previous.heldUntilMs === undefined
    ? merged(interpreted, state, "ignored")
    : merged(interpreted, endClaim(state, "explicit"), "confirmed");
}

function mergeFiring(
  previous: ClaimState | undefined,
  interpreted: InterpretedClaim,
  terms: MergeTerms,
  claims: Readonly<Record<string, ClaimState>>,
): MergedClaim {
  const { startMs, nowMs } = interpreted;
  const lastEndMs = previous && lastEndOf(previous);
  const firing = firingState(interpreted, lastEndMs);
  if (previous?.status === "firing") {
    const endLost =
      startMs > newestStartOf(previous) &&
      interpreted.claim.sender === undefined &&
      nowMs - previous.heardAtMs > lostEndAfterMs &&
      !anotherFires(previous, claims);
    return endLost
      ? merged(interpreted, firing, "changed", { begins: true, endLost })
      : merged(interpreted, sameEpisode(previous, firing), "confirmed");
  }
  if (previous !== undefined && isWeakEnd(previous.ended))
    return merged(interpreted, firing, "changed", { begins: startMs > newestStartOf(previous) });
  const endMs = lastEndMs ?? greatestEnd(claims);
  // If the sender's clock is ahead, its end lies in our future. Then only its own clock shows which came first.
  const startsAtMs = lastEndMs !== undefined && lastEndMs > nowMs ? interpreted.claim.alert.startsAtMs : startMs;
  if (endMs === undefined || startsAtMs > endMs) return merged(interpreted, firing, "changed", { begins: true });

  const heldUntilMs = previous?.heldUntilMs ?? nowMs + terms.reorderWindow;
  const held = previous?.heldUntilMs === undefined ? firing : sameEpisode(previous, firing);
  if (nowMs >= heldUntilMs) return merged(interpreted, held, "changed");
  const ended = previous?.ended === undefined ? {} : { ended: previous.ended };
  return merged(interpreted, { ...held, status: "resolved", ...ended, heldUntilMs }, "held");
}

const merged = (
  { isResolve: ends, skewed }: InterpretedClaim,
  state: ClaimState,
  effect: MergedClaim["effect"],
  { begins = false, endLost = false }: { readonly begins?: boolean; readonly endLost?: boolean } = {},
): MergedClaim => ({ state, effect, fires: !ends, begins, endLost, skewed });

/** The state after another firing of the same episode. */
function sameEpisode(previous: ClaimState, firing: ClaimState): ClaimState {
  const startMs = Math.min(startOf(previous), firing.effectiveStartsAtMs);
  const newestStartMs = Math.max(newestStartOf(previous), firing.effectiveStartsAtMs);
  // Most firings repeat the known start. Then there is nothing more to store.
  return startMs === newestStartMs ? firing : { ...firing, startMs, newestStartMs };
}

function stateOf({ claim, nowMs, startMs }: InterpretedClaim): ClaimState {
  const { source, sender, origin, alert, status, endsAtMs } = claim;
  return {
    source,
    ...(sender === undefined ? {} : { sender }),
    ...(origin === undefined ? {} : { origin }),
    status,
    startsAtMs: alert.startsAtMs,
    effectiveStartsAtMs: startMs,
    ...(endsAtMs === undefined ? {} : { saidEndsAtMs: endsAtMs }),
    heardAtMs: nowMs,
  };
}

/** The claim's state from this firing alone. Only direct claims expire. */
function firingState(interpreted: InterpretedClaim, lastEndMs: number | undefined): ClaimState {
  const { sender, endsAtMs } = interpreted.claim;
  const expiresAtMs =
    endsAtMs === undefined || interpreted.hasOtherClock ? interpreted.nowMs + resolveTimeoutMs : endsAtMs;
  return {
    ...stateOf(interpreted),
    ...(lastEndMs === undefined ? {} : { lastEndMs }),
    ...(sender === undefined ? {} : { expiresAtMs }),
  };
}

function greatestEnd(claims: Readonly<Record<string, ClaimState>>): number | undefined {
  let greatest: number | undefined;
  for (const key in claims) {
    const endMs = lastEndOf(claims[key] as ClaimState);
    if (endMs !== undefined && (greatest === undefined || endMs > greatest)) greatest = endMs;
  }
  return greatest;
}

function anotherFires(own: ClaimState, claims: Readonly<Record<string, ClaimState>>): boolean {
  for (const key in claims) if (claims[key] !== own && claims[key]?.status === "firing") return true;
  return false;
}
