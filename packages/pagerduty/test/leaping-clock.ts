import type { Clock } from "@tocsin/http/portable";

/** A clock that records each wait and ends it at once. For waits between real requests. */
export class LeapingClock implements Clock {
  /** All waits, in ms. */
  readonly waitsMs: number[] = [];
  readonly #startMs: number;
  #passedMs = 0;

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#startMs = startMs;
  }

  now(): number {
    return this.#startMs + this.#passedMs;
  }

  monotonic(): number {
    return this.#passedMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const immediate = setImmediate(() => {
      this.waitsMs.push(delayMs);
      this.#passedMs += delayMs;
      callback();
    });
    return () => clearImmediate(immediate);
  }
}
