import type { StateChange } from "@tocsin/core";
import { Gauge, Histogram, type Registry } from "./series.ts";

/** Buckets, s: a webhook of a receiver usually comes within seconds, and PagerDuty may repeat it for 48 h. */
const confirmSeconds = [0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900, 3_600, 21_600, 172_800];

/** The metrics about what receivers confirm: incidents of criticals, and the canary. */
export class ConfirmationMetrics {
  readonly timeToConfirmed: Histogram<"target" | "severity">;
  readonly #canarySuccess: Gauge<"target">;

  constructor(registers: readonly Registry[]) {
    this.timeToConfirmed = new Histogram({
      name: "tocsin_time_to_confirmed_seconds",
      help: "Time from the acceptance of an alert until its receiver reported that the incident exists, in seconds. Needs a callback.",
      labelNames: ["target", "severity"],
      buckets: confirmSeconds,
      registers,
    });
    this.#canarySuccess = new Gauge({
      name: "tocsin_canary_success",
      help: "1 if the last round of the canary succeeded, 0 if it failed.",
      labelNames: ["target"],
      registers,
    });
  }

  readonly confirmed = ({ target, severity, afterMs }: Extract<StateChange, { kind: "confirmed" }>): void =>
    this.timeToConfirmed.observe({ target, severity }, afterMs / 1_000);

  canarySuccess(target: string, isSuccess: boolean): void {
    this.#canarySuccess.set({ target }, isSuccess ? 1 : 0);
  }

  /** The canary plays no more rounds at this target. */
  canaryEnded(target: string): void {
    this.#canarySuccess.remove({ target });
  }
}
