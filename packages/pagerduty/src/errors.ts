/** Why a call failed. Closed: branch on it, and use it as a metric label. Never branch on messages. */
export type PagerDutyErrorCode =
  | "invalid_event"
  | "invalid_options"
  | "timeout"
  | "dns"
  | "refused"
  | "reset"
  | "tls"
  | "network"
  | "rate_limited"
  | "bad_request"
  | "unauthorized"
  | "not_found"
  | "too_large"
  | "server_error"
  | "unexpected_status";

/** Base of all errors of this package. After an abort a call rejects with the reason of your signal instead. */
export abstract class PagerDutyError extends Error {
  abstract readonly code: PagerDutyErrorCode;
  /** Whether the same call may succeed later. The client has already retried as often as its options allow. */
  abstract readonly retryable: boolean;
  /** Number of requests for this call, retries included. */
  attempts = 0;
}

export interface Issue {
  /** Path in the argument: `payload.severity`, `links[2].href`. */
  path: string;
  message: string;
}

/** The argument is wrong, and nothing was sent. It names every fault, not only the first. */
export class PagerDutyValidationError extends PagerDutyError {
  override readonly name = "PagerDutyValidationError";
  readonly code: "invalid_event" | "invalid_options";
  readonly retryable = false;
  readonly issues: readonly Issue[];

  constructor(code: "invalid_event" | "invalid_options", issues: readonly Issue[]) {
    const list = issues.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; ");
    super(`${code === "invalid_event" ? "Invalid event" : "Invalid options"}: ${list}`);
    this.code = code;
    this.issues = issues;
  }
}

export type NetworkCode = "timeout" | "dns" | "refused" | "reset" | "tls" | "network";

/** No answer came, or only a part of one. */
export class PagerDutyNetworkError extends PagerDutyError {
  override readonly name = "PagerDutyNetworkError";
  readonly code: NetworkCode;
  readonly retryable = true;
  /** False when the request certainly never left. True: PagerDuty may have accepted the event all the same. */
  readonly requestSent: boolean;

  constructor(code: NetworkCode, message: string, options: { requestSent: boolean; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.requestSent = options.requestSent;
  }
}

/** The details of an answer besides its status. */
interface AnswerDetails {
  retryAfterMs?: number | undefined;
  errors?: readonly string[];
  body?: string;
}

/** PagerDuty answered 429, or the limiter had no room before the deadline. The event was not ingested. */
export class PagerDutyRateLimitError extends PagerDutyError {
  override readonly name = "PagerDutyRateLimitError";
  readonly code = "rate_limited";
  readonly retryable = true;
  /** 429, or `undefined` when the call waited for our own limiter until its deadline. */
  readonly status: 429 | undefined;
  /** The wait that the answer's `Retry-After` names, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  readonly errors: readonly string[];
  /** The answer's body as it came, at most 16,384 bytes; empty without an answer. */
  readonly body: string;

  constructor(message: string, options: AnswerDetails & { status?: 429 } = {}) {
    super(message);
    this.status = options.status;
    this.retryAfterMs = options.retryAfterMs;
    this.errors = options.errors ?? [];
    this.body = options.body ?? "";
  }
}

/** PagerDuty, or something before it, answered with neither 202 nor 429. */
export class PagerDutyApiError extends PagerDutyError {
  override readonly name = "PagerDutyApiError";
  readonly code: "bad_request" | "unauthorized" | "not_found" | "too_large" | "server_error" | "unexpected_status";
  readonly retryable: boolean;
  readonly status: number;
  /** The wait that the answer's `Retry-After` names, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The faults that PagerDuty found, in its words: `'summary' is too long (maiximum is 1024 characters)`. */
  readonly errors: readonly string[];
  /** The answer's body as it came, such as a proxy's page in HTML; at most 16,384 bytes. */
  readonly body: string;

  constructor(status: number, message: string, options: AnswerDetails = {}) {
    super(message);
    this.status = status;
    this.code = codeOf(status);
    this.retryable = !permanent.has(status);
    this.retryAfterMs = options.retryAfterMs;
    this.errors = options.errors ?? [];
    this.body = options.body ?? "";
  }
}

/** After these statuses the same request would be refused again. After any other status the client retries: a page is at stake. */
const permanent = new Set([400, 401, 403, 404, 405, 413, 422]);

function codeOf(status: number): PagerDutyApiError["code"] {
  if (status >= 500) return "server_error";
  if (status === 400) return "bad_request";
  if (status === 401 || status === 403) return "unauthorized";
  if (status === 404) return "not_found";
  return status === 413 ? "too_large" : "unexpected_status";
}
