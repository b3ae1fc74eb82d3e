import type { Clock } from "@tocsin/core";

/** Keys come partly from senders. */
const mostKeys = 1_000;

/** Lets the same thing be said once in a while: a storm must not become a storm of log lines. */
export class Seldom {
  readonly #saidAtMs = new Map<string, number>();
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #everyMs: number;

  constructor(clock: Pick<Clock, "monotonic">, everyMs = 60_000) {
    this.#clock = clock;
    this.#everyMs = everyMs;
  }

  /** True: say it now. */
  may(key: string): boolean {
    const nowMs = this.#clock.monotonic();
    const saidAtMs = this.#saidAtMs.get(key);
    if (saidAtMs !== undefined && nowMs - saidAtMs < this.#everyMs) return false;
    this.#saidAtMs.delete(key);
    this.#saidAtMs.set(key, nowMs);
    for (const oldest of this.#saidAtMs.keys()) {
      if (this.#saidAtMs.size <= mostKeys) break;
      this.#saidAtMs.delete(oldest);
    }
    return true;
  }
}
