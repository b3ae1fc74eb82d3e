import type { incidentBody } from "../http/endpoints/incidents.ts";
import { printable } from "./table.ts";

type StepName = "received" | "routed" | "delivered" | "confirmed" | "waiting" | "acknowledged" | "resolved";

interface Step {
  readonly step: StepName;
  /** When the command saw it, by the clock of this machine. */
  readonly at: string;
  readonly target?: string;
  readonly detail: string;
}

/** The steps of a fire drill and its problems. Each step is printed once, when it is first seen. */
export class DrillReport {
  readonly problems: string[] = [];
  readonly #steps: Step[] = [];
  readonly #seen = new Set<string>();
  readonly #sinceMs = performance.now();
  readonly #out: (text: string) => void;

  constructor(out: (text: string) => void) {
    this.#out = out;
  }

  step(step: StepName, { target, detail }: { readonly target?: string; readonly detail: string }): void {
    const now = new Date();
    this.#steps.push({ step, at: now.toISOString(), ...(target !== undefined && { target }), detail });
    const seconds = ((performance.now() - this.#sinceMs) / 1000).toFixed(1);
    const text = `${now.toISOString().slice(11, 19)} ${`+${seconds} s`.padStart(9)}  ${step} ${detail}`;
    this.#out(`${printable(text)}\n`);
  }

  /** The same, unless this step was seen at this target before. */
  once(step: StepName, { target, detail }: { readonly target?: string; readonly detail: string }): void {
    const key = `${step} ${target ?? ""}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.step(step, { ...(target !== undefined && { target }), detail });
  }

  fail(problem: string): void {
    this.problems.push(problem);
  }

  /** Reports the steps that these incidents show for the first time. */
  saw(incidents: readonly ReturnType<typeof incidentBody>[]): void {
    const fresh = incidents.filter(({ target }) => !this.#seen.has(`routed ${target}`));
    for (const { target } of fresh) this.#seen.add(`routed ${target}`);
    if (fresh.length > 0) {
      const names = fresh.map(({ target }) => target).join(", ");
      this.step("routed", { detail: `to ${fresh.length} ${fresh.length === 1 ? "target" : "targets"}: ${names}` });
    }
    for (const { target, id, told, state, confirmedAt, acknowledgedBy } of incidents) {
      if (told?.certain === true) this.once("delivered", { target, detail: `to ${target} (incident ${id})` });
      if (confirmedAt !== null) this.once("confirmed", { target, detail: `by the receiver of ${target}` });
      if (acknowledgedBy) this.once("acknowledged", { detail: `by ${acknowledgedBy.by}` });
      if (state === "closed") this.once("resolved", { target, detail: `at ${target}` });
    }
  }

  body(fingerprint: string) {
    return { fingerprint, ok: this.problems.length === 0, steps: this.#steps, problems: this.problems };
  }
}
