import type { Incident, Urgency } from "@tocsin/core/decisions";
import type { Lane } from "../../ledger/store.ts";
import type { MissingRows } from "./missing-rows.ts";
import { laneKey, type LoadedLane, type ReadSet } from "./read-set.ts";

/** The lanes of one run of operations: as they were read, with the changes of this run on top. */
export class LaneOverlay {
  readonly #readSet: ReadSet;
  readonly #missing: MissingRows;
  readonly #perLane: number;
  /** Incidents that this run changed, in the lane where they now wait. */
  readonly #changed = new Map<string, Map<number, Incident>>();
  readonly #touched = new Set<number>();

  constructor(readSet: ReadSet, missing: MissingRows, perLane: number) {
    this.#readSet = readSet;
    this.#missing = missing;
    this.#perLane = perLane;
  }

  moved(before: Incident | undefined, after: Incident | undefined): void {
    if (before) {
      this.#touched.add(before.id);
      this.#changed.get(laneKey(before))?.delete(before.id);
    }
    if (!after || after.dueAtMs === null || after.flight) return;
    const key = laneKey(after);
    const lane = this.#changed.get(key);
    if (lane) lane.set(after.id, after);
    else this.#changed.set(key, new Map([[after.id, after]]));
  }

  #loaded(): ReadonlyMap<string, LoadedLane> {
    const { clockwork } = this.#readSet;
    if (clockwork) return clockwork.lanes;
    this.#missing.clockwork = { perLane: this.#perLane };
    return new Map();
  }

  all(): readonly Lane[] {
    const lanes = new Map<string, Lane>();
    const sooner = (endpoint: number, urgency: Urgency, atMs: number | null): void => {
      if (atMs === null) return;
      const key = laneKey({ endpoint, urgency });
      const known = lanes.get(key);
      if (!known || atMs < known.nextDueAtMs) lanes.set(key, { endpoint, urgency, nextDueAtMs: atMs });
    };
    for (const { endpoint, urgency, due, more, nextMs } of this.#loaded().values()) {
      const first = this.#untouched(due)[0];
      sooner(endpoint, urgency, first?.dueAtMs ?? null);
      // Rows that are due but were not read became due at some instant in the past.
      if (!first && more) sooner(endpoint, urgency, 0);
      sooner(endpoint, urgency, nextMs);
    }
    for (const lane of this.#changed.values())
      for (const { endpoint, urgency, dueAtMs } of lane.values()) sooner(endpoint, urgency, dueAtMs);
    return [...lanes.values()];
  }

  /** The rows that were read, without those that this run changed. */
  #untouched(ids: readonly number[]): Incident[] {
    const untouched: Incident[] = [];
    for (const id of ids) {
      const incident = this.#touched.has(id) ? undefined : this.#readSet.incidents.get(id);
      if (incident) untouched.push(incident);
    }
    return untouched;
  }

  dueIn(endpoint: number, urgency: Urgency, nowMs: number, limit: number): readonly Incident[] {
    const key = laneKey({ endpoint, urgency });
    const lane = this.#loaded().get(key);
    const changed = [...(this.#changed.get(key)?.values() ?? [])];
    const due = [...(lane ? this.#untouched(lane.due) : []), ...changed]
      .filter(({ dueAtMs }) => dueAtMs !== null && dueAtMs <= nowMs)
      .toSorted((a, b) => (a.dueAtMs ?? 0) - (b.dueAtMs ?? 0) || a.id - b.id);
    const unread = lane !== undefined && (lane.more || (lane.nextMs !== null && lane.nextMs <= nowMs));
    if (due.length < limit && unread) {
      const after = this.#readSet.incidents.get(lane.due.at(-1) ?? 0) ?? undefined;
      const maxRows = Math.max(limit - due.length, lane.due.length);
      this.#missing.lanes.set(key, { endpoint, urgency, after, maxRows });
    }
    return due.slice(0, limit);
  }
}
