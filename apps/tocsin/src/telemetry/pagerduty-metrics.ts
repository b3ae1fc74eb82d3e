import type { EventAction } from "@tocsin/core";
import { Counter, Gauge, Histogram, type Registry } from "./series.ts";

const requestSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Values of `event_type`. The list is closed, because it is a metric label. */
export const eventTypes = ["trigger", "acknowledge", "resolve", "change"] as const satisfies readonly EventAction[];

/** Values of `cache_name`: publishers by endpoint, and delivered states. This version has no cache `told`: its counters stay 0. */
export const cacheNames = ["endpoints", "told"] as const;

/** The eight metrics about PagerDuty, whose names and labels are public API. */
export const pagerdutyMetrics = (registers: readonly Registry[]) => ({
  published: new Counter({
    name: "pagerduty_events_published_total",
    help: "Events that PagerDuty accepted.",
    labelNames: ["publisher", "event_type"],
    registers: registers,
  }),
  publishErrors: new Counter({
    name: "pagerduty_publish_errors_total",
    help: "Attempts at PagerDuty that failed, by reason.",
    labelNames: ["publisher", "error_type"],
    registers: registers,
  }),
  requestSeconds: new Histogram({
    name: "pagerduty_api_request_duration_seconds",
    help: "Duration of a request to PagerDuty, in seconds. status_code 0: no answer.",
    labelNames: ["method", "status_code"],
    buckets: requestSeconds,
    registers: registers,
  }),
  apiCalls: new Counter({
    name: "pagerduty_api_calls_total",
    help: "Requests to PagerDuty, whatever their result.",
    labelNames: ["method"],
    registers: registers,
  }),
  rateLimitHits: new Counter({
    name: "pagerduty_rate_limit_hits_total",
    help: "Waits at the rate limit of a PagerDuty target, plus answers 429 of PagerDuty.",
    registers: registers,
  }),
  cacheHits: new Counter({
    name: "pagerduty_cache_hits_total",
    help: "Lookups that the cache answered.",
    labelNames: ["cache_name"],
    registers: registers,
  }),
  cacheMisses: new Counter({
    name: "pagerduty_cache_misses_total",
    help: "Lookups that the cache could not answer.",
    labelNames: ["cache_name"],
    registers: registers,
  }),
  cacheSize: new Gauge({
    name: "pagerduty_cache_size",
    help: "Entries in all caches.",
    registers: registers,
  }),
});
