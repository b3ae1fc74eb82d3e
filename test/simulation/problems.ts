import type { Alert, Severity } from "@tocsin/core/decisions";
import type { Random } from "../kit/random.ts";
import type { VirtualClock } from "../kit/virtual-clock.ts";
import type { AlertPlan } from "./scenario.ts";

export interface Problem {
  readonly plan: AlertPlan;
  fires: boolean;
  startsAtMs: number;
  /** When it came or went last. */
  changedAtMs: number;
  severity: Severity;
  /** Its measured value, as a text that changes. */
  reading: string;
}

/** How long a reading stays what it is. */
const readingLastsMs = 100_000;

/** Problems that start and end by themselves; `changed` is called each time. */
export class Problems {
  readonly all: Map<string, Problem>;
  #quiet = false;

  constructor(
    clock: VirtualClock,
    random: Random,
    alerts: readonly AlertPlan[],
    sameStart: number,
    changed: (problem: Problem) => void,
  ) {
    this.all = new Map(
      alerts.map((plan) => {
        const problem = {
          plan,
          fires: false,
          startsAtMs: clock.monotonic(),
          changedAtMs: clock.monotonic(),
          severity: plan.severity,
          reading: "0",
        };
        return [plan.name, problem];
      }),
    );
    const read = (): void => {
      if (this.#quiet) return;
      for (const problem of this.all.values()) problem.reading = String(Number(problem.reading) + 1);
      clock.after(readingLastsMs, read);
    };
    clock.after(readingLastsMs, read);
    for (const problem of this.all.values()) {
      const turn = (): void => {
        if (this.#quiet) return;
        problem.fires = !problem.fires;
        problem.changedAtMs = clock.monotonic();
        if (problem.fires && !random.chance(sameStart)) problem.startsAtMs = clock.monotonic();
        changed(problem);
        clock.after(random.wait(problem.fires ? problem.plan.firesMs : problem.plan.quietMs), turn);
      };
      clock.after(random.wait(problem.plan.quietMs), turn);
    }
  }

  quiet(): void {
    this.#quiet = true;
  }
}

const labelsOf = ({ name, team }: AlertPlan) => ({ alertname: name, team });

export const alertOf = ({ plan, severity, reading }: Problem, startsAtMs: number): Alert => ({
  fingerprint: plan.name,
  labels: labelsOf(plan),
  annotations: { severity, reading },
  startsAtMs,
});
