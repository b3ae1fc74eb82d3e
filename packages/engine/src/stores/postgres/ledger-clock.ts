import type { Clock } from "@tocsin/core/decisions";

/** Between two machines' clocks this is nothing; more is a database whose clock was set back. */
const jumpMs = 1_000;

/** The sources had no time to repeat while nobody could record it: as after a start. */
const longSilenceMs = 30_000;

/**
 * The ledger's time: the database's clock, never behind what was written, whoever wrote it. Where that clock was set back, time
 * goes on at the pace of our monotonic one until the clock has caught up.
 */
export class LedgerTime {
  readonly #monotonic: () => number;
  readonly #testClock: Clock | undefined;
  #lastMs = 0;
  #lastMonotonicMs = 0;
  #startedAtMs = 0;
  #failingSinceMs: number | undefined;

  constructor({ monotonic, testClock }: { readonly monotonic: () => number; readonly testClock?: Clock | undefined }) {
    this.#monotonic = monotonic;
    this.#testClock = testClock;
  }

  /** A test's clock in place of the database's; null: the database's. */
  get clockMs(): number | null {
    return this.#testClock ? Math.floor(this.#testClock.now()) : null;
  }

  /** When this process began to listen, or could record again what it heard. */
  get startedAtMs(): number {
    return this.#startedAtMs;
  }

  /** What time it is in a transaction that read this. */
  after({ timeMs, clockMs }: { readonly timeMs: number; readonly clockMs: number }): number {
    const nowMs = this.#goneOn(timeMs, clockMs);
    const failedForMs = this.#failingSinceMs === undefined ? 0 : this.#monotonic() - this.#failingSinceMs;
    if (this.#startedAtMs === 0 || failedForMs > longSilenceMs) this.#startedAtMs = nowMs;
    return nowMs;
  }

  #goneOn(timeMs: number, clockMs: number): number {
    if (clockMs >= timeMs - jumpMs || this.#lastMs === 0) return Math.max(timeMs, clockMs);
    return Math.max(timeMs, Math.floor(this.#lastMs + this.#monotonic() - this.#lastMonotonicMs));
  }

  /** A transaction at this time was committed. */
  passed(nowMs: number): void {
    this.#failingSinceMs = undefined;
    this.#lastMs = nowMs;
    this.#lastMonotonicMs = this.#monotonic();
  }

  /** No transaction is committed since. */
  failed(): void {
    this.#failingSinceMs ??= this.#monotonic();
  }
}
