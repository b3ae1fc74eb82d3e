import { BoundedList } from "./bounded-list.ts";
import type { Region, Violation } from "./exchange.ts";

/** One request as it was met. */
export interface RequestRecord {
  readonly id: number;
  readonly atMs: number;
  readonly receiver: string;
  readonly region: Region;
  readonly action: string;
  readonly key?: string | undefined;
  readonly dedupKey?: string | undefined;
  /** 0 when no answer was given. */
  readonly status: number;
  readonly effect?: string | undefined;
  readonly fault?: string | undefined;
  /** The receiver took it in, whatever the client was told. */
  readonly applied: boolean;
  /** Taken in, and the client cannot know: the answer was not a 2xx, or did not arrive whole. */
  ambiguous: boolean;
}

export interface Refusal extends Violation {
  readonly request: number;
  readonly atMs: number;
  readonly receiver: string;
  readonly status: number;
}

export interface Counts {
  requests: number;
  applied: number;
  refused: number;
  throttled: number;
  faulted: number;
  ambiguous: number;
  dropped: number;
}

const noCounts = (): Counts => ({
  requests: 0,
  applied: 0,
  refused: 0,
  throttled: 0,
  faulted: 0,
  ambiguous: 0,
  dropped: 0,
});

/** What arrived and how it was answered. Bounded: counts are exact, rows are the latest. */
export class Journal {
  readonly requests: BoundedList<RequestRecord>;
  readonly refusals = new BoundedList<Refusal>(10_000);
  readonly counts = new Map<string, Counts>();
  #id = 0;

  constructor(options: { lean: boolean }) {
    this.requests = new BoundedList(options.lean ? 0 : 100_000);
  }

  record(record: Omit<RequestRecord, "id">): RequestRecord {
    const row: RequestRecord = { id: ++this.#id, ...record };
    this.requests.add(row);
    const counts = this.countsOf(row.receiver);
    counts.requests += 1;
    if (row.applied) counts.applied += 1;
    if (row.fault !== undefined) counts.faulted += 1;
    if (row.ambiguous) counts.ambiguous += 1;
    if (row.effect === "dropped") counts.dropped += 1;
    return row;
  }

  refuse(row: RequestRecord, violations: readonly Violation[]): void {
    const counts = this.countsOf(row.receiver);
    if (row.status === 429) counts.throttled += 1;
    else counts.refused += 1;
    for (const { field, reason } of violations) {
      this.refusals.add({ request: row.id, atMs: row.atMs, receiver: row.receiver, status: row.status, field, reason });
    }
  }

  /** The client left before it can have read the answer. */
  markAmbiguous(row: RequestRecord): void {
    if (row.ambiguous || !row.applied) return;
    row.ambiguous = true;
    this.countsOf(row.receiver).ambiguous += 1;
  }

  countsOf(receiver: string): Counts {
    let counts = this.counts.get(receiver);
    if (counts === undefined) {
      counts = noCounts();
      this.counts.set(receiver, counts);
    }
    return counts;
  }

  reset(): void {
    this.requests.clear();
    this.refusals.clear();
    this.counts.clear();
    this.#id = 0;
  }
}
