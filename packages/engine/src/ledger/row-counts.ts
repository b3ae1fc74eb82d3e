import type { AlertStatus, Incident, IncidentState } from "@tocsin/core/decisions";

/**
 * Counts of rows, updated as rows change, so that a scrape, a start or a change of targets need not count any. The store writes
 * the counts that `takeChanged` returns, in the same commit as the rows.
 */
export class RowCounts {
  readonly #counts = new Map<string, number>();
  readonly #changed = new Set<string>();

  addIncident(incident: Pick<Incident, "target" | "state" | "endpoint" | "dueAtMs">, by: 1 | -1): void {
    this.#add(`state ${incident.state} ${incident.target}`, by);
    if (!isOver(incident)) this.#add(`endpoint ${incident.endpoint}`, by);
  }

  moveIncident(before: Incident, after: Incident): void {
    if (before.state !== after.state) {
      this.#add(`state ${before.state} ${before.target}`, -1);
      this.#add(`state ${after.state} ${after.target}`, 1);
    }
    const [was, is] = [isOver(before), isOver(after)];
    if (before.endpoint === after.endpoint && was === is) return;
    if (!was) this.#add(`endpoint ${before.endpoint}`, -1);
    if (!is) this.#add(`endpoint ${after.endpoint}`, 1);
  }

  addAlert(status: AlertStatus, by: 1 | -1): void {
    this.#add(`alerts ${status}`, by);
  }

  #add(key: string, by: number): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + by);
    this.#changed.add(key);
  }

  load(counts: Iterable<readonly [key: string, count: number]>): void {
    this.#counts.clear();
    this.#changed.clear();
    for (const [key, count] of counts) this.#counts.set(key, count);
  }

  takeChanged(): [key: string, count: number][] {
    const changed = [...this.#changed].map((key): [string, number] => [key, this.#counts.get(key) ?? 0]);
    this.#changed.clear();
    return changed;
  }

  alerts(status: AlertStatus): number {
    return this.#counts.get(`alerts ${status}`) ?? 0;
  }

  /** How many incidents still need their endpoint. */
  atEndpoint(endpoint: number): number {
    return this.#counts.get(`endpoint ${endpoint}`) ?? 0;
  }

  incidents(): { target: string; state: IncidentState; count: number }[] {
    const incidents: { target: string; state: IncidentState; count: number }[] = [];
    for (const [key, count] of this.#counts) {
      const [what, state, ...name] = key.split(" ");
      if (what === "state") incidents.push({ target: name.join(" "), state: state as IncidentState, count });
    }
    return incidents;
  }
}

/** Closed incidents for which no delayed request can still arrive at the receiver and reopen them. */
const isOver = ({ state, dueAtMs }: Pick<Incident, "state" | "dueAtMs">): boolean =>
  state === "closed" && dueAtMs === null;
