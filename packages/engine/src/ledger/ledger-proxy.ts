import type { Ledger } from "@tocsin/core/decisions";
import type { LedgerCore } from "./ledger-core.ts";
import { packReport, packWant, unpackClaimed } from "./wire-format.ts";

/** The ledger's operations by name: what travels to the thread that owns the rows. */
export type Operation = Exclude<keyof Ledger, typeof Symbol.asyncDispose | "watch"> | "watched";
export type OperationArguments<O extends Operation> = Parameters<LedgerCore[O]>;
export type OperationResult<O extends Operation> = ReturnType<LedgerCore[O]>;
export type Run = <O extends Operation>(operation: O, args: OperationArguments<O>) => Promise<OperationResult<O>>;

export interface Port {
  /** Carries an operation to its rows, and brings the answer after the commit. */
  readonly run: Run;
  readonly watch: Ledger["watch"];
  readonly close: () => Promise<void>;
}

/** The port, over whatever carries it to the rows. */
export const portOver = ({ run, watch, close }: Port): Ledger => ({
  useTargets: (targets) => run("useTargets", [targets]),
  want: async (wants) => run("want", [wants.map(packWant)]),
  readAlerts: (source, fingerprints) => run("readAlerts", [source, fingerprints]),
  recordReading: (reading) => run("recordReading", [reading]),
  reroute: (routed) => run("reroute", [routed]),
  claimDue: async (request) => unpackClaimed(await run("claimDue", [request])),
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
  deadLetters: (query) => run("deadLetters", [query]),
  deadLetter: (id) => run("deadLetter", [id]),
  dropDeadLetter: (id) => run("dropDeadLetter", [id]),
  replay: (id) => run("replay", [id]),
  charge: (target) => run("charge", [target]),
  unblock: (target, how) => run("unblock", [target, how]),
  standing: (only) => run("standing", only === undefined ? [] : [only]),
  stats: () => run("stats", []),
  probe: () => run("probe", []),
  remember: (name, text) => run("remember", [name, text]),
  rememberFirst: (name, text) => run("rememberFirst", [name, text]),
  recall: (name) => run("recall", [name]),
  watch,
  forget: (beforeMs) => run("forget", [beforeMs]),
  [Symbol.asyncDispose]: close,
});
