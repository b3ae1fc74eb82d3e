/**
 * What a receiver reports about one of its incidents: by a webhook, a button, or its API. `opened` and `reopened`: it exists and is
 * open. `noted`: something for the timeline only, such as a note, a new assignee or an escalation.
 */
export type ReceiverEventKind = "opened" | "acknowledged" | "unacknowledged" | "resolved" | "reopened" | "noted";

/** What happens at the end of `delivery.manualResolveFor` if a person resolved an incident at the receiver while its alert fires. */
export type OnResolve = "reopen" | "stay";

export interface ReceiverEvent {
  /** Unique at this callback, the same for every repeat of the event. At most 200 characters. */
  readonly id: string;
  /** Name of the callback that received it; `reconcile` if we read it from the receiver's API. */
  readonly callback: string;
  /** Names of the targets whose incidents it may be about. */
  readonly targets: readonly string[];
  readonly kind: ReceiverEventKind;
  /** Our dedup keys, as far as the event names them. Keys that are not ours are ignored. */
  readonly dedupKeys: readonly string[];
  /** The receiver's own number of its incident, which differs for each episode of a dedup key. */
  readonly receiverIncident?: string;
  /** When the receiver opened that incident, by its clock. */
  readonly openedAtMs?: number;
  /** Name of the person, as the receiver shows it. Absent: no person did it. */
  readonly by?: string;
  /** True: it reports an action of ours, which must not count as a person's. */
  readonly own: boolean;
  /** When it happened, by the receiver's clock. Events converge by this time, in whichever order they arrive. */
  readonly atMs: number;
  /** For the timeline, at most 500 characters. */
  readonly detail?: string;
  readonly onResolve: OnResolve;
  /** If no key is ours: the event is kept until `applyReceiverEvent` names the keys that the receiver's API returned. */
  readonly lookUp: boolean;
}

/**
 * The effect of an event. `applied`: an incident of ours took it. `outdated`: a newer fact is known, or it belongs to an earlier
 * episode. `duplicate`: it was stored before. `unknown`: no incident of ours has such a key. `pending`: the keys must be looked up.
 */
export type ReceiverEventEffect = "applied" | "outdated" | "duplicate" | "unknown" | "pending";

/** The part of the ledger that takes what receivers report. */
export interface ReceiverEvents {
  /**
   * Stores events, and applies each in the same commit if one of its keys is ours. An id counts once, also over other replicas
   * and restarts, for at least seven days.
   */
  storeReceiverEvents(events: readonly ReceiverEvent[]): Promise<readonly ReceiverEventEffect[]>;
  /** Stored events whose keys must be looked up now, oldest first. `nextAtMs`: when there may be more; null: never. Ledger time, ms. */
  pendingReceiverEvents(
    limit: number,
  ): Promise<{ readonly events: readonly ReceiverEvent[]; readonly nextAtMs: number | null }>;
  /** Applies a pending event with these keys. `duplicate`: another replica was faster. */
  applyReceiverEvent(callback: string, id: string, dedupKeys: readonly string[]): Promise<ReceiverEventEffect>;
  /** The look-up failed: `pendingReceiverEvents` returns the event again after this time. */
  postponeReceiverEvent(callback: string, id: string, forMs: number): Promise<void>;
}
