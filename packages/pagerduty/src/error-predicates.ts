import {
  PagerDutyApiError,
  PagerDutyError,
  PagerDutyNetworkError,
  PagerDutyRateLimitError,
  PagerDutyValidationError,
} from "./errors.ts";

/** Whether the same call may succeed later: no answer, 408, 425, 429, 5xx and any undocumented status. */
export function isRetryable(error: unknown): error is PagerDutyError {
  return error instanceof PagerDutyError && error.retryable;
}

/** 429, or the limiter had no room before the deadline. */
export function isRateLimit(error: unknown): error is PagerDutyRateLimitError {
  return error instanceof PagerDutyRateLimitError;
}

/** 401 or 403. PagerDuty itself says 400 to an unknown routing key: ask `health({ checkKey: true })`. */
export function isAuthError(error: unknown): error is PagerDutyApiError {
  return error instanceof PagerDutyApiError && error.code === "unauthorized";
}

/** 400: PagerDuty refuses this event, or the routing key. */
export function isBadRequest(error: unknown): error is PagerDutyApiError {
  return error instanceof PagerDutyApiError && error.status === 400;
}

/** 404: the base URL is not that of the Events API. */
export function isNotFound(error: unknown): error is PagerDutyApiError {
  return error instanceof PagerDutyApiError && error.status === 404;
}

/** Any 5xx. */
export function isServerError(error: unknown): error is PagerDutyApiError {
  return error instanceof PagerDutyApiError && error.status >= 500;
}

/** No connection, no answer or not the whole of it in time. True for the reason of an `AbortSignal.timeout()` too. */
export function isTimeout(error: unknown): boolean {
  if (error instanceof PagerDutyNetworkError) return error.code === "timeout";
  return error instanceof DOMException && error.name === "TimeoutError";
}

/** DNS, TLS, a refused or a lost connection: every network error that is not a timeout. */
export function isConnectionError(error: unknown): error is PagerDutyNetworkError {
  return error instanceof PagerDutyNetworkError && error.code !== "timeout";
}

/** The argument is wrong, and nothing was sent. */
export function isValidation(error: unknown): error is PagerDutyValidationError {
  return error instanceof PagerDutyValidationError;
}
