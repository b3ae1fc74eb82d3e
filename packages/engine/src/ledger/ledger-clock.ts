import type { Clock } from "@tocsin/core/decisions";

/** After this long without a commit the sources had no time to repeat their claims: as after a start. */
const longSilenceMs = 30_000;

export interface LedgerClockOptions {
  /** The ledger's time when it was last committed, by an earlier process. Wall clock, ms. @default 0 */
  readonly notBeforeMs?: number;
  /**
   * A wall clock that is this far behind the ledger's time was not set back. 0 for the clock of this machine; more for a
   * database's clock, which several machines compare with theirs. @default 0
   */
  readonly toleranceMs?: number;
}

/**
 * The ledger's time: a wall clock's, but never backwards. If the wall clock was set back, time goes on at the pace of this
 * process's monotonic clock until the wall clock has caught up; it never stands still.
 *
 * A ledger with one process asks `now`. Replicas that share a ledger ask `after`: the wall clock is the database's, and the
 * time that any replica committed is the earliest that the next one sees.
 */
export class LedgerClock {
  readonly #clock: Pick<Clock, "now" | "monotonic">;
  readonly #toleranceMs: number;
  /** The time at the last commit of this process, or the last call of `now`; a fraction of a millisecond is kept. */
  #lastMs: number;
  #lastMonotonicMs: number;
  #startedAtMs = 0;
  #failingSinceMs: number | undefined;

  constructor(clock: Pick<Clock, "now" | "monotonic">, { notBeforeMs = 0, toleranceMs = 0 }: LedgerClockOptions = {}) {
    this.#clock = clock;
    this.#toleranceMs = toleranceMs;
    this.#lastMs = notBeforeMs;
    this.#lastMonotonicMs = clock.monotonic();
  }

  /** The time now, by the wall clock of this machine. */
  now(): number {
    const nowMs = this.#read(this.#clock.now(), this.#goneOnMs());
    this.#pass(nowMs);
    return Math.floor(nowMs);
  }

  /** The time in a transaction that read the last committed time and the database's clock. */
  after({ timeMs, clockMs }: { readonly timeMs: number; readonly clockMs: number }): number {
    const nowMs = Math.floor(this.#read(clockMs, timeMs));
    const failedForMs = this.#failingSinceMs === undefined ? 0 : this.#clock.monotonic() - this.#failingSinceMs;
    if (this.#startedAtMs === 0 || failedForMs > longSilenceMs) this.#startedAtMs = nowMs;
    return nowMs;
  }

  /** When this process began to listen to sources, or could record again what they said. As of `after`. */
  get startedAtMs(): number {
    return this.#startedAtMs;
  }

  /** A transaction at this time was committed. */
  committed(nowMs: number): void {
    this.#failingSinceMs = undefined;
    this.#pass(nowMs);
  }

  /** A transaction failed, and none is committed since. */
  failed(): void {
    this.#failingSinceMs ??= this.#clock.monotonic();
  }

  #read(wallMs: number, notBeforeMs: number): number {
    const wasSetBack = wallMs < notBeforeMs - this.#toleranceMs;
    return Math.max(notBeforeMs, wasSetBack ? this.#goneOnMs() : wallMs);
  }

  #goneOnMs(): number {
    return this.#lastMs + Math.max(0, this.#clock.monotonic() - this.#lastMonotonicMs);
  }

  #pass(nowMs: number): void {
    this.#lastMs = nowMs;
    this.#lastMonotonicMs = this.#clock.monotonic();
  }
}
