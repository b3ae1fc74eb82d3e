import type { RateRule } from "./rate-rule.ts";

/**
 * At most `limit` attempts in any window as the receiver counts it.
 *
 * The receiver counts an attempt somewhere between its start and its end, and we cannot know where. So a slot is taken
 * from the start until one window after the end: attempts that share a window then share a moment at which all of them
 * hold a slot.
 */
export class SlidingWindow implements RateRule {
  readonly #limit: number;
  readonly #heldMs: number;
  #inFlight = 0;
  /** When the slots of ended attempts come free; ends are reported in order of time, so this is sorted. */
  readonly #freeAtMs: number[] = [];

  constructor(limit: number, perMs: number) {
    this.#limit = limit;
    // The receiver's clock is not ours (a thousandth is ten times what crystals drift), and it counts whole milliseconds.
    this.#heldMs = perMs * 1.001 + 1;
  }

  waitMs(nowMs: number): number {
    while (this.#freeAtMs[0] !== undefined && this.#freeAtMs[0] <= nowMs) this.#freeAtMs.shift();
    if (this.#inFlight + this.#freeAtMs.length < this.#limit) return 0;
    const next = this.#freeAtMs[0];
    return next === undefined ? Number.POSITIVE_INFINITY : next - nowMs;
  }

  start(): void {
    this.#inFlight++;
  }

  end(nowMs: number): void {
    this.#inFlight--;
    this.#freeAtMs.push(nowMs + this.#heldMs);
  }
}
