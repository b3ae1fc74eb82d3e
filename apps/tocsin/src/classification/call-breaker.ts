import type { Clock } from "@tocsin/core";

/** Calls that may fail, one after another, before no more are made. */
const maxFailures = 5;

const firstPauseMs = 10_000;
const maxPauseMs = 5 * 60_000;
/** The longest pause that a provider can ask for. */
const maxAskedPauseMs = 3_600_000;

export type BreakerState = "closed" | "half_open" | "open";

/**
 * Stops calls of a classifier that fails. Promises that at most `maxFailures` calls fail before it opens: calls that run already count as
 * if they failed. After a pause it lets one call through; the next pause is twice as long.
 */
export class CallBreaker {
  readonly #clock: Clock;
  #failures = 0;
  #running = 0;
  #pauseMs = firstPauseMs;
  #openUntilMs: number | undefined;
  #probes = false;
  #openedAtMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether a call would be refused now, and not only because others run. */
  get refuses(): boolean {
    return this.#openUntilMs !== undefined && (this.#probes || this.#clock.monotonic() < this.#openUntilMs);
  }

  get state(): BreakerState {
    if (this.#openUntilMs === undefined) return "closed";
    return this.refuses && !this.#probes ? "open" : "half_open";
  }

  /** Since when no call succeeds, ms since epoch. Undefined: it is closed. */
  get openedAtMs(): number | undefined {
    return this.#openedAtMs;
  }

  /** Takes the right to make a call. The caller gives it back by `succeeded`, `failed` or `released`. */
  tryStart(): boolean {
    if (this.refuses) return false;
    if (this.#openUntilMs !== undefined) this.#probes = true;
    else if (this.#running + this.#failures >= maxFailures) return false;
    this.#running++;
    return true;
  }

  succeeded(): void {
    this.#running--;
    this.#failures = 0;
    this.#pauseMs = firstPauseMs;
    this.#openUntilMs = undefined;
    this.#openedAtMs = undefined;
    this.#probes = false;
  }

  /** Returns whether the breaker opened because of it. `retryAfterMs`: the provider asked for this pause. */
  failed(retryAfterMs?: number): boolean {
    this.#running--;
    this.#failures = Math.min(this.#failures + 1, maxFailures);
    const wasOpen = this.#openUntilMs !== undefined;
    if (this.#failures < maxFailures && retryAfterMs === undefined && !wasOpen) return false;
    const askedMs = Math.min(retryAfterMs ?? 0, maxAskedPauseMs);
    const untilMs = this.#clock.monotonic() + Math.max(this.#pauseMs, askedMs);
    // A call that began before the breaker opened does not make the pause longer.
    if (!wasOpen || this.#probes) this.#pauseMs = Math.min(this.#pauseMs * 2, maxPauseMs);
    this.#openUntilMs = Math.max(this.#openUntilMs ?? 0, untilMs);
    this.#openedAtMs ??= this.#clock.now();
    this.#probes = false;
    return !wasOpen;
  }

  /** The right was not used, or we ended the call. */
  released(): void {
    this.#running--;
    this.#probes = false;
  }
}
