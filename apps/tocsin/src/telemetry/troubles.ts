import type { Clock } from "@tocsin/core";
import { type LeftOut, LogThrottle, type ThrottleRule } from "./log-throttle.ts";

/** Field of the line that logs the end of a problem: how long it lasted. */
export interface Lasted {
  readonly seconds: number;
}

interface Trouble {
  readonly sinceMs: number;
  isLogged: boolean;
  readonly cancel: () => void;
}

/**
 * Tracks problems that start and end, and logs both. A flapping problem is logged less often. If it still lasts when its next
 * line is allowed, it is logged then, so that the last line about a state is never wrong for long.
 */
export class Troubles {
  readonly #clock: Clock;
  readonly #throttle: LogThrottle;
  readonly #troubles = new Map<string, Trouble>();

  constructor(clock: Clock, rule: ThrottleRule) {
    this.#clock = clock;
    this.#throttle = new LogThrottle(clock, rule);
  }

  /** Does nothing if the problem has started already. */
  begin(key: string, log: (fields: LeftOut) => void): void {
    if (this.#troubles.has(key)) return;
    const passed = this.#throttle.pass(key);
    const later = () => {
      const trouble = this.#troubles.get(key);
      const fields = this.#throttle.pass(key);
      if (!trouble || !fields) return;
      trouble.isLogged = true;
      // The line itself is among those that were left out.
      const leftOut = (fields.leftOut ?? 1) - 1;
      log(leftOut === 0 ? {} : { leftOut });
    };
    const cancel = passed ? () => {} : this.#clock.after(this.#throttle.waitMs(key), later);
    this.#troubles.set(key, { sinceMs: this.#clock.monotonic(), isLogged: passed !== undefined, cancel });
    if (passed) log(passed);
  }

  /** Returns whether the start of the problem was logged. */
  isLogged(key: string): boolean {
    return this.#troubles.get(key)?.isLogged === true;
  }

  /** Logs the end of a problem whose start was logged. */
  end(key: string, log: (fields: Lasted) => void): void {
    const trouble = this.#troubles.get(key);
    if (trouble === undefined) return;
    this.#troubles.delete(key);
    trouble.cancel();
    if (trouble.isLogged) log({ seconds: Math.round((this.#clock.monotonic() - trouble.sinceMs) / 1_000) });
  }

  stop(): void {
    for (const { cancel } of this.#troubles.values()) cancel();
    this.#troubles.clear();
  }
}
