import type { PagerDutyError } from "./errors.ts";

export type Operation = "trigger" | "acknowledge" | "resolve" | "change" | "health";

/**
 * Called while a call goes on, for metrics and traces. They are called synchronously and must be quick; what they throw
 * becomes a process warning and never stops an event. None of them is ever given a routing key.
 */
export interface Hooks {
  /** After each attempt, whatever came of it. */
  onAttempt?(attempt: AttemptInfo): void;
  /** Before the wait for the next attempt. */
  onRetry?(retry: RetryInfo): void;
  /** When a call is held back: by the limiter, or by a 429. */
  onLimit?(limit: LimitInfo): void;
}

export interface AttemptInfo {
  operation: Operation;
  /** 1 for the first. */
  attempt: number;
  /** Wall clock, ms since epoch. */
  startedAtMs: number;
  durationMs: number;
  /** Absent without an answer. */
  status?: number;
  /** Absent when the event was accepted. An abort is given as it is. */
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
  /** Who holds it back: our limiter, before an attempt, or PagerDuty's 429, after one. */
  by: "limiter" | "pagerduty";
  /** How long until the next attempt, where that is known. */
  waitMs?: number;
}
