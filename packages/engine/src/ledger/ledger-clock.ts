import type { Clock } from "@tocsin/core/decisions";

/**
 * The ledger's time: the wall clock's, but never backwards, and never standing still either. Where the wall clock jumped
 * back, it goes on from where it was at the monotonic clock's pace.
 */
export class LedgerClock {
  readonly #clock: Clock;
  #lastMs: number;
  #monotonicMs: number;

  constructor(clock: Clock, notBeforeMs: number) {
    this.#clock = clock;
    this.#lastMs = Math.max(notBeforeMs, clock.now());
    this.#monotonicMs = clock.monotonic();
  }

  now(): number {
    const monotonicMs = this.#clock.monotonic();
    const passedMs = Math.max(0, monotonicMs - this.#monotonicMs);
    this.#monotonicMs = monotonicMs;
    this.#lastMs = Math.max(this.#lastMs + passedMs, this.#clock.now());
    return Math.floor(this.#lastMs);
  }
}
