import type { PagerDutyError } from "./errors.ts";

export type Operation = "trigger" | "acknowledge" | "resolve" | "change" | "health";

/**
 * Functions for metrics and traces, which the client calls during a call. It calls them synchronously, so they must be quick. An
 * error that they throw becomes a process warning and never stops an event. They never get a routing key.
 */
export interface Hooks {
  /** After each attempt, successful or not. */
  onAttempt?(attempt: AttemptInfo): void;
  /** Before the wait for the next attempt. */
  onRetry?(retry: RetryInfo): void;
  /** When a call must wait for the limiter, or after a 429. */
  onLimit?(limit: LimitInfo): void;
}

export interface AttemptInfo {
  operation: Operation;
  /** 1 for the first. */
  attempt: number;
  /** Wall clock, ms since epoch. */
  startedAtMs: number;
  durationMs: number;
  /** Absent when no answer came. */
  status?: number;
  /** Absent when the event was accepted. After an abort it is the reason of the signal. */
  error?: unknown;
  /** Ready for a span, named by OpenTelemetry's semantic conventions for HTTP clients. */
  attributes: SpanAttributes;
}

export interface SpanAttributes {
  "http.request.method": "POST";
  "url.full": string;
  "server.address": string;
  "server.port": number;
  /** 0 for the first attempt, which the conventions leave out. */
  "http.request.resend_count"?: number;
  "http.response.status_code"?: number;
  /** The error's code, or the name of an abort. */
  "error.type"?: string;
}

export interface RetryInfo {
  operation: Operation;
  /** The attempt that failed, 1 for the first. */
  attempt: number;
  waitMs: number;
  error: PagerDutyError;
}

export interface LimitInfo {
  operation: Operation;
  /** `limiter`: our limiter, before an attempt. `pagerduty`: PagerDuty's 429, after one. */
  by: "limiter" | "pagerduty";
  /** Time until the next attempt, if it is known. */
  waitMs?: number;
}
