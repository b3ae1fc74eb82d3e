import { BoundedList } from "./bounded-list.ts";
import type { Violation } from "../server/exchange.ts";
import type { Region } from "./region.ts";

/** One received request. */
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
  /** The receiver applied it, whatever the client got as an answer. */
  readonly applied: boolean;
  /** Applied, but the client cannot know: the answer was not a 2xx, or did not arrive completely. */
  ambiguous: boolean;
  /** Answered with success, but the connection ended right after: the client may not have read or stored the answer. */
  unread: boolean;
}

/** When the client disconnected: before its answer was sent, or right after it. */
export type Leaving = "before_answer" | "at_once";

export interface Refusal extends Violation {
  readonly request: number;
  readonly atMs: number;
  readonly receiver: string;
  readonly status: number;
}

export interface Counts {
  requests: number;
  applied: number;
  /** Answered 4xx because of their content. */
  refused: number;
  /** Answered 429 because of the limit. */
  throttled: number;
  faulted: number;
  ambiguous: number;
  unread: number;
  /** Acknowledges and resolves without an open incident. */
  dropped: number;
}

const noCounts = (): Counts => ({
  requests: 0,
  applied: 0,
  refused: 0,
  throttled: 0,
  faulted: 0,
  ambiguous: 0,
  unread: 0,
  dropped: 0,
});

/** The received requests and their answers. Bounded: counts are exact, rows are the latest. */
export class Journal {
  readonly requests: BoundedList<RequestRecord>;
  readonly refusals = new BoundedList<Refusal>(10_000);
  readonly counts = new Map<string, Counts>();
  #id = 0;

  constructor(options: { lean: boolean }) {
    this.requests = new BoundedList(options.lean ? 0 : 100_000);
  }

  /** `verdict` is the receiver's own status, if a fault replaced it. */
  record(
    seen: Omit<RequestRecord, "id" | "unread">,
    violations: readonly Violation[] = [],
    verdict: number = seen.status,
  ): RequestRecord {
    const row: RequestRecord = { id: ++this.#id, ...seen, unread: false };
    this.requests.add(row);
    const counts = this.countsOf(row.receiver);
    counts.requests += 1;
    if (row.applied) counts.applied += 1;
    if (row.fault !== undefined) counts.faulted += 1;
    if (row.ambiguous) counts.ambiguous += 1;
    if (row.effect === "dropped") counts.dropped += 1;
    if (violations.length > 0) counts[verdict === 429 ? "throttled" : "refused"] += 1;
    for (const { field, reason } of violations) {
      this.refusals.add({ request: row.id, atMs: row.atMs, receiver: row.receiver, status: verdict, field, reason });
    }
    return row;
  }

  /** Records that the client disconnected. It has an effect while the row is kept. */
  leave(id: number, when: Leaving): void {
    // Rows are numbered without gaps: the latest is `total`.
    const row = this.requests.fromLatest(this.requests.total - id);
    if (row === undefined || row.ambiguous || row.unread || !row.applied) return;
    const doubt = when === "before_answer" ? "ambiguous" : "unread";
    row[doubt] = true;
    this.countsOf(row.receiver)[doubt] += 1;
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
