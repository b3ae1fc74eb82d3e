import type { Incident } from "@tocsin/core/decisions";
import type { Lane } from "../store.ts";

/** How much waits in each lane, and that nothing in it is due earlier than it says; too early is corrected when read. */
export class Lanes {
  readonly #lanes = new Map<string, { lane: Lane; count: number }>();

  load(lanes: Iterable<Lane & { readonly count: number }>): void {
    this.#lanes.clear();
    for (const { count, ...lane } of lanes) this.#lanes.set(keyOf(lane), { lane, count });
  }

  all(): Lane[] {
    return [...this.#lanes.values()].map(({ lane }) => lane);
  }

  add({ endpoint, urgency, dueAtMs }: Incident): void {
    if (dueAtMs === null) return;
    const key = keyOf({ endpoint, urgency });
    const known = this.#lanes.get(key);
    const nextDueAtMs = known ? Math.min(known.lane.nextDueAtMs, dueAtMs) : dueAtMs;
    this.#lanes.set(key, { lane: { endpoint, urgency, nextDueAtMs }, count: (known?.count ?? 0) + 1 });
  }

  remove({ endpoint, urgency, dueAtMs }: Incident): void {
    if (dueAtMs === null) return;
    const key = keyOf({ endpoint, urgency });
    const known = this.#lanes.get(key);
    if (!known) return;
    if (known.count <= 1) this.#lanes.delete(key);
    else this.#lanes.set(key, { lane: known.lane, count: known.count - 1 });
  }

  /** Nothing in the lane is due before. */
  correct(lane: Lane): void {
    const known = this.#lanes.get(keyOf(lane));
    if (known) this.#lanes.set(keyOf(lane), { lane, count: known.count });
  }
}

const keyOf = ({ endpoint, urgency }: Pick<Lane, "endpoint" | "urgency">): string => `${endpoint}/${urgency}`;
