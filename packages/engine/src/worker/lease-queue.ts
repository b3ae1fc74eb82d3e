import { type Lease, urgencies } from "@tocsin/core/decisions";

export interface Held {
  readonly lease: Lease;
  /** When it was asked for, on the monotonic clock. */
  readonly claimedAtMs: number;
}

/** Leases in hand that wait for a free connection, most urgent first, then in order of arrival. */
export class Hand {
  readonly #byUrgency: Held[][] = urgencies.map(() => []);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(held: Held): void {
    this.#byUrgency[held.lease.urgency]?.push(held);
    this.#size++;
  }

  /** Takes out the first that may go. */
  take(mayGo: (lease: Lease) => boolean): Held | undefined {
    for (const queue of this.#byUrgency) {
      const index = queue.findIndex(({ lease }) => mayGo(lease));
      if (index === -1) continue;
      this.#size--;
      return index === 0 ? queue.shift() : queue.splice(index, 1)[0];
    }
    return undefined;
  }
}

/** An answer faster than this makes the commit the slower part. */
const quickMs = 20;
/** Weight of the newest attempt in the running mean. */
const weight = 0.1;

/** Which targets answer so quickly that leases should be at hand before they are needed. */
export class Pace {
  readonly #meanMs = new Map<string, number>();

  saw(target: string, durationMs: number): void {
    const mean = this.#meanMs.get(target);
    this.#meanMs.set(target, mean === undefined ? durationMs : mean + weight * (durationMs - mean));
  }

  quick(): string[] {
    const quick: string[] = [];
    for (const [target, meanMs] of this.#meanMs) if (meanMs < quickMs) quick.push(target);
    return quick;
  }
}
