import type {
  DeadLetter,
  DeadLetterFilter,
  HistoryEntry,
  Incident,
  IncidentQuery,
  LedgerStats,
} from "@tocsin/core/decisions";
import type {
  AlertRecord,
  ChangePage,
  ChangeRecord,
  ChangesAbout,
  FoundChanges,
  FiringAlerts,
  GateKind,
  WaitingLane,
  ForgetLimits,
  ReceiverEventRecord,
} from "../../ledger/store.ts";

/** Rare queries. Each is read when an operation needs it, and its answer is kept for the rest of the transaction. */
export interface Queries {
  history: { readonly asks: { readonly incident: number }; readonly answer: readonly HistoryEntry[] };
  letters: {
    readonly asks: { readonly limit: number; readonly before: number; readonly filter: DeadLetterFilter };
    readonly answer: readonly DeadLetter[];
  };
  letter: { readonly asks: { readonly id: number }; readonly answer: DeadLetter | undefined };
  firing: {
    readonly asks: { readonly page: FiringAlerts };
    readonly answer: readonly AlertRecord[];
  };
  byFingerprint: {
    readonly asks: { readonly after: string; readonly limit: number };
    readonly answer: readonly AlertRecord[];
  };
  ofAlert: { readonly asks: { readonly fingerprint: string }; readonly answer: readonly number[] };
  incidents: {
    readonly asks: { readonly query: IncidentQuery };
    readonly answer: { readonly incidents: readonly Incident[]; readonly nextCursor?: string };
  };
  changes: { readonly asks: { readonly page: ChangePage }; readonly answer: FoundChanges };
  changesAbout: { readonly asks: { readonly about: ChangesAbout }; readonly answer: readonly ChangeRecord[] };
  previous: {
    readonly asks: { readonly of: Pick<Incident, "id" | "target" | "dedupKey"> };
    readonly answer: number | null;
  };
  pendingReceiverEvents: {
    readonly asks: { readonly limit: number };
    readonly answer: readonly ReceiverEventRecord[];
  };
  untold: { readonly asks: { readonly endpoint: number }; readonly answer: readonly number[] };
  atEndpoint: { readonly asks: { readonly endpoint: number }; readonly answer: number };
  waiting: { readonly asks: { readonly nowMs: number }; readonly answer: readonly WaitingLane[] };
  mostUrgent: { readonly asks: { readonly limit: number }; readonly answer: readonly Incident[] };
  gate: { readonly asks: { readonly gate: GateKind; readonly id: string }; readonly answer: unknown };
  gates: { readonly asks: { readonly gate: GateKind }; readonly answer: readonly (readonly [string, unknown])[] };
  stats: { readonly asks: { readonly nothing: null }; readonly answer: Omit<LedgerStats, "nowMs"> };
  over: {
    readonly asks: { readonly limits: ForgetLimits };
    readonly answer: Expired;
  };
}

/** Rows that have been over for long enough to be deleted. */
export interface Expired {
  readonly incidents: readonly Incident[];
  readonly letters: readonly number[];
  readonly changes: readonly string[];
  readonly receiverEvents: readonly Pick<ReceiverEventRecord, "callback" | "id">[];
  readonly alerts: readonly AlertRecord[];
}

export type QueryKind = keyof Queries;
export type Query = { [K in QueryKind]: { readonly kind: K } & Queries[K]["asks"] }[QueryKind];

export const queryKey = (query: Query): string => JSON.stringify(query);
