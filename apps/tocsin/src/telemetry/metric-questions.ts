/** A usual question about a running service, and the queries that answer it. */
export interface MetricQuestion {
  readonly title: string;
  /** PromQL. Windows are 5 min or longer, so that a scrape interval of 1 min is enough; the reading names exceptions. */
  readonly queries: readonly string[];
  /** How to read the result, if the title does not say it. */
  readonly reading?: string;
  /** The action for an operator after a bad result. */
  readonly action: string;
}

/** The questions by name. docs/metrics.md shows them in this order, and the dashboard has their queries. */
export const metricQuestions = {
  eventRate: {
    title: "Event rate",
    queries: [
      "sum by (publisher, event_type) (rate(pagerduty_events_published_total[5m]))",
      "sum by (status) (rate(tocsin_alerts_received_total[5m]))",
    ],
    reading:
      "Events per second that PagerDuty accepted, and alerts per second that sources sent. Repeats of a firing alert are received and cause no event, so the second rate is normally higher.",
    action:
      "If alerts arrive and no event leaves, `tocsin targets list` shows whether a target is ready, and `tocsin explain FINGERPRINT` shows why an alert was not sent.",
  },
  errorRate: {
    title: "Error rate",
    queries: [
      "sum(rate(pagerduty_publish_errors_total[5m])) / sum(rate(pagerduty_api_calls_total[5m]))",
      "sum by (publisher, error_type) (rate(pagerduty_publish_errors_total[5m])) > 0",
      'sum by (target) (rate(tocsin_attempts_total{outcome!="accepted"}[5m])) / sum by (target) (rate(tocsin_attempts_total[5m]))',
      "sum by (outcome, reason) (rate(tocsin_attempts_total[5m]))",
    ],
    reading:
      "Share of failed attempts at PagerDuty, failures per second by cause, share of failed attempts of every target, and attempts per second of all targets by outcome and reason. A target without a failure has no result in the third query.",
    action:
      "Tocsin retries by itself. `auth`: correct the routing key. `invalid`: `tocsin deadletters list`. Other causes: check the receiver, the network and the proxy. [failures.md](failures.md) describes each.",
  },
  apiLatency: {
    title: "API latency (p95)",
    queries: ["histogram_quantile(0.95, sum by (le) (rate(pagerduty_api_request_duration_seconds_bucket[5m])))"],
    reading: "Seconds, with failed requests. The label `status_code` separates them.",
    action: "Check PagerDuty's status page, the proxy and name resolution. One slow target does not slow the others.",
  },
  cacheHitRate: {
    title: "Cache hit rate",
    queries: [
      'sum(rate(pagerduty_cache_hits_total{cache_name="endpoints"}[5m])) / (sum(rate(pagerduty_cache_hits_total{cache_name="endpoints"}[5m])) + sum(rate(pagerduty_cache_misses_total{cache_name="endpoints"}[5m])))',
    ],
    reading: "Share of attempts for which the publisher was in memory. It is near 1, and lower after a start.",
    action: "Nothing. A low rate costs microseconds per attempt.",
  },
  timeToDelivery: {
    title: "Time to delivery by severity",
    queries: [
      "histogram_quantile(0.95, sum by (le, severity) (rate(tocsin_time_to_told_seconds_bucket[5m])))",
      'sum(rate(tocsin_time_to_told_seconds_bucket{severity="critical",le=~"60|60.0"}[1h])) / sum(rate(tocsin_time_to_told_seconds_count{severity="critical"}[1h]))',
    ],
    reading:
      "The 95th percentile in seconds, from the acceptance of an alert until the target accepted it, and the share of criticals that were delivered within one minute. Incidents that still wait are not counted: see the oldest due critical. Prometheus 3 writes the label `le` as `60.0`.",
    action:
      "If criticals are late, look at the targets that accept nothing, then at the limiter headroom, then at the API latency.",
  },
  limiterHeadroom: {
    title: "Limiter headroom",
    queries: [
      "120 - sum by (target) (increase(tocsin_attempts_total[1m]))",
      "histogram_quantile(0.95, sum by (le, target) (rate(tocsin_limiter_wait_seconds_bucket[5m])))",
      "sum(rate(pagerduty_rate_limit_hits_total[5m]))",
    ],
    reading:
      "Attempts that the last minute had left, seconds that targets waited at their limit, and waits and answers 429 per second. 120 per minute is the default of PagerDuty targets: write the `rate_limit` of your target instead. A fifth is reserved for criticals, so other events already wait below 24. Targets with the same credential share one limit: add their attempts. The window of the first query needs a scrape interval of at most 30 s; a longer window hides bursts.",
    action:
      "Near 0: group alerts (`group_by`), filter more, or spread targets over several routing keys. If answers 429 come while headroom is left, another program uses the same key.",
  },
  oldestDueCritical: {
    title: "Oldest due critical",
    queries: ['max by (target) (tocsin_due_oldest_seconds{severity="critical"})'],
    reading: "Seconds. No result: no critical waits.",
    action:
      "Above 120 s, page a person by another way. `tocsin incidents list` shows the reason of the wait, and [states.md](states.md) the action for each reason. If the target has a `fallback`, that target receives the critical after `fallback_after`.",
  },
  targetsThatAcceptNothing: {
    title: "Targets that accept nothing",
    queries: [
      'max by (target, state) (tocsin_target_state{state=~"invalid|unauthorized|misconfigured|failing|paused"}) == 1',
      "max by (target) (tocsin_breaker_state) > 0",
    ],
    action: "`tocsin targets show NAME` shows the last failure and the next try. Correct the key or the URL.",
  },
  incidents: {
    title: "Waiting and dead incidents",
    queries: [
      "sum by (state) (max by (target, state) (tocsin_incidents))",
      'max by (target) (tocsin_incidents{state="due"})',
      "max by (target, reason) (tocsin_dead_letters) > 0",
    ],
    reading: "Incidents by state, those that wait by target, and dead letters.",
    action:
      "Waiting: `tocsin incidents list` shows the reasons. Dead: `tocsin deadletters show ID` shows the answer of the receiver; correct the target, then `tocsin deadletters replay ID`.",
  },
  ledgerCommits: {
    title: "Time to a durable alert (p99)",
    queries: ["histogram_quantile(0.99, sum by (le) (rate(tocsin_ledger_commit_seconds_bucket[5m])))"],
    reading: "Seconds that a sender waits for the ledger.",
    action: "Above 0.1 s, move the ledger to a faster disk, or find what else writes there.",
  },
  refusals: {
    title: "Refused requests, rejected alerts, silent sources",
    queries: [
      "sum by (reason) (rate(tocsin_requests_refused_total[5m])) > 0",
      'sum by (source, status) (rate(tocsin_alerts_received_total{status=~"rejected|truncated"}[5m])) > 0',
      "max by (source) (tocsin_source_silent) == 1",
    ],
    action:
      "The log has an example of each. Correct the sender: its token, its URL, or `max_alerts: 0`. Silent sources: see [heartbeats.md](heartbeats.md).",
  },
  confirmation: {
    title: "Confirmed pages and the canary",
    queries: [
      "min by (target) (tocsin_canary_success) == 0",
      "histogram_quantile(0.95, sum by (le, target) (rate(tocsin_time_to_confirmed_seconds_bucket[1h])))",
    ],
    reading: "There is no result without `canary`, or without callbacks.",
    action: "`tocsin doctor` names the step of the canary that failed. See [canary.md](canary.md).",
  },
  certificates: {
    title: "Certificates that expire within a week",
    queries: ["min by (name) (tocsin_certificate_expiry_timestamp_seconds - time()) < 7 * 86400"],
    reading:
      "Seconds until the first certificate of each file expires. There is no result without certificates in the configuration.",
    action: "Replace the file that `name` configures. See [tls.md](tls.md).",
  },
  configurationAndDiscovery: {
    title: "Configuration and discovery",
    queries: [
      "min by (instance) (tocsin_config_last_reload_successful) == 0",
      "max by (source, where) (tocsin_discovery_stale) == 1",
      'time() - max by (source, where) (tocsin_discovery_last_sync_timestamp_seconds{source="kubernetes"})',
      "max by (where, kind) (tocsin_rollouts_stale) == 1",
    ],
    action:
      "`tocsin config check` lists the mistakes of the configuration. `GET /api/v1/targets` shows the failure of each place under `discovery`. The targets that were found last stay in use.",
  },
  load: {
    title: "Load of the process",
    queries: [
      "rate(process_cpu_seconds_total[5m])",
      "max_over_time(tocsin_event_loop_lag_seconds[5m])",
      "process_resident_memory_bytes",
    ],
    reading:
      "Cores, seconds, bytes. `process_…` metrics exist for other jobs too: add the label `job` of your scrape configuration.",
    action: "Lag above 0.5 s: give the process more CPU.",
  },
} as const satisfies Readonly<Record<string, MetricQuestion>>;
