import type { Clock } from "@tocsin/core";

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test moves it. Timers fire in order, each with all that follows from it done. */
export class VirtualClock implements Clock {
  #nowMs: number;
  #skewMs = 0;
  #order = 0;
  #timers: Timer[] = [];
  readonly #held = new Set<Promise<unknown>>();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs + this.#skewMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  /** The wall clock jumps; the monotonic one does not. */
  jump(byMs: number): void {
    this.#skewMs += byMs;
  }

  /** When the next timer fires, ms on the monotonic clock; null: none is set. */
  nextAtMs(): number | null {
    return this.#next()?.atMs ?? null;
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers)
      if (!next || timer.atMs < next.atMs || (timer.atMs === next.atMs && timer.order < next.order)) next = timer;
    return next;
  }

  /** Holds virtual time until an operation that takes real time is done. */
  hold<T>(promise: Promise<T>): Promise<T> {
    this.#held.add(promise);
    const release = (): void => void this.#held.delete(promise);
    void promise.then(release, release);
    return promise;
  }

  async #settled(): Promise<void> {
    await settled();
    while (this.#held.size > 0) {
      await Promise.allSettled(this.#held);
      await settled();
    }
  }

  /** Lets this much time pass. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    await this.#settled();
    for (let next = this.#next(); next && next.atMs <= untilMs; next = this.#next()) {
      this.#timers = this.#timers.filter((one) => one !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.callback();
      await this.#settled();
    }
    this.#nowMs = untilMs;
    await this.#settled();
  }
}

/** All promise callbacks that are ready have run, and what they made ready too. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
