import { type Incident, urgencies } from "@tocsin/core/decisions";
import type { Lane } from "../../ledger/store.ts";

/** The number of waiting incidents of each lane, and a time before which none of them is due. A time that is too early is corrected when the lane is read. */
export class Lanes {
  readonly #lanes = new Map<number, { lane: Lane; count: number }>();

  load(lanes: Iterable<Lane & { readonly count: number }>): void {
    this.#lanes.clear();
    for (const { count, ...lane } of lanes) this.#lanes.set(keyOf(lane), { lane, count });
  }

  all(): Lane[] {
    return [...this.#lanes.values()].map(({ lane }) => lane);
  }

  /** Lanes with the number of their waiting incidents, those in flight included. */
  counted(): (Lane & { readonly count: number })[] {
    return Array.from(this.#lanes.values(), ({ lane, count }) => ({ ...lane, count }));
  }

  add({ endpoint, urgency, dueAtMs }: Incident): void {
    if (dueAtMs === null) return;
    const key = keyOf({ endpoint, urgency });
    const known = this.#lanes.get(key);
    if (!known) return void this.#lanes.set(key, { lane: { endpoint, urgency, nextDueAtMs: dueAtMs }, count: 1 });
    known.count++;
    if (dueAtMs < known.lane.nextDueAtMs) known.lane = { endpoint, urgency, nextDueAtMs: dueAtMs };
  }

  remove({ endpoint, urgency, dueAtMs }: Incident): void {
    if (dueAtMs === null) return;
    const key = keyOf({ endpoint, urgency });
    const known = this.#lanes.get(key);
    if (known && --known.count <= 0) this.#lanes.delete(key);
  }

  /** Nothing in the lane is due before `nextDueAtMs`. */
  correct(lane: Lane): void {
    const known = this.#lanes.get(keyOf(lane));
    if (known) known.lane = lane;
  }
}

const keyOf = ({ endpoint, urgency }: Pick<Lane, "endpoint" | "urgency">): number =>
  endpoint * urgencies.length + urgency;
