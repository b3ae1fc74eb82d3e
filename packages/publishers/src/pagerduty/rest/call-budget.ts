/** The window of PagerDuty's limit. */
const windowMs = 60_000;

/**
 * Limits our own calls, so that those of other tools with the same account pass: PagerDuty accepts 960 in a minute
 * (https://developer.pagerduty.com/docs/rest-api-rate-limits). It also remembers a refusal for this reason.
 */
export class CallBudget {
  readonly #perMinute: number;
  /** Times of the calls of the last minute, oldest first. */
  #calledAtMs: number[] = [];
  #closedUntilMs = 0;

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** Counts a call. @returns 0: send it; else the wait in ms, and nothing was counted */
  take(nowMs: number): number {
    // A clock that was set back must not close it for longer than the window.
    this.#calledAtMs = this.#calledAtMs.filter((atMs) => atMs <= nowMs && atMs > nowMs - windowMs);
    const closedForMs = Math.min(this.#closedUntilMs - nowMs, maxClosedMs);
    if (closedForMs > 0) return closedForMs;
    const oldest = this.#calledAtMs[0];
    if (this.#calledAtMs.length >= this.#perMinute && oldest !== undefined) return oldest + windowMs - nowMs;
    this.#calledAtMs.push(nowMs);
    return 0;
  }

  /** PagerDuty refused a call. @returns the wait in ms: that of the answer, else a whole window */
  close(nowMs: number, retryAfterMs: number | undefined): number {
    const waitMs = Math.min(Math.max(retryAfterMs ?? windowMs, 1_000), maxClosedMs);
    this.#closedUntilMs = nowMs + waitMs;
    return waitMs;
  }
}

/** An answer may name tomorrow. */
const maxClosedMs = 600_000;
