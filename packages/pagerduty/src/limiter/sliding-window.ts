import type { Rule } from "./rule.ts";

/**
 * At most `limit` attempts in any window as the receiver counts it.
 *
 * The receiver counts an attempt somewhere between its start and its end, and we cannot know where. So a slot is taken
 * from the start until one window after the end: attempts that share a window then share a moment at which all of them
 * hold a slot.
 */
export class SlidingWindow implements Rule {
  readonly #limit: number;
  readonly #heldMs: number;
  #inFlight = 0;
  /** When the slots of ended attempts come free; ends are reported in order of time, so this is sorted. */
  #freeAtMs: number[] = [];
  /** Those before this index are free already. */
  #first = 0;

  constructor(limit: number, perMs: number) {
    this.#limit = limit;
    // The receiver's clock is not ours (a thousandth is ten times what crystals drift), and it counts whole milliseconds.
    this.#heldMs = perMs * 1.001 + 1;
  }

  waitMs(nowMs: number): number {
    this.#free(nowMs);
    if (this.#inFlight + this.#freeAtMs.length - this.#first < this.#limit) return 0;
    const next = this.#freeAtMs[this.#first];
    return next === undefined ? Number.POSITIVE_INFINITY : next - nowMs;
  }

  start(): void {
    this.#inFlight++;
  }

  end(nowMs: number): void {
    this.#inFlight--;
    this.#freeAtMs.push(nowMs + this.#heldMs);
  }

  #free(nowMs: number): void {
    while (this.#first < this.#freeAtMs.length && this.#freeAtMs[this.#first]! <= nowMs) this.#first++;
    // Forget the free ones now and then: half of the array at a time costs nothing on average.
    if (this.#first * 2 < this.#freeAtMs.length || this.#first < 64) return;
    this.#freeAtMs = this.#freeAtMs.slice(this.#first);
    this.#first = 0;
  }
}
