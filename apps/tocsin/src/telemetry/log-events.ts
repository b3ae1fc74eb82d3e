import { canaryLogEvents } from "./canary-log-events.ts";
import { classificationLogEvents } from "./classification-log-events.ts";

/** Levels of log lines, the most urgent first. */
export const logLevels = ["fatal", "error", "warn", "info", "debug", "trace"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Describes the log lines of one event. */
interface LogEventText {
  /** More than one: the line says which. */
  readonly level: LogLevel | readonly LogLevel[];
  /** When the line is written, and how often. */
  readonly when: string;
  /** Fields besides `level`, `time`, `event` and `msg`. */
  readonly fields: readonly string[];
}

const bug = ["err", "reason"] as const;

/**
 * All events that the log can have: the field `event` of every line is one of these names. A closed list, because alerts and
 * queries on logs use the names. docs/logs.md is made from it.
 */
export const logEvents = {
  // The process.
  listening: { level: "info", when: "The service accepts requests.", fields: ["address", "ledger", "version"] },
  stopping: { level: "info", when: "The service stops: it waits for attempts in flight.", fields: [] },
  systemd_not_notified: {
    level: "warn",
    when: "A message to systemd failed. The service continues.",
    fields: ["err"],
  },
  stopped: { level: "info", when: "The service has stopped. This is the last line.", fields: [] },
  uncaught_exception: { level: "fatal", when: "A bug ends the process. The state is safe in the ledger.", fields: bug },

  console_unavailable: {
    level: "error",
    when: "A browser asked for the web page, and it could not be read or, in a checkout, built. Tried again after 10 seconds.",
    fields: ["err"],
  },

  // The configuration.
  config_files_changed: {
    level: "info",
    when: "Files of the configuration changed; a reload follows.",
    fields: ["files"],
  },
  config_reloaded: { level: "info", when: "A reload applied everything.", fields: ["file", "needsRestart"] },
  config_reload_incomplete: {
    level: "error",
    when: "A reload applied everything except invalid targets.",
    fields: ["file", "issues", "needsRestart"],
  },
  config_reload_failed: {
    level: "error",
    when: "A reload failed; the previous configuration stays.",
    fields: ["issues", "err"],
  },
  restart_needed: {
    level: "warn",
    when: "A reload changed keys that a running service cannot change.",
    fields: ["keys"],
  },
  nothing_to_reload: { level: "warn", when: "A reload was requested, and there is no configuration file.", fields: [] },
  short_secret: {
    level: "warn",
    when: "A secret is so short that log lines which repeat it cannot be cleaned.",
    fields: ["setting"],
  },

  // Requests.
  alerts_recorded: {
    level: "debug",
    when: "Alerts of a request are durable. One line per request.",
    fields: ["source", "recorded", "duplicates", "trace_id"],
  },
  alerts_rejected: {
    level: "warn",
    when: "A request has alerts that are not valid. At most once a minute and source.",
    fields: ["source", "rejected", "issues", "leftOut"],
  },
  alerts_truncated: {
    level: "warn",
    when: "Alertmanager left alerts out of its webhook (`max_alerts`). At most once a minute and source.",
    fields: ["source", "truncated", "leftOut"],
  },
  request_refused: {
    level: "warn",
    when: "A request was refused before anything was read from it: no valid token, wrong path, invalid body and others.",
    fields: ["reason", "status", "method", "path", "sender", "host", "code", "issues", "leftOut"],
  },
  request_answered: { level: "debug", when: "A request was answered.", fields: ["method", "endpoint", "status", "ms"] },
  endpoint_bug: {
    level: "error",
    when: "A bug in an endpoint; the request got 500.",
    fields: ["method", "endpoint", ...bug],
  },
  callback_event_given_up: {
    level: "warn",
    when: "For 48 hours the receiver's API did not say which alerts an incident has, so its event is ignored. At most every 10 minutes and callback.",
    fields: ["callback", "receiverIncident", "leftOut"],
  },
  callback_look_up_failed: {
    level: "warn",
    when: "The receiver's API did not say which alerts an incident has; Tocsin asks again. At most every 10 minutes, target and reason.",
    fields: ["target", "reason", "detail", "leftOut"],
  },
  callback_bug: {
    level: "error",
    when: "A bug while the keys of incidents were looked up; it is tried again.",
    fields: bug,
  },
  stream_bug: { level: "error", when: "A bug in the stream of changes; its listeners receive a reset.", fields: bug },

  // Delivery.
  attempt_accepted: {
    level: "debug",
    when: "A target accepted an event.",
    fields: ["target", "incident", "fingerprint", "action", "trace_id"],
  },
  attempt_failed: {
    level: ["warn", "debug"],
    when: "A target did not accept an event. `warn` at most every 30 minutes and target, others `debug`; the history of the incident has all.",
    fields: ["target", "incident", "fingerprint", "action", "outcome", "reason", "detail", "trace_id", "leftOut"],
  },
  dead_letter: {
    level: "error",
    when: "An event was given up or refused permanently.",
    fields: ["target", "incident", "fingerprint", "dedupKey", "action", "reason", "answer", "trace_id"],
  },
  critical_unconfirmed: {
    level: "error",
    when: "A target accepted a critical, and its receiver did not report within `confirm_within` that the incident exists. At most every 30 minutes and target.",
    fields: ["target", "incident", "fingerprint", "trace_id", "leftOut"],
  },
  fallback_notified: {
    level: "warn",
    when: "A critical was not delivered, or not confirmed, in time, and its fallback gets it. At most every 30 minutes and target.",
    fields: ["target", "fallback", "incident", "fingerprint", "trace_id", "leftOut"],
  },
  fallback_missing: {
    level: "error",
    when: "A critical was not delivered, or not confirmed, in time, and its fallback is missing or disabled. At most every 30 minutes and target.",
    fields: ["target", "fallback", "incident", "fingerprint", "trace_id", "leftOut"],
  },
  target_unauthorized: {
    level: "error",
    when: "A target refuses the credential.",
    fields: ["target", "detail", "leftOut"],
  },
  target_misconfigured: {
    level: "error",
    when: "A target does not know the URL.",
    fields: ["target", "detail", "leftOut"],
  },
  target_recovered: {
    level: "info",
    when: "A target that refused us accepts events again.",
    fields: ["target", "seconds"],
  },
  breaker_open: {
    level: "warn",
    when: "A target failed repeatedly; its events wait.",
    fields: ["target", "until", "leftOut"],
  },
  breaker_half_open: { level: "info", when: "One event tests whether the target works again.", fields: ["target"] },
  breaker_closed: { level: "info", when: "The target works again.", fields: ["target", "probes", "seconds"] },
  worker_bug: {
    level: "error",
    when: "A bug in an attempt. The worker continues, and the incident stays due.",
    fields: bug,
  },

  // The ledger.
  ledger_unavailable: {
    level: "error",
    when: "The ledger does not commit: senders get 503, outcomes stay in memory.",
    fields: ["ledger", "error", "leftOut"],
  },
  ledger_available: { level: "info", when: "The ledger commits again.", fields: ["seconds"] },
  ledger_key_lost: {
    level: "warn",
    when: "The key file of the ledger was missing at the start, so a new one was made.",
    fields: ["ledger"],
  },
  retention_failed: {
    level: "warn",
    when: "Old incidents could not be deleted; the service tries again.",
    fields: ["err"],
  },

  // Targets.
  target_invalid: {
    level: "error",
    when: "The definition of a target is invalid.",
    fields: ["target", "place", "errors", "inForce"],
  },
  target_refused: {
    level: "error",
    when: "A target must not be used, such as this service itself.",
    fields: ["target", "place", "reason", "errors", "inForce"],
  },
  target_warning: {
    level: "warn",
    when: "A target may not work as intended.",
    fields: ["target", "place", "warnings"],
  },
  no_target: {
    level: ["error", "warn"],
    when: "No target can receive alerts. `warn` if all are disabled or shadows on purpose.",
    fields: [],
  },
  target_available: { level: "info", when: "At least one target can receive alerts again.", fields: [] },
  targets_unreachable: {
    level: "warn",
    when: "No connection to a server of targets.",
    fields: ["origin", "step", "detail"],
  },
  targets_reachable: { level: "info", when: "A server of targets can be reached again.", fields: ["origin"] },
  reroute_bug: { level: "error", when: "A bug while firing alerts were routed to changed targets.", fields: bug },
  discovery_stale: {
    level: "warn",
    when: "Changes of discovered targets are not seen; those that were found last stay.",
    fields: ["source", "where", "error", "staleSince"],
  },
  discovery_current: {
    level: "info",
    when: "Changes of discovered targets are seen again.",
    fields: ["source", "where"],
  },
  discovery_bug: {
    level: "error",
    when: "A bug while discovered targets were replaced; the previous ones stay.",
    fields: bug,
  },
  last_known_targets_not_saved: {
    level: "warn",
    when: "Discovered targets could not be saved for the next start.",
    fields: ["err", "source"],
  },

  // Sources that are read.
  alertmanager_read: {
    level: "debug",
    when: "The API of an Alertmanager was read.",
    fields: ["source", "words", "countedMs", "absent"],
  },
  alertmanager_read_failed: {
    level: "error",
    when: "A bug while the API of an Alertmanager was read; tried again at the next poll.",
    fields: ["source", "err"],
  },
  alertmanager_readable: { level: "info", when: "The API of an Alertmanager can be read again.", fields: ["source"] },
  alertmanager_not_counted: {
    level: "warn",
    when: "The API of an Alertmanager cannot be read or trusted now, so alerts that it does not show are not ended.",
    fields: ["source", "problem"],
  },
  alertmanager_unknown_source: {
    level: "warn",
    when: "An Alertmanager shows alerts, and none of them came from this source: the name may be wrong.",
    fields: ["source", "shown"],
  },

  // Heartbeats and alerts about Tocsin itself.
  source_silent: {
    level: "error",
    when: "A source with `expect` sent nothing in the expected time; its targets get an alert.",
    fields: ["source", "everyMs"],
  },
  source_back: { level: "info", when: "A silent source sends again.", fields: ["source"] },
  reconciled: {
    level: "info",
    when: "The incidents of a target were compared with the receiver's.",
    fields: ["target", "apply", "differences", "repaired"],
  },
  reconcile_incomplete: {
    level: "warn",
    when: "The incidents of a target could not be compared with all of the receiver's. After an outage Tocsin tries again, unless a person must act first.",
    fields: ["target", "error", "apply", "differences", "repaired"],
  },
  reconcile_failed: {
    level: "error",
    when: "A bug or the loss of the ledger ended a comparison with receivers, or a bug ended the watch for outages; after an outage Tocsin tries again.",
    fields: ["err"],
  },
  heartbeat_failed: { level: "warn", when: "The outgoing heartbeat was not accepted.", fields: ["error", "leftOut"] },
  heartbeat_recovered: { level: "info", when: "The outgoing heartbeat is accepted again.", fields: ["seconds"] },
  heartbeat_withheld: { level: "debug", when: "No heartbeat is sent, because Tocsin is not well.", fields: ["why"] },
  heartbeat_bug: { level: "error", when: "A bug in the watch of silent sources; the watch continues.", fields: bug },
  own_alert_unsent: {
    level: "fatal",
    when: "An alert about Tocsin itself reaches no target, since none of its targets can receive it.",
    fields: ["condition", "summary", "leftOut"],
  },
  direct_page: {
    level: "error",
    when: "The ledger does not commit, and a page about it was sent directly to `accepted`.",
    fields: ["targets", "accepted"],
  },
  direct_page_failed: {
    level: "fatal",
    when: "The ledger does not commit, and no target accepted the page about it.",
    fields: ["targets"],
  },
  self_alert_bug: { level: "error", when: "A bug in the self-alerts; the next round follows.", fields: bug },
  ...canaryLogEvents,

  // Classification.
  ...classificationLogEvents,

  // Changes.
  rollouts_followed: {
    level: "info",
    when: "Rollouts of workloads are seen again.",
    fields: ["namespace", "kind"],
  },
  rollouts_stale: {
    level: "warn",
    when: "Rollouts of workloads are not seen now.",
    fields: ["namespace", "kind", "reason", "error", "leftOut"],
  },
  rollouts_waiting: {
    level: "warn",
    when: "Rollouts wait until the ledger can record them.",
    fields: ["err", "leftOut"],
  },
  rollout_bug: { level: "error", when: "A bug while a rollout was recorded.", fields: bug },

  // Telemetry.
  trace_export_failed: {
    level: "warn",
    when: "A collector did not take spans. At most every 10 minutes.",
    fields: ["collector", "error", "leftOut"],
  },
} as const satisfies Readonly<Record<string, LogEventText>>;

/** The name of an event in the log. */
export type LogEvent = keyof typeof logEvents;
