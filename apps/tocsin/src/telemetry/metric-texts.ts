import { attemptReasons, incidentStates, type Outcome, type Reason, severities } from "@tocsin/core";
import { classificationOutcomes } from "../classification/scorecard.ts";
import { workloadKinds } from "../changes/rollouts/workload.ts";
import { refusalReasons } from "../http/refusals.ts";
import { type Discovery, discoveryOperations, discoveryReasons } from "../targets/discovery/discovery.ts";
import { targetStates } from "../targets/resolved-target.ts";
import { callbackOutcomes, changeOutcomes, maxSources, receivedStatuses } from "./intake-metrics.ts";
import { spanDropReasons } from "./traces/span-drop-reasons.ts";
import { cacheNames, eventTypes } from "./pagerduty-metrics.ts";

/** The values of a label: a closed list, or a sentence that says what bounds them. */
export type LabelText = readonly string[] | string;

export interface MetricText {
  readonly labels?: Readonly<Record<string, LabelText>>;
  /** Advice for an operator. */
  readonly action: string;
}

const outcomes: Readonly<Record<Outcome["kind"], true>> = {
  accepted: true,
  retry: true,
  ambiguous: true,
  refused: true,
  blocked: true,
  interrupted: true,
};
const deadReasons = ["dead_invalid", "dead_expired"] as const satisfies readonly Reason[];
const discoverySources = ["files", "kubernetes"] as const satisfies readonly Discovery["source"][];

const target = "the full name of a target. A removed target loses its series.";
const ledgerTarget = "the full name of a target, also of a removed one while the ledger keeps its incidents.";
const sender = `the name of a source. After the first ${maxSources} names all others share \`other\`.`;
const place = "a directory or a Kubernetes namespace of the configuration.";
const method = ["POST"];

/** Labels and actions of all metrics, by name. */
export const metricTexts: Readonly<Record<string, MetricText>> = {
  tocsin_incidents: {
    labels: { target: ledgerTarget, state: incidentStates },
    action:
      "`tocsin incidents list` shows the incidents with their reasons. A growing `due` means that events wait; a `dead` incident has a dead letter.",
  },
  tocsin_due_oldest_seconds: {
    labels: { target: ledgerTarget, severity: severities },
    action:
      "If a critical is older than two minutes, `tocsin incidents list` shows its reason and [states.md](states.md) the action.",
  },
  tocsin_dead_letters: {
    labels: { target: ledgerTarget, reason: deadReasons },
    action:
      "`tocsin deadletters show ID` shows the event and the answer. Correct the target, then `tocsin deadletters replay ID`.",
  },
  tocsin_breaker_state: {
    labels: { target },
    action: "If it stays at 2, check the receiver and the network. `tocsin targets show NAME` shows the last failure.",
  },
  tocsin_targets: {
    labels: { source: ["config", ...discoverySources], state: targetStates },
    action: "If targets are `invalid`, `tocsin targets list` shows every error with its path.",
  },
  tocsin_target_state: {
    labels: { target, state: targetStates },
    action:
      "`tocsin targets show NAME` explains the state. For `unauthorized` and `misconfigured` correct the key or the URL; a restart is not needed.",
  },
  process_cpu_seconds_total: {
    action:
      "If the rate stays near the number of cores, compare it with the rate of received alerts. Filter or group alerts, or add replicas.",
  },
  process_resident_memory_bytes: {
    action: "If it approaches the limit of the container, raise the limit. Tocsin loses no alert if it is killed.",
  },
  process_start_time_seconds: {
    action: "If it changes without a deployment, the process restarts by itself. Read the last log lines before it.",
  },
  nodejs_heap_size_used_bytes: {
    action: "If it grows for days while the number of open incidents does not, report a bug.",
  },
  tocsin_event_loop_lag_seconds: {
    action: "Above 0.5 s requests and deliveries are late. Give the process more CPU.",
  },
  pagerduty_events_published_total: {
    labels: { publisher: target, event_type: eventTypes },
    action: "If the rate falls to 0 while alerts arrive, look at `tocsin_target_state` and `tocsin_incidents`.",
  },
  pagerduty_publish_errors_total: {
    labels: { publisher: target, error_type: attemptReasons },
    action:
      "`auth`: correct the routing key. `invalid`: see the dead letters. `rate_limited`: find other users of the key. `server`, `network`, `timeout`, `tls`: check PagerDuty's status page, the network and the proxy. Tocsin retries by itself.",
  },
  pagerduty_api_request_duration_seconds: {
    labels: { method, status_code: "the three digits of the HTTP status, or `0` without an answer." },
    action: "If it rises to seconds, check the network, the proxy and PagerDuty's status page.",
  },
  pagerduty_api_calls_total: {
    labels: { method },
    action: "Compare it with `pagerduty_events_published_total`: the difference is failed attempts and checks of keys.",
  },
  pagerduty_rate_limit_hits_total: {
    action: "If it rises often, group alerts (`group_by`), filter more, or spread targets over several routing keys.",
  },
  pagerduty_cache_hits_total: {
    labels: { cache_name: cacheNames },
    action: "Nothing. `endpoints` holds the publishers. This version has no cache `told`, so its counters stay 0.",
  },
  pagerduty_cache_misses_total: {
    labels: { cache_name: cacheNames },
    action: "Nothing. A miss costs microseconds: the publisher is created from the endpoint that the incident stores.",
  },
  pagerduty_cache_size: {
    action: "Nothing. It follows the number of targets, plus earlier endpoints with open incidents.",
  },
  tocsin_alerts_received_total: {
    labels: { source: sender, status: receivedStatuses },
    action:
      "`rejected`: the answer to the sender and the log say which alerts and why. `truncated`: set `max_alerts: 0` in Alertmanager.",
  },
  tocsin_changes_received_total: {
    labels: { source: sender, outcome: changeOutcomes },
    action:
      "`invalid`: the answer to the sender says what to correct. `refused`: correct the secret of the change source. The others need nothing.",
  },
  tocsin_callbacks_received_total: {
    labels: {
      callback: `the name of a callback, or \`unknown\`. After the first ${maxSources} names all others share \`other\`.`,
      outcome: callbackOutcomes,
    },
    action:
      "`refused`: correct the secret of the callback; `unknown` as its name: correct the URL at the receiver. `invalid`: the answer to the receiver says what is missing. A growing `unknown`: [callbacks.md](callbacks.md) says how an incident is recognized. The others need nothing.",
  },
  tocsin_requests_refused_total: {
    labels: { reason: refusalReasons },
    action:
      "The log shows an example of each reason. `unauthorized` or `forbidden`: correct the sender's token or certificate. `too_many_logins`: someone at the address in the log tries tokens, or mistypes one. `tls`: see [tls.md](tls.md). `unavailable`: check the ledger's disk or database.",
  },
  tocsin_attempts_total: {
    labels: {
      target,
      outcome: Object.keys(outcomes),
      reason: ["", ...attemptReasons],
    },
    action:
      "`refused` and `blocked` need a person: correct the target. Tocsin repeats `retry`, `ambiguous` and `interrupted` attempts itself.",
  },
  tocsin_time_to_told_seconds: {
    labels: { target, severity: severities },
    action:
      "This is the service level. If criticals are late, look at the target's state, its limiter wait and its API latency, in this order.",
  },
  tocsin_ledger_commit_seconds: {
    action: "If p99 exceeds 0.1 s, the disk or PostgreSQL is slow. Use a faster disk, or find what else writes to it.",
  },
  tocsin_alerts_skewed_total: {
    labels: { source: sender },
    action: "Synchronize the clocks of the sender and of this machine (NTP).",
  },
  tocsin_limiter_wait_seconds: {
    labels: { target },
    action: "If waits are frequent, group alerts, filter more, or spread targets over several credentials.",
  },
  tocsin_ledger_up: {
    action:
      "If it is 0, senders get 503 and repeat. `/readyz` names the reason. See [runbooks.md](runbooks.md#tocsinledgerfailing).",
  },
  tocsin_discovery_last_sync_timestamp_seconds: {
    labels: { source: discoverySources, where: place },
    action:
      "If it is older than three times `resync`, read `discovery` in `GET /api/v1/targets`. See [kubernetes.md](kubernetes.md).",
  },
  tocsin_discovery_stale: {
    labels: { source: discoverySources, where: place },
    action:
      "If it stays at 1, check the rights of the service account and the API server. The last targets stay in use.",
  },
  tocsin_discovery_lag_seconds: {
    labels: { source: discoverySources },
    action: "Nothing below 5 s. Above, the process lacks CPU or the ledger is slow.",
  },
  tocsin_discovery_errors_total: {
    labels: { source: discoverySources, operation: discoveryOperations, reason: discoveryReasons },
    action:
      "`unauthorized`, `forbidden`: correct the rights. `unreadable`, `configuration`: correct the place. Tocsin retries the others by itself.",
  },
  tocsin_trace_spans_dropped_total: {
    labels: { reason: spanDropReasons },
    action:
      "Alerts are delivered as usual. If it rises, check the collector: the event `trace_export_failed` in the log has the problem. See [runbooks.md](runbooks.md#traces-are-not-exported).",
  },
  tocsin_rollouts_stale: {
    labels: { where: "a namespace of the configuration.", kind: workloadKinds },
    action:
      "If it stays at 1, check the rights of the service account and the API server. Rollouts are recorded when the watch works again. See [runbooks.md](runbooks.md#tocsinrolloutsstale).",
  },
  tocsin_config_last_reload_successful: {
    action:
      "If it is 0, `tocsin config check` lists the mistakes. An invalid file leaves the previous configuration in use, an invalid target its last valid version.",
  },
  tocsin_config_last_reload_success_timestamp_seconds: {
    action: "If it is older than your last change, reload: `tocsin reload`.",
  },
  tocsin_certificate_expiry_timestamp_seconds: {
    labels: {
      name: "the key of the configuration: `server.tls.cert`, `server.tls.clientCa`, `targets.NAME.tls.ca`, `targets.NAME.tls.cert`, `sources.NAME.alertmanager.tls.ca` or `sources.NAME.alertmanager.tls.cert`.",
    },
    action: "Replace the file before that time; no restart is needed. See [tls.md](tls.md).",
  },
  tocsin_time_to_confirmed_seconds: {
    labels: { target: "the name of the target.", severity: "the severity of the incident." },
    action: "A high value with a low `tocsin_time_to_told_seconds` is a delay at the receiver or of its webhooks.",
  },
  tocsin_canary_success: {
    labels: { target: "the target of `canary`." },
    action: "If it is 0, pages may not arrive. `tocsin doctor` names the step that failed. See [canary.md](canary.md).",
  },
  tocsin_classifications_total: {
    labels: { provider: "`rules`, `openai` or `anthropic`.", outcome: classificationOutcomes },
    action:
      "If `late`, `failed` or `breaker_open` rise, check the model server: labels decide meanwhile. If `budget_used` rises, raise `maxCallsPerHour` or `maxTokensPerHour`. See [classification.md](classification.md).",
  },
  tocsin_classification_seconds: {
    labels: { provider: "`openai` or `anthropic`." },
    action: "If its p95 is near `classification.budget`, use a faster model or a longer budget.",
  },
  tocsin_classification_tokens_total: {
    labels: { provider: "`openai` or `anthropic`." },
    action: "Multiply by the price of your provider. `maxTokensPerHour` limits it.",
  },
  tocsin_source_silent: {
    labels: { source: "the name of a source with `expect`." },
    action: "If it is 1, check the source and the network. See [heartbeats.md](heartbeats.md).",
  },
  tocsin_build_info: {
    labels: { version: "the version of Tocsin.", node: "the version of Node.js." },
    action: "Different versions in one fleet are normal only during a rolling update.",
  },
};
