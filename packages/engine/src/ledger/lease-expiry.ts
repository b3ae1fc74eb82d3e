/** When the lease of each incident in flight ends. Finds the expired ones without asking the store. */
export class LeaseExpiry {
  readonly #endsAtMs = new Map<number, number>();

  set(incident: number, atMs: number): void {
    this.#endsAtMs.set(incident, atMs);
  }

  delete(incident: number): void {
    this.#endsAtMs.delete(incident);
  }

  expired(nowMs: number): number[] {
    const expired: number[] = [];
    for (const [incident, atMs] of this.#endsAtMs) if (atMs <= nowMs) expired.push(incident);
    return expired;
  }

  nextAtMs(): number | null {
    let next: number | null = null;
    for (const atMs of this.#endsAtMs.values()) if (next === null || atMs < next) next = atMs;
    return next;
  }
}
