import { Counter, Gauge, Histogram, type Registry } from "./series.ts";

/** Buckets, s. */
const lagSeconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60];

/** The metrics about places that are watched: for targets, and for rollouts. */
export const discoveryMetrics = (registers: readonly Registry[]) => ({
  lastSyncAt: new Gauge({
    name: "tocsin_discovery_last_sync_timestamp_seconds",
    help: "Unix time at which all targets of a place were last read, in seconds. Before the first success: start of the watch.",
    labelNames: ["source", "where"],
    registers,
  }),
  stale: new Gauge({
    name: "tocsin_discovery_stale",
    help: "1 if changes of targets in a place may be missed, or the place was never read; otherwise 0.",
    labelNames: ["source", "where"],
    registers,
  }),
  lag: new Histogram({
    name: "tocsin_discovery_lag_seconds",
    help: "Time from the detection of a change until the changed targets were in use, in seconds.",
    labelNames: ["source"],
    buckets: lagSeconds,
    registers,
  }),
  errors: new Counter({
    name: "tocsin_discovery_errors_total",
    help: "Failed lists and watches of targets, by reason.",
    labelNames: ["source", "operation", "reason"],
    registers,
  }),
  rolloutsStale: new Gauge({
    name: "tocsin_rollouts_stale",
    help: "1 if rollouts of a kind of workload in a namespace may be missed now, or it was never read; otherwise 0.",
    labelNames: ["where", "kind"],
    registers,
  }),
});
