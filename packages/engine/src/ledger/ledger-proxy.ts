import type { Ledger } from "@tocsin/core/decisions";
import type { LedgerCore } from "./ledger-core.ts";
import { packChange, packClaim, packReport, unpackLeaseBatch } from "./wire-format.ts";

/** The ledger's operations by name, as they are sent to the thread that owns the rows. */
export type Operation = Exclude<keyof Ledger, typeof Symbol.asyncDispose | "watch"> | "watched";
export type OperationArguments<O extends Operation> = Parameters<LedgerCore[O]>;
export type OperationResult<O extends Operation> = ReturnType<LedgerCore[O]>;
export type RunOperation = <O extends Operation>(
  operation: O,
  args: OperationArguments<O>,
) => Promise<OperationResult<O>>;

export interface LedgerTransport {
  /** Sends an operation to the rows. Resolves with its result after the commit. */
  readonly run: RunOperation;
  readonly watch: Ledger["watch"];
  readonly close: () => Promise<void>;
}

/** The ledger port over a transport: in this thread, to another thread, or in a transaction. */
export const ledgerProxy = ({ run, watch, close }: LedgerTransport): Ledger => ({
  useTargets: (targets) => run("useTargets", [targets]),
  record: async (claims) => run("record", [claims.map(packClaim)]),
  recordChanges: async (changes) => run("recordChanges", [changes.map(packChange)]),
  changes: (query) => run("changes", [query]),
  relatedChanges: (query) => run("relatedChanges", [query]),
  readAlerts: (source, fingerprints) => run("readAlerts", [source, fingerprints]),
  recordReading: (reading) => run("recordReading", [reading]),
  reroute: (routed) => run("reroute", [routed]),
  leaseDue: async (request) => unpackLeaseBatch(await run("leaseDue", [request])),
  settle: async (reports) => run("settle", [reports.map(packReport)]),
  acknowledge: (incident, by) => run("acknowledge", [incident, by]),
  resolve: (incident, by) => run("resolve", [incident, by]),
  release: (owner) => run("release", [owner]),
  alert: (fingerprint) => run("alert", [fingerprint]),
  explain: (fingerprint) => run("explain", [fingerprint]),
  alerts: (page) => run("alerts", [page]),
  firing: (page) => run("firing", [page]),
  incidents: (query) => run("incidents", [query]),
  incident: (id) => run("incident", [id]),
  incidentsOf: (ids) => run("incidentsOf", [ids]),
  newestIncidents: (target, dedupKeys) => run("newestIncidents", [target, dedupKeys]),
  repairIncident: (repair) => run("repairIncident", [repair]),
  deadLetters: (query) => run("deadLetters", [query]),
  deadLetter: (id) => run("deadLetter", [id]),
  dropDeadLetter: (id) => run("dropDeadLetter", [id]),
  replay: (id) => run("replay", [id]),
  charge: (target) => run("charge", [target]),
  unblock: (target, how) => run("unblock", [target, how]),
  targetStatus: (only) => run("targetStatus", only === undefined ? [] : [only]),
  stats: () => run("stats", []),
  summary: (limit) => run("summary", [limit]),
  probe: () => run("probe", []),
  putValue: (name, text) => run("putValue", [name, text]),
  putValueIfAbsent: (name, text) => run("putValueIfAbsent", [name, text]),
  getValue: (name) => run("getValue", [name]),
  storeReceiverEvents: (events) => run("storeReceiverEvents", [events]),
  pendingReceiverEvents: (limit) => run("pendingReceiverEvents", [limit]),
  applyReceiverEvent: (callback, id, dedupKeys) => run("applyReceiverEvent", [callback, id, dedupKeys]),
  postponeReceiverEvent: (callback, id, forMs) => run("postponeReceiverEvent", [callback, id, forMs]),
  applyVerdicts: (arrived) => run("applyVerdicts", [arrived]),
  claimShape: (request) => run("claimShape", [request]),
  storeShape: (result) => run("storeShape", [result]),
  cachedVerdicts: (limit) => run("cachedVerdicts", [limit]),
  watch,
  deleteExpired: (beforeMs, changesBeforeMs) => run("deleteExpired", [beforeMs, changesBeforeMs]),
  [Symbol.asyncDispose]: close,
});
