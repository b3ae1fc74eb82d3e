/** Until when each incident in flight is leased: a claim finds here, without asking the store, what its owner has lost. */
export class LeaseExpiry {
  readonly #endsAtMs = new Map<number, number>();

  set(incident: number, atMs: number): void {
    this.#endsAtMs.set(incident, atMs);
  }

  delete(incident: number): void {
    this.#endsAtMs.delete(incident);
  }

  expired(nowMs: number): number[] {
    const over: number[] = [];
    for (const [incident, atMs] of this.#endsAtMs) if (atMs <= nowMs) over.push(incident);
    return over;
  }

  nextAtMs(): number | null {
    let next: number | null = null;
    for (const atMs of this.#endsAtMs.values()) if (next === null || atMs < next) next = atMs;
    return next;
  }
}
