/**
 * The throttling of a credential by its receiver: its pause after a 429, and its lowered limit. Each pause halves the limit once,
 * however many attempts in flight got a 429. Each minute without a 429 gives a tenth of the limit back.
 *
 * ```
 *   free ─────── 429 ───────▶ paused ── the pause has passed ──▶ one probe
 *    ▲      (limit halved)     ▲ ▲ │                              │     │
 *    │                         │ └─┘ 429 of an attempt that began │     │
 *    │                         │     before: may lengthen it      │     │
 *    │                         └──── 429 (limit halved again) ────┘     │
 *    └───────────────── any other answer of the receiver ───────────────┘
 * ```
 */
export interface Throttle {
  readonly pausedAtMs: number | null;
  readonly pausedUntilMs: number | null;
  /** The lease of the one attempt that tests, after a pause, whether the receiver accepts again. */
  readonly probe: number | null;
  /** The lowered limit, as of the last halving. Null: not lowered. */
  readonly limit: number | null;
  readonly halvedAtMs: number;
}

export const unthrottled: Throttle = { pausedAtMs: null, pausedUntilMs: null, probe: null, limit: null, halvedAtMs: 0 };

const minuteMs = 60_000;

/** The limit that counts now. Zero, which is no limit, stays zero. */
export function effectiveLimit(throttle: Throttle, limit: number, nowMs: number): number {
  if (limit === 0 || throttle.limit === null) return limit;
  const quietMinutes = Math.max(0, Math.floor((nowMs - throttle.halvedAtMs) / minuteMs));
  return Math.min(limit, throttle.limit + Math.ceil(quietMinutes * limit * 0.1));
}

/** An attempt that began at `startedAtMs` got a 429. */
export function throttled(
  throttle: Throttle,
  at: { readonly startedAtMs: number; readonly nowMs: number; readonly waitMs: number; readonly limit: number },
): Throttle {
  const untilMs = at.nowMs + at.waitMs;
  // Sent before the pause began: a late answer about the same throttling.
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

/** The receiver answered with anything but a 429: the pause is over. */
export function unpaused(throttle: Throttle, startedAtMs: number): Throttle {
  if (throttle.pausedUntilMs === null || (throttle.pausedAtMs !== null && startedAtMs < throttle.pausedAtMs))
    return throttle;
  return { ...throttle, pausedAtMs: null, pausedUntilMs: null, probe: null };
}
