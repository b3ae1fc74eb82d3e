import { type Clock, systemClock } from "@tocsin/http/portable";
import { PagerDutyValidationError } from "../errors.ts";
import type { Limiter, LimiterOptions, Release } from "./limiter.ts";
import type { RateRule } from "./rate-rule.ts";
import { SlidingWindow } from "./sliding-window.ts";
import { TokenBucket } from "./token-bucket.ts";

/** A rule with a queue: first come, first served. */
abstract class QueuedLimiter implements Limiter {
  readonly #rule: RateRule;
  readonly #clock: Clock;
  /** In order of arrival. */
  readonly #waiting = new Set<(release: Release) => void>();
  #cancelWake: (() => void) | undefined;
  #latestMs = Number.NEGATIVE_INFINITY;

  constructor(rule: RateRule, clock: Clock) {
    this.#rule = rule;
    this.#clock = clock;
  }

  /** Number of calls that wait for room. */
  get waiting(): number {
    return this.#waiting.size;
  }

  tryTake(): Release | undefined {
    const nowMs = this.#nowMs();
    if (this.#waiting.size > 0 || this.#rule.waitMs(nowMs) > 0) return undefined;
    return this.#start();
  }

  take(signal?: AbortSignal): Promise<Release> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const admit = (release: Release) => {
        signal?.removeEventListener("abort", leave);
        resolve(release);
      };
      const leave = () => {
        this.#waiting.delete(admit);
        this.#admit();
        reject(signal!.reason as Error);
      };
      signal?.addEventListener("abort", leave, { once: true });
      this.#waiting.add(admit);
      this.#admit();
    });
  }

  /** Admits as many calls as there is room for, and sets a timer for the next one. */
  #admit(): void {
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    for (const admit of this.#waiting) {
      const nowMs = this.#nowMs();
      const waitMs = this.#rule.waitMs(nowMs);
      if (waitMs > 0) {
        // Whole milliseconds: after a wait for a fraction that is too small to move the clock, the rule would ask for it again.
        if (waitMs < Number.POSITIVE_INFINITY)
          this.#cancelWake = this.#clock.after(Math.ceil(waitMs), () => this.#admit());
        return;
      }
      this.#waiting.delete(admit);
      admit(this.#start());
    }
  }

  #start(): Release {
    this.#rule.start();
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#rule.end(this.#nowMs());
      if (this.#waiting.size > 0) this.#admit();
    };
  }

  /** Never runs backwards, whatever clock was injected. */
  #nowMs(): number {
    this.#latestMs = Math.max(this.#latestMs, this.#clock.monotonic());
    return this.#latestMs;
  }
}

/**
 * At most `limit` attempts in any window as PagerDuty counts it. After a quiet time the whole limit may start at once.
 *
 * @example
 * const limiter = new SlidingWindowLimiter({ limit: 10_000 }); // a limit that AIOps accounts can have
 */
export class SlidingWindowLimiter extends QueuedLimiter {
  constructor({ limit = 120, perMs = 60_000, clock = systemClock }: LimiterOptions & { clock?: Clock } = {}) {
    check({ limit, perMs });
    super(new SlidingWindow(limit, perMs), clock);
  }
}

/**
 * The same promise at an even pace: `burst` attempts at once, then `limit - burst` per window. Other senders of the account find
 * room in each part of the window, and calls after the burst have to wait.
 */
export class TokenBucketLimiter extends QueuedLimiter {
  constructor({
    limit = 120,
    perMs = 60_000,
    burst = Math.min(10, Math.ceil(limit / 2)),
    clock = systemClock,
  }: LimiterOptions & {
    /** Attempts at once after a quiet time; less than `limit`. @default 10, or half of a limit below 20 */
    burst?: number;
    clock?: Clock;
  } = {}) {
    check({ limit, perMs, burst });
    super(new TokenBucket(limit, perMs, burst), clock);
  }
}

function check({ limit, perMs, burst }: { limit: number; perMs: number; burst?: number }): void {
  const issues = [];
  if (!(Number.isInteger(limit) && limit >= 1))
    issues.push({ path: "limit", message: "must be a whole number of at least 1" });
  if (!(Number.isFinite(perMs) && perMs > 0))
    issues.push({ path: "perMs", message: "must be a positive number of milliseconds" });
  if (burst !== undefined && !(Number.isInteger(burst) && burst >= 1 && burst < limit)) {
    issues.push({ path: "burst", message: "must be a whole number of at least 1 and less than `limit`" });
  }
  if (issues.length > 0) throw new PagerDutyValidationError("invalid_options", issues);
}
