/** Five consecutive infrastructure failures of at least two incidents open the breaker. */
const failuresToOpen = 5;
const firstOpenMs = 10_000;
const maxOpenMs = 60_000;

/**
 * One target's circuit breaker. It defers attempts and never drops any: a due incident stays due.
 *
 * ```
 *   closed ── 5 failures in a row, ≥ 2 incidents ──▶ open ── its time has passed ──▶ half open: one probe
 *     ▲                                               ▲                                  │     │
 *     │                                               └── the probe failed: twice ───────┘     │
 *     │                                                   as long, 60 s at most                │
 *     └────────────────────────────── the probe was answered ─────────────────────────────────┘
 * ```
 */
export interface Breaker {
  /** Consecutive infrastructure failures. 429 and 4xx never count, because a receiver that answers so works. */
  readonly failures: number;
  /** The incidents that failed, at most two: one incident that always fails must not stop a target for all others. */
  readonly incidents: readonly number[];
  /** Open until then, half open afterwards. Null: closed. */
  readonly openUntilMs: number | null;
  /** When it opened; failed probes keep it. Absent while closed, and in rows that older versions wrote. */
  readonly openSinceMs?: number;
  readonly openForMs: number;
  /** The lease of the probe in flight. */
  readonly probe: number | null;
  /** The incident of the last probe. The next probe is another incident if one is due. */
  readonly lastProbed: number | null;
}

export const closedBreaker: Breaker = {
  failures: 0,
  incidents: [],
  openUntilMs: null,
  openForMs: firstOpenMs,
  probe: null,
  lastProbed: null,
};

export function breakerState(breaker: Breaker, nowMs: number): "closed" | "half_open" | "open" {
  if (breaker.openUntilMs === null) return "closed";
  return nowMs >= breaker.openUntilMs ? "half_open" : "open";
}

/** The receiver answered; any answer counts. */
export const answered = (breaker: Breaker): Breaker =>
  breaker.openUntilMs === null && breaker.failures === 0
    ? breaker
    : { ...closedBreaker, lastProbed: breaker.lastProbed };

export function failed(breaker: Breaker, incident: number, token: number, nowMs: number): Breaker {
  if (breaker.openUntilMs !== null) {
    if (breaker.probe !== token) return breaker;
    const openForMs = Math.min(maxOpenMs, breaker.openForMs * 2);
    return { ...breaker, probe: null, openForMs, openUntilMs: nowMs + openForMs };
  }
  const incidents = breaker.incidents.includes(incident)
    ? breaker.incidents
    : [...breaker.incidents, incident].slice(-2);
  const failures = breaker.failures + 1;
  const opens = failures >= failuresToOpen && incidents.length >= 2;
  if (!opens) return { ...breaker, failures, incidents, openUntilMs: null };
  return { ...breaker, failures, incidents, openUntilMs: nowMs + breaker.openForMs, openSinceMs: nowMs };
}

export const probing = (breaker: Breaker, incident: number, token: number): Breaker => ({
  ...breaker,
  probe: token,
  lastProbed: incident,
});

/** The probe ended without a verdict (interrupted, lease lost): another attempt may probe. */
export const unprobed = (breaker: Breaker, token: number): Breaker =>
  breaker.probe === token ? { ...breaker, probe: null } : breaker;
