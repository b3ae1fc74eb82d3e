import type { Incident, Urgency } from "@tocsin/core/decisions";
import { queryKey, type Query } from "./queries.ts";

export interface MoreOfLane {
  readonly endpoint: number;
  readonly urgency: Urgency;
  /** The last that was read. */
  readonly after: Pick<Incident, "id" | "dueAtMs"> | undefined;
  readonly maxRows: number;
}

/** What a run of operations asked for that was not at hand: read, and then the run is made again. */
export class MissingRows {
  readonly alerts = new Set<string>();
  readonly incidents = new Set<number>();
  readonly episodes = new Map<string, { readonly target: string; readonly dedupKey: string }>();
  readonly silent = new Set<string>();
  readonly questions = new Map<string, Query>();
  readonly lanes = new Map<string, MoreOfLane>();
  /** What time has brought; so many rows of each lane at first. */
  clockwork: { readonly perLane: number } | undefined;

  ask(question: Query): void {
    this.questions.set(queryKey(question), question);
  }

  get any(): boolean {
    return (
      this.clockwork !== undefined ||
      [this.alerts, this.incidents, this.episodes, this.silent, this.questions, this.lanes].some(({ size }) => size > 0)
    );
  }
}
