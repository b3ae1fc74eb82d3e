import type { Clock } from "@tocsin/core";
import type { FailingCallback } from "./failing-callback.ts";

/** A receiver with a wrong secret sends more than this; a stranger may, too, which is why the problem is only a warning. */
const minRefused = 3;
/** Without a refused request for this long the problem is over. PagerDuty disables a subscription for a day. */
const overAfterMs = 24 * 3_600_000;

interface Refused {
  readonly count: number;
  readonly sinceMs: number;
  readonly lastMs: number;
  readonly reason: string;
}

/** Counts the refused requests of each callback since its last valid one. */
export class RefusedInARow {
  readonly #clock: Pick<Clock, "now">;
  /** By the name of a configured callback, so they are few. */
  readonly #refused = new Map<string, Refused>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  refused(callback: string, reason: string): void {
    const nowMs = this.#clock.now();
    const { count = 0, sinceMs = nowMs } = this.#refused.get(callback) ?? {};
    this.#refused.set(callback, { count: count + 1, sinceMs, lastMs: nowMs, reason });
  }

  accepted(callback: string): void {
    this.#refused.delete(callback);
  }

  /** Forgets the callbacks that the configuration no longer has. */
  keep(isConfigured: (callback: string) => boolean): void {
    for (const callback of this.#refused.keys()) if (!isConfigured(callback)) this.#refused.delete(callback);
  }

  get failing(): readonly FailingCallback[] {
    const nowMs = this.#clock.now();
    return [...this.#refused].flatMap(([callback, { count, sinceMs, lastMs, reason }]) =>
      count < minRefused || nowMs - lastMs > overAfterMs
        ? []
        : [{ callback, sinceMs, error: `its last ${count} requests were refused: ${reason}` }],
    );
  }
}
