import type { Incident, Urgency } from "@tocsin/core/decisions";
import { queryKey, type Query } from "./queries.ts";

export interface MoreOfLane {
  readonly endpoint: number;
  readonly urgency: Urgency;
  /** The last incident that was read. */
  readonly after: Pick<Incident, "id" | "dueAtMs"> | undefined;
  readonly maxRows: number;
}

/** The rows that a run of operations needed but the transaction had not read. They are read, and the run is repeated. */
export class MissingRows {
  readonly alerts = new Set<string>();
  readonly incidents = new Set<number>();
  readonly changes = new Set<string>();
  readonly episodes = new Map<string, { readonly target: string; readonly dedupKey: string }>();
  readonly receiverEvents = new Map<string, { readonly callback: string; readonly id: string }>();
  readonly silent = new Set<string>();
  readonly queries = new Map<string, Query>();
  readonly lanes = new Map<string, MoreOfLane>();
  /** Rows whose time has come, with this many rows of each lane at first. */
  clockwork: { readonly perLane: number } | undefined;

  addQuery(query: Query): void {
    this.queries.set(queryKey(query), query);
  }

  get any(): boolean {
    return (
      this.clockwork !== undefined ||
      [
        this.alerts,
        this.incidents,
        this.changes,
        this.episodes,
        this.receiverEvents,
        this.silent,
        this.queries,
        this.lanes,
      ].some(({ size }) => size > 0)
    );
  }
}
