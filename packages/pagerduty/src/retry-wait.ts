import { PagerDutyApiError, type PagerDutyError, PagerDutyRateLimitError } from "./errors.ts";

export interface RetryOptions {
  /** Maximum number of attempts after the first. @default 3 */
  retries?: number;
  /** Upper bound of the first wait in milliseconds. It doubles with each wait, which is random below it ("full jitter"). @default 100 */
  initialMs?: number;
  /** Maximum of that upper bound. @default 5_000 */
  maxMs?: number;
  /**
   * Wait after a 429 that names no time.
   * @default 30_000, which is what https://developer.pagerduty.com/docs/events-api-v2-rate-limits advises
   */
  rateLimitWaitMs?: number;
  /** Maximum wait after a `Retry-After`. A longer one is cut to it. @default 300_000 */
  maxRetryAfterMs?: number;
  /**
   * Maximum time for a whole call, in milliseconds: waits for the limiter, attempts and the waits between them. If a wait would
   * last longer, the call fails at once with the last error. @default 600_000
   */
  deadlineMs?: number;
}

export type RetryPolicy = Required<RetryOptions>;

export function retryPolicy({
  retries = 3,
  initialMs = 100,
  maxMs = 5_000,
  rateLimitWaitMs = 30_000,
  maxRetryAfterMs = 300_000,
  deadlineMs = 600_000,
}: RetryOptions = {}): RetryPolicy {
  return { retries, initialMs, maxMs, rateLimitWaitMs, maxRetryAfterMs, deadlineMs };
}

/**
 * Returns the wait before the next attempt in milliseconds, or `undefined` when there must be none.
 *
 * @param attempt the one that failed, 1 for the first
 * @param random a number from 0 up to and without 1
 */
export function retryWaitMs(
  error: PagerDutyError,
  attempt: number,
  policy: RetryPolicy,
  random: () => number,
): number | undefined {
  if (!error.retryable || attempt > policy.retries) return undefined;
  const requestedMs =
    error instanceof PagerDutyRateLimitError || error instanceof PagerDutyApiError ? error.retryAfterMs : undefined;
  if (requestedMs !== undefined) return Math.min(requestedMs, policy.maxRetryAfterMs);
  if (error instanceof PagerDutyRateLimitError) return policy.rateLimitWaitMs;
  return random() * Math.min(policy.maxMs, policy.initialMs * 2 ** (attempt - 1));
}
