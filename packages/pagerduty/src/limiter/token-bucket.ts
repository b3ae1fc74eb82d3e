import type { RateRule } from "./rate-rule.ts";
import { SlidingWindow } from "./sliding-window.ts";

/**
 * Even pace after a short burst: a bucket of `burst` tokens, refilled with `limit - burst` per window, so that a window
 * that starts with a full bucket sees `limit` and no more. (Refilling `limit` per window would let 130 through.)
 *
 * That holds at our end of the connection. Late answers can bring attempts close together at the receiver, so the sliding window
 * is kept as well.
 */
export class TokenBucket implements RateRule {
  readonly #burst: number;
  readonly #perToken: number;
  readonly #window: SlidingWindow;
  #tokens: number;
  #filledAtMs = Number.NEGATIVE_INFINITY;

  constructor(limit: number, perMs: number, burst: number) {
    this.#burst = burst;
    this.#tokens = burst;
    this.#perToken = perMs / (limit - burst);
    this.#window = new SlidingWindow(limit, perMs);
  }

  waitMs(nowMs: number): number {
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#filledAtMs) / this.#perToken);
    this.#filledAtMs = nowMs;
    return Math.max((1 - this.#tokens) * this.#perToken, this.#window.waitMs(nowMs));
  }

  start(): void {
    this.#tokens -= 1;
    this.#window.start();
  }

  end(nowMs: number): void {
    this.#window.end(nowMs);
  }
}
