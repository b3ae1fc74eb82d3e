/** Five consecutive infrastructure failures of at least two incidents open it. */
const failuresToOpen = 5;
const firstOpenMs = 10_000;
const longestOpenMs = 60_000;

/**
 * One target's circuit breaker. It defers, it never drops: what is due stays due.
 *
 * ```
 *   closed ── 5 failures in a row, ≥ 2 incidents ──▶ open ── time is up ──▶ half open: one probe
 *     ▲                                               ▲                        │
 *     └────────────── the probe was answered ─────────┼──── failed: twice as long ┘
 * ```
 */
export interface Breaker {
  /** Consecutive infrastructure failures. 429 and 4xx never count: who answers so is alive. */
  readonly failures: number;
  /** The incidents that failed, at most two: one poisoned incident must not close a target for all. */
  readonly incidents: readonly number[];
  /** Open until then, half open after it; null: closed. */
  readonly openUntilMs: number | null;
  readonly openForMs: number;
  /** The lease of the probe under way. */
  readonly probe: number | null;
  /** Not probed with twice in a row. */
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

/** The receiver answered, whatever it said. */
export const answered = (breaker: Breaker): Breaker =>
  breaker.openUntilMs === null && breaker.failures === 0
    ? breaker
    : { ...closedBreaker, lastProbed: breaker.lastProbed };

export function failed(breaker: Breaker, incident: number, token: number, nowMs: number): Breaker {
  if (breaker.openUntilMs !== null) {
    if (breaker.probe !== token) return breaker;
    const openForMs = Math.min(longestOpenMs, breaker.openForMs * 2);
    return { ...breaker, probe: null, openForMs, openUntilMs: nowMs + openForMs };
  }
  const incidents = breaker.incidents.includes(incident)
    ? breaker.incidents
    : [...breaker.incidents, incident].slice(-2);
  const failures = breaker.failures + 1;
  const opens = failures >= failuresToOpen && incidents.length >= 2;
  return { ...breaker, failures, incidents, openUntilMs: opens ? nowMs + breaker.openForMs : null };
}

export const probing = (breaker: Breaker, incident: number, token: number): Breaker => ({
  ...breaker,
  probe: token,
  lastProbed: incident,
});

/** The probe ended without a verdict (interrupted, lease lost): another may go. */
export const unprobed = (breaker: Breaker, token: number): Breaker =>
  breaker.probe === token ? { ...breaker, probe: null } : breaker;
