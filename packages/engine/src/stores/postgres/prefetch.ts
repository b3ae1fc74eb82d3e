import type { Route } from "@tocsin/core/decisions";
import type { Operation, OperationArguments } from "../../ledger/ledger-proxy.ts";
import { MissingRows } from "./missing-rows.ts";
import { episodeKey, receiverEventKey } from "./read-set.ts";

/** If the call has not begun by `untilMs`, on `performance.now()`, its caller no longer waits, and it is not done at all. */
export type Call = readonly [operation: Operation, args: readonly unknown[], untilMs?: number];

const routes = (missing: MissingRows, all: readonly Pick<Route, "target" | "dedupKey">[]): void => {
  for (const { target, dedupKey } of all) missing.episodes.set(episodeKey(target, dedupKey), { target, dedupKey });
};

/** The rows that an operation will surely need. This only saves round trips: all other rows are read when it needs them. */
const expected: {
  readonly [O in Operation]?: (missing: MissingRows, args: OperationArguments<O>, perLane: number) => void;
} = {
  record(missing, [claims]) {
    for (const { alert, source, routes: to, reports } of claims) {
      missing.alerts.add(alert.fingerprint);
      missing.silent.add(source);
      if (reports) missing.changes.add(reports.key);
      routes(missing, to);
    }
  },
  recordChanges(missing, [changes]) {
    for (const { key, routes: to } of changes) {
      missing.changes.add(key);
      missing.alerts.add(key);
      routes(missing, to);
    }
  },
  readAlerts(missing, [, fingerprints]) {
    for (const fingerprint of fingerprints) missing.alerts.add(fingerprint);
  },
  recordReading(missing, [{ findings }]) {
    for (const { fingerprint, routes: to } of findings) {
      missing.alerts.add(fingerprint);
      routes(missing, to);
    }
  },
  reroute(missing, [routed]) {
    for (const { fingerprint, routes: to } of routed) {
      missing.alerts.add(fingerprint);
      routes(missing, to);
    }
  },
  applyVerdicts(missing, [arrived]) {
    for (const { fingerprint, routes: to } of arrived) {
      missing.alerts.add(fingerprint);
      routes(missing, to);
    }
  },
  claimShape: (missing, [{ shape }]) => missing.addQuery({ kind: "gate", gate: "shape", id: shape }),
  storeShape: (missing, [{ shape }]) => missing.addQuery({ kind: "gate", gate: "shape", id: shape }),
  leaseDue(missing, [{ max }], perLane) {
    missing.clockwork = { perLane: Math.min(perLane, Math.max(max, 2)) };
  },
  settle(missing, [reports]) {
    for (const { lease } of reports) missing.incidents.add(lease.incident);
  },
  acknowledge: (missing, [id]) => void missing.incidents.add(id),
  resolve: (missing, [id]) => void missing.incidents.add(id),
  storeReceiverEvents(missing, [events]) {
    for (const { callback, id, targets, dedupKeys } of events) {
      missing.receiverEvents.set(receiverEventKey(callback, id), { callback, id });
      for (const dedupKey of dedupKeys)
        routes(
          missing,
          targets.map((target) => ({ target, dedupKey })),
        );
    }
  },
  applyReceiverEvent(missing, [callback, id]) {
    missing.receiverEvents.set(receiverEventKey(callback, id), { callback, id });
  },
  alert: (missing, [fingerprint]) => void missing.alerts.add(fingerprint),
  explain(missing, [fingerprint]) {
    missing.alerts.add(fingerprint);
    missing.addQuery({ kind: "ofAlert", fingerprint });
  },
  incident(missing, [id]) {
    missing.incidents.add(id);
    missing.addQuery({ kind: "history", incident: id });
  },
  newestIncidents: (missing, [target, dedupKeys]) =>
    routes(
      missing,
      dedupKeys.map((dedupKey) => ({ target, dedupKey })),
    ),
  repairIncident: (missing, [{ incident }]) => void missing.incidents.add(incident),
  incidentsOf(missing, [ids]) {
    for (const id of ids) missing.incidents.add(id);
  },
};

export function prefetch(calls: readonly Call[], perLane: number): MissingRows {
  const missing = new MissingRows();
  for (const [operation, args] of calls) expected[operation]?.(missing, args as never, perLane);
  return missing;
}
