import type { Incident, Urgency } from "@tocsin/core/decisions";
import type { AlertRecord, Lane } from "../../ledger/store.ts";
import { keyOf, type Question } from "./queries.ts";

export const laneKey = ({ endpoint, urgency }: Pick<Lane, "endpoint" | "urgency">): string => `${endpoint}/${urgency}`;
export const episodeKey = (target: string, dedupKey: string): string => `${target}\0${dedupKey}`;

/** What was read of a lane. */
export interface LoadedLane {
  readonly endpoint: number;
  readonly urgency: Urgency;
  /** What is due, oldest first, as far as it was read. */
  readonly due: readonly number[];
  /** More is due than was read. */
  readonly more: boolean;
  /** When the first becomes due that is not yet; null: there is none. */
  readonly nextMs: number | null;
}

/** What was read of rows that an instant is set for. */
export interface Timed<Id> {
  /** Those whose instant has come, soonest first, as far as they were read. */
  readonly come: readonly Id[];
  readonly nextMs: number | null;
}

/** What time has brought. */
export interface Clockwork {
  readonly lanes: Map<string, LoadedLane>;
  readonly lookAt: Timed<string>;
  readonly fallbacks: Timed<number>;
}

/** Rows that a transaction has read. Null: there is no such row. */
export class AtHand {
  readonly alerts = new Map<string, AlertRecord | null>();
  readonly incidents = new Map<number, Incident | null>();
  /** The newest episode of each (target, dedup key) that was asked for. */
  readonly episodes = new Map<string, number | null>();
  readonly silent = new Map<string, readonly string[]>();
  readonly answers = new Map<string, unknown>();
  clockwork: Clockwork | undefined;
}

export interface MoreOfLane {
  readonly endpoint: number;
  readonly urgency: Urgency;
  /** The last that was read. */
  readonly after: Pick<Incident, "id" | "dueAtMs"> | undefined;
  readonly most: number;
}

/** What a run of operations asked for that was not at hand: read, and then the run is made again. */
export class Missing {
  readonly alerts = new Set<string>();
  readonly incidents = new Set<number>();
  readonly episodes = new Map<string, { readonly target: string; readonly dedupKey: string }>();
  readonly silent = new Set<string>();
  readonly questions = new Map<string, Question>();
  readonly lanes = new Map<string, MoreOfLane>();
  /** What time has brought; so many rows of each lane at first. */
  clockwork: { readonly perLane: number } | undefined;

  ask(question: Question): void {
    this.questions.set(keyOf(question), question);
  }

  get any(): boolean {
    return (
      this.clockwork !== undefined ||
      [this.alerts, this.incidents, this.episodes, this.silent, this.questions, this.lanes].some(({ size }) => size > 0)
    );
  }
}
