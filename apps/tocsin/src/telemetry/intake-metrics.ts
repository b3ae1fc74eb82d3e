import { Counter, Histogram, type Registry } from "./series.ts";

/** Maximum number of source names, which senders choose; all further sources share one series. */
export const maxSources = 100;

/** Buckets, s. */
const commitSeconds = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/** Values of the label `status` of received alerts. The list is closed. */
export const receivedStatuses = ["firing", "resolved", "rejected", "truncated"] as const;
/** Values of the label `outcome` of received changes. The list is closed. */
export const changeOutcomes = ["accepted", "updated", "duplicate", "invalid", "ignored", "refused"] as const;
export type ChangeOutcome = (typeof changeOutcomes)[number];
export type ReceivedStatus = (typeof receivedStatuses)[number];

/** Values of the label `outcome` of received callbacks. The list is closed. */
export const callbackOutcomes = [
  "applied",
  "outdated",
  "duplicate",
  "unknown",
  "pending",
  "ignored",
  "invalid",
  "refused",
] as const;
export type CallbackOutcome = (typeof callbackOutcomes)[number];

/** The metrics about received alerts, changes and other requests. */
export const intakeMetrics = (registers: readonly Registry[]) => ({
  received: new Counter({
    name: "tocsin_alerts_received_total",
    help: "Alerts in requests, by status. rejected: not recorded because of an error. truncated: left out by the sender.",
    labelNames: ["source", "status"],
    registers,
  }),
  changes: new Counter({
    name: "tocsin_changes_received_total",
    help: "Changes that were received, by outcome. duplicate: recorded before. ignored: a filter of the source left it out.",
    labelNames: ["source", "outcome"],
    registers,
  }),
  callbacks: new Counter({
    name: "tocsin_callbacks_received_total",
    help: "Events that receivers reported, by outcome. outdated: a newer fact is known. unknown: no incident of ours. pending: its keys are looked up, and its outcome then counts too.",
    labelNames: ["callback", "outcome"],
    registers,
  }),
  refused: new Counter({
    name: "tocsin_requests_refused_total",
    help: "Requests that were refused, by reason.",
    labelNames: ["reason"],
    registers,
  }),
  skewed: new Counter({
    name: "tocsin_alerts_skewed_total",
    help: "Alerts whose times are more than one minute in the future by the clock of Tocsin.",
    labelNames: ["source"],
    registers,
  }),
  commitSeconds: new Histogram({
    name: "tocsin_ledger_commit_seconds",
    help: "Time until the alerts of a request are durable, in seconds. The sender waits for it.",
    buckets: commitSeconds,
    registers,
  }),
});
