import type { Clock } from "@tocsin/core/decisions";

/**
 * The ledger's time: the wall clock's, but it never goes back and never stops. After the wall clock jumped back, the ledger's time
 * continues from its last value, as fast as the monotonic clock.
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
