import type { Clock } from "@tocsin/core";

/** Maximum number of keys: some are chosen by senders. */
const maxKeys = 1_000;

export interface ThrottleRule {
  /** After the burst, one line per this time. @default one minute */
  readonly everyMs?: number;
  /** Number of lines that may pass at once. @default 1 */
  readonly burst?: number;
}

/** Field to log with the line: how many lines with its key were left out before it. */
export interface LeftOut {
  readonly leftOut?: number;
}

interface Kept {
  readonly tokens: number;
  readonly atMs: number;
  readonly leftOut: number;
}

/**
 * Limits how often a line with one key is logged, and counts the lines that it leaves out: an outage must not flood the log.
 */
export class LogThrottle {
  readonly #kept = new Map<string, Kept>();
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #everyMs: number;
  readonly #burst: number;

  constructor(clock: Pick<Clock, "monotonic">, { everyMs = 60_000, burst = 1 }: ThrottleRule = {}) {
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#burst = burst;
  }

  /** Undefined: leave the line out; it is counted. */
  pass(key: string): LeftOut | undefined {
    const { tokens, atMs, leftOut } = this.#now(key);
    const passes = tokens >= 1;
    this.#keep(key, passes ? { tokens: tokens - 1, atMs, leftOut: 0 } : { tokens, atMs, leftOut: leftOut + 1 });
    if (!passes) return undefined;
    return leftOut === 0 ? {} : { leftOut };
  }

  /** Returns the time until a line with this key passes, ms. */
  waitMs(key: string): number {
    return Math.max(0, Math.ceil((1 - this.#now(key).tokens) * this.#everyMs));
  }

  #now(key: string): Kept {
    const nowMs = this.#clock.monotonic();
    const { tokens, atMs, leftOut } = this.#kept.get(key) ?? { tokens: this.#burst, atMs: nowMs, leftOut: 0 };
    return { tokens: Math.min(this.#burst, tokens + (nowMs - atMs) / this.#everyMs), atMs: nowMs, leftOut };
  }

  #keep(key: string, kept: Kept): void {
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= maxKeys) break;
      this.#kept.delete(oldest);
    }
  }
}
