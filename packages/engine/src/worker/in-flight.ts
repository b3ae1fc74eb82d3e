import { type Urgency, urgency } from "@tocsin/core/decisions";

interface Counts {
  total: number;
  readonly byTarget: Map<string, number>;
}

/** Attempts in flight, by owner and target. The bulkhead decides by these counts. */
export class InFlight {
  readonly #owners = new Map<string, Counts>();

  add(owner: string, target: string): void {
    let counts = this.#owners.get(owner);
    if (!counts) this.#owners.set(owner, (counts = { total: 0, byTarget: new Map() }));
    counts.total++;
    counts.byTarget.set(target, (counts.byTarget.get(target) ?? 0) + 1);
  }

  remove(owner: string, target: string): void {
    const counts = this.#owners.get(owner);
    if (!counts) return;
    counts.total--;
    const left = (counts.byTarget.get(target) ?? 0) - 1;
    if (left > 0) counts.byTarget.set(target, left);
    else counts.byTarget.delete(target);
    if (counts.total === 0) this.#owners.delete(owner);
  }

  /** How many attempts a target has in flight. */
  countAt(owner: string, target: string): number {
    return this.#owners.get(owner)?.byTarget.get(target) ?? 0;
  }

  total(owner: string): number {
    return this.#owners.get(owner)?.total ?? 0;
  }

  /**
   * How many more attempts a target may begin. It may have as many in flight as are still free for all targets (dynamic
   * thresholds): a target alone gets half of all places, and ten targets that hang leave room for an eleventh. One attempt is always
   * allowed. Critical triggers do not wait for slow answers to less urgent events: they get half of the free places, however
   * many attempts their target has.
   */
  room(owner: string, target: string, concurrency: number, of: Urgency): number {
    const counts = this.#owners.get(owner);
    const mine = counts?.byTarget.get(target) ?? 0;
    const held = of === urgency.criticalTrigger ? 0 : mine;
    const share = Math.floor((concurrency - (counts?.total ?? 0) - held) / 2);
    return Math.max(mine === 0 ? 1 : 0, share);
  }
}
