import type { Labels } from "../../alerts/labels.ts";
import type { Route } from "../../alerts/route.ts";
import type { Change } from "../../changes/change.ts";

/** A change, and the targets that receive it. */
export interface RoutedChange {
  readonly change: Change;
  readonly routes: readonly Route[];
}

/**
 * The effect of recording one change. `updated`: a running change got a newer state, summary or details. `duplicate`: the change
 * was recorded before, and nothing changed.
 */
export interface RecordedChange {
  readonly id: string;
  readonly origin: string;
  readonly effect: "accepted" | "updated" | "duplicate";
}

/** A change as the ledger keeps it. */
export interface StoredChange {
  readonly change: Change;
  /** `explain` takes it as a fingerprint, if a target receives the change. */
  readonly fingerprint: string;
  /** When it was first recorded. Ledger time, ms. */
  readonly acceptedAtMs: number;
}

export interface ChangeQuery {
  /** Only changes that happened at this time or later. Wall clock, ms. */
  readonly sinceMs?: number;
  readonly limit: number;
  /** From an earlier page's `nextCursor`. */
  readonly cursor?: string;
}

/** Selects the changes that may explain an incident. */
export interface RelatedQuery {
  /** The labels of the alert. */
  readonly labels: Labels;
  /** No label of these may differ between alert and change. A label that one of them lacks does not differ. */
  readonly matchLabels: readonly string[];
  /** Wall clock, ms; both ends belong to the span. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly limit: number;
}

/** The part of the ledger that keeps changes. */
export interface ChangeLog {
  /**
   * Records changes in order of arrival, and sends each to the targets of its routes, once. The same (origin, id) again is a
   * duplicate, also over other replicas and restarts, except that a `running` change may be recorded with a newer state, summary
   * or details until it is `complete` or `failed`.
   *
   * A running change is not sent at once. It is sent at its end, or ten minutes after it was accepted as still running, once;
   * later states change only what `changes` and `relatedChanges` return.
   */
  recordChanges(changes: readonly RoutedChange[]): Promise<readonly RecordedChange[]>;
  /** Changes by the time at which they happened, newest first. */
  changes(query: ChangeQuery): Promise<{ readonly changes: readonly StoredChange[]; readonly nextCursor?: string }>;
  /**
   * The changes of a span that are related to an alert, without their details: they have the same `service` or `app`, and no label of `matchLabels`
   * differs. Those with the most equal labels of `matchLabels` come first, then the newest. The cost is bounded: it looks only at
   * the newest changes of a service.
   */
  relatedChanges(query: RelatedQuery): Promise<readonly StoredChange[]>;
}
