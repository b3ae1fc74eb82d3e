import { type Urgency, urgency } from "@tocsin/core/decisions";

interface Counts {
  total: number;
  readonly byTarget: Map<string, number>;
}

/** Attempts under way, per owner and target: the bulkhead's counts. */
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

  /** How many attempts a target has under way. */
  countAt(owner: string, target: string): number {
    return this.#owners.get(owner)?.byTarget.get(target) ?? 0;
  }

  total(owner: string): number {
    return this.#owners.get(owner)?.total ?? 0;
  }

  /**
   * A target may have as many attempts in flight as are free for all (dynamic thresholds): alone it gets the half of them,
   * and ten that hang leave room for an eleventh. One is always allowed. Critical triggers do not wait for slow answers to
   * what is less urgent: they get the half of what is free, however many their target has.
   */
  room(owner: string, target: string, concurrency: number, of: Urgency): number {
    const counts = this.#owners.get(owner);
    const mine = counts?.byTarget.get(target) ?? 0;
    const held = of === urgency.criticalTrigger ? 0 : mine;
    const share = Math.floor((concurrency - (counts?.total ?? 0) - held) / 2);
    return Math.max(mine === 0 ? 1 : 0, share);
  }
}
