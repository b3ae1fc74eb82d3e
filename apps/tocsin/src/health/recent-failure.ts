import type { Clock } from "@tocsin/core";
import type { Failing } from "./health-views.ts";

/** A failure that is not repeated for this long is over. */
const overAfterMs = 60_000;

/** Remembers the last failure of something that reports failures only. */
export class RecentFailure {
  readonly #clock: Clock;
  #failing: Failing | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `error` holds no secret. */
  report(error: string): void {
    this.#failing = { error, sinceMs: this.current?.sinceMs ?? this.#clock.now() };
    this.#lastMs = this.#clock.monotonic();
  }

  /** Undefined: nothing has failed for a minute. */
  get current(): Failing | undefined {
    return this.#clock.monotonic() - this.#lastMs < overAfterMs ? this.#failing : undefined;
  }
}
