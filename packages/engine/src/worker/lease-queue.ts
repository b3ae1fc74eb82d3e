import { type Lease, urgencies } from "@tocsin/core/decisions";

export interface QueuedLease {
  readonly lease: Lease;
  /** When the worker asked the ledger for it, on the monotonic clock. */
  readonly requestedAtMs: number;
}

/** Leases that this process holds and has not begun yet. Most urgent first, then in order of arrival. */
export class LeaseQueue {
  readonly #byUrgency: QueuedLease[][] = urgencies.map(() => []);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(queued: QueuedLease): void {
    this.#byUrgency[queued.lease.urgency]?.push(queued);
    this.#size++;
  }

  /** Takes the first lease that may begin now. */
  take(mayBegin: (lease: Lease) => boolean): QueuedLease | undefined {
    for (const queue of this.#byUrgency) {
      const index = queue.findIndex(({ lease }) => mayBegin(lease));
      if (index === -1) continue;
      this.#size--;
      return index === 0 ? queue.shift() : queue.splice(index, 1)[0];
    }
    return undefined;
  }
}
