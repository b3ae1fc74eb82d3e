/**
 * How a credential stands with its receiver: paused after a 429, and with how much of its limit. One halving a pause,
 * however many attempts in flight were answered 429; a tenth of the limit comes back with each quiet minute.
 */
export interface Throttle {
  readonly pausedAtMs: number | null;
  readonly pausedUntilMs: number | null;
  /** The lease of the one attempt that asks, after a pause, whether it is over. */
  readonly probe: number | null;
  /** Part of the limit in force when it was last halved; null: all of it. */
  readonly limit: number | null;
  readonly halvedAtMs: number;
}

export const unthrottled: Throttle = { pausedAtMs: null, pausedUntilMs: null, probe: null, limit: null, halvedAtMs: 0 };

const minuteMs = 60_000;

/** The limit that counts now. No limit stays no limit. */
export function effectiveLimit(throttle: Throttle, limit: number, nowMs: number): number {
  if (limit === 0 || throttle.limit === null) return limit;
  const quietMinutes = Math.max(0, Math.floor((nowMs - throttle.halvedAtMs) / minuteMs));
  return Math.min(limit, throttle.limit + Math.ceil(quietMinutes * limit * 0.1));
}

/** An attempt that started at `startedAtMs` was answered 429. */
export function throttled(
  throttle: Throttle,
  at: { readonly startedAtMs: number; readonly nowMs: number; readonly waitMs: number; readonly limit: number },
): Throttle {
  const untilMs = at.nowMs + at.waitMs;
  // Sent before the pause began: the same throttling answered late.
  if (throttle.pausedAtMs !== null && at.startedAtMs < throttle.pausedAtMs)
    return { ...throttle, pausedUntilMs: Math.max(throttle.pausedUntilMs ?? 0, untilMs) };
  return {
    pausedAtMs: at.nowMs,
    pausedUntilMs: untilMs,
    probe: null,
    limit: at.limit === 0 ? null : Math.max(1, Math.floor(effectiveLimit(throttle, at.limit, at.nowMs) / 2)),
    halvedAtMs: at.nowMs,
  };
}

/** Answered with anything but a 429: the pause is over. */
export function unpaused(throttle: Throttle, startedAtMs: number): Throttle {
  if (throttle.pausedUntilMs === null || (throttle.pausedAtMs !== null && startedAtMs < throttle.pausedAtMs))
    return throttle;
  return { ...throttle, pausedAtMs: null, pausedUntilMs: null, probe: null };
}
