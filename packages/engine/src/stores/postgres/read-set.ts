import type { Incident, Urgency } from "@tocsin/core/decisions";
import type { AlertRecord, ChangeRecord, Lane, ReceiverEventRecord } from "../../ledger/store.ts";

export const laneKey = ({ endpoint, urgency }: Pick<Lane, "endpoint" | "urgency">): string => `${endpoint}/${urgency}`;
export const episodeKey = (target: string, dedupKey: string): string => `${target}\0${dedupKey}`;

export const receiverEventKey = (callback: string, id: string): string => `${callback}\0${id}`;

/** The part of a lane that was read. */
export interface LoadedLane {
  readonly endpoint: number;
  readonly urgency: Urgency;
  /** Incidents that are due, oldest first, as far as they were read. */
  readonly due: readonly number[];
  /** More is due than was read. */
  readonly more: boolean;
  /** When the first incident that is not due yet becomes due; null: there is none. */
  readonly nextMs: number | null;
}

/** The part that was read of the rows for which an instant is set. */
export interface Timed<Id> {
  /** Rows whose instant has come, soonest first, as far as they were read. */
  readonly come: readonly Id[];
  readonly nextMs: number | null;
}

/** Rows whose time has come. */
export interface Clockwork {
  readonly lanes: Map<string, LoadedLane>;
  readonly lookAt: Timed<string>;
  readonly fallbacks: Timed<number>;
}

/** The rows that a transaction has read. Null: there is no such row. */
export class ReadSet {
  readonly alerts = new Map<string, AlertRecord | null>();
  readonly incidents = new Map<number, Incident | null>();
  readonly changes = new Map<string, ChangeRecord | null>();
  /** The newest episode of each (target, dedup key) that was asked for. */
  readonly episodes = new Map<string, number | null>();
  readonly receiverEvents = new Map<string, ReceiverEventRecord | null>();
  readonly silent = new Map<string, readonly string[]>();
  readonly answers = new Map<string, unknown>();
  clockwork: Clockwork | undefined;
}
