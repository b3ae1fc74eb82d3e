import type { Incident, IncidentState } from "@tocsin/core/decisions";

/** Counts incidents by target and state as they change, so that a scrape counts no rows. */
export class Tally {
  readonly #counts = new Map<string, Map<IncidentState, number>>();

  add(target: string, state: IncidentState, count = 1): void {
    let states = this.#counts.get(target);
    if (!states) this.#counts.set(target, (states = new Map()));
    states.set(state, (states.get(state) ?? 0) + count);
  }

  move(before: Incident, after: Incident): void {
    if (before.state === after.state) return;
    this.add(before.target, before.state, -1);
    this.add(after.target, after.state);
  }

  clear(): void {
    this.#counts.clear();
  }

  counts(): { target: string; state: IncidentState; count: number }[] {
    return [...this.#counts].flatMap(([target, states]) =>
      [...states].map(([state, count]) => ({ target, state, count })),
    );
  }
}
