export { type Accepted, type AlertAccepted, type CallOptions, PagerDutyEventsClient } from "./client.ts";
export type { ClientOptions } from "./options.ts";
export type { RetryOptions } from "./retry-wait.ts";
export type {
  AcknowledgeInput,
  AlertInput,
  ChangeInput,
  EventInput,
  ResolveInput,
  TriggerInput,
  TriggerPayload,
} from "./input.ts";
export type { Health, HealthOptions } from "./health.ts";
export type { AttemptInfo, Hooks, LimitInfo, Operation, RetryInfo, SpanAttributes } from "./hooks.ts";
export type { Clock } from "@tocsin/http/portable";
export type { Fetch, FetchResponse } from "./transport/fetch-transport.ts";

export type { Limiter, LimiterOptions, Release } from "./limiter/limiter.ts";
export { unlimited } from "./limiter/limiter.ts";
export { SlidingWindowLimiter, TokenBucketLimiter } from "./limiter/queued-limiter.ts";

export type { Issue, NetworkCode, PagerDutyErrorCode } from "./errors.ts";
export {
  PagerDutyApiError,
  PagerDutyError,
  PagerDutyNetworkError,
  PagerDutyRateLimitError,
  PagerDutyValidationError,
} from "./errors.ts";
export {
  isAuthError,
  isBadRequest,
  isConnectionError,
  isNotFound,
  isRateLimit,
  isRetryable,
  isServerError,
  isTimeout,
  isValidation,
} from "./error-predicates.ts";

// The parts, for programs that bring their own transport and retries.
export { type Answer, type AnswerBody, answerError, parseAnswerBody } from "./answer-error.ts";
export { networkFailure } from "./network-failure.ts";
export { parseRetryAfter } from "@tocsin/http/portable";
export type {
  AcknowledgeEvent,
  AlertEvent,
  ChangeEvent,
  ChangePayload,
  Image,
  Link,
  Payload,
  ResolveEvent,
  Severity,
  TriggerEvent,
} from "./event.ts";
export { toSeverity } from "./to-severity.ts";
export { fitSummary, maxSummaryCodePoints } from "./fit-summary.ts";
export { fitDedupKey, maxDedupKeyCharacters } from "./fit-dedup-key.ts";
export { fitImages, fitLinks } from "./fit-links.ts";
export { fitEvent, type FittedEvent } from "./fit-event.ts";
export { maxBodyBytes } from "./fit-body.ts";
export { acceptsChanges, isRoutingKey, routingKeyPattern } from "./routing-key.ts";
export { enqueueUrl, eventsUrl, type Region } from "./enqueue-url.ts";

export { EventKeyCache, type EventKeyCacheOptions } from "./event-key-cache.ts";
