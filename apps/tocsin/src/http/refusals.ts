import type { FastifyRequest } from "fastify";
import type { LogFields, Logger } from "../telemetry/logger.ts";
import type { LogThrottle, ThrottleRule } from "../telemetry/log-throttle.ts";
import { pathOf } from "./paths.ts";
import { noEndpoint, type Problem } from "./problem.ts";

/** Reasons for refusing a request. The list is closed, because it is a metric label. */
export const refusalReasons = [
  "invalid",
  "unauthorized",
  "forbidden",
  "path",
  "method",
  "timeout",
  "too_large",
  "encoding",
  "host",
  "too_many_logins",
  "malformed",
  "tls",
  "unavailable",
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

const reasonByStatus: Partial<Record<number, RefusalReason>> = {
  400: "invalid",
  401: "unauthorized",
  403: "forbidden",
  405: "method",
  413: "too_large",
  415: "encoding",
  421: "host",
  429: "too_many_logins",
  503: "unavailable",
};

/** Undefined: not a refusal, such as a valid request for an incident that does not exist. */
const reasonOf = (problem: Problem): RefusalReason | undefined =>
  problem === noEndpoint ? "path" : reasonByStatus[problem.status];

/** Several lines at once, for a person who sets up a sender; then few, because an outage of hours must not fill the log. */
export const refusalLogRule: ThrottleRule = { everyMs: 600_000, burst: 2 };

/** Longest excerpt, characters: enough to see the error. */
const maxIssues = 5;
const maxCharacters = 200;

export interface RefusalsOptions {
  readonly log: Pick<Logger, "warn">;
  readonly throttle: Pick<LogThrottle, "pass">;
  readonly count: (reason: RefusalReason) => void;
  readonly senderOf: (request: FastifyRequest) => string;
}

/** Counts refused requests and logs some of them, because senders do not show the responses they get. */
export class Refusals {
  readonly #o: RefusalsOptions;

  constructor(options: RefusalsOptions) {
    this.#o = options;
  }

  refused(request: FastifyRequest, problem: Problem): void {
    const reason = reasonOf(problem);
    if (reason === undefined) return;
    const { code, status, message, issues, forLog = message } = problem;
    this.#o.count(reason);
    // The intake logs rejected alerts with their source.
    if (code === "invalid_alerts") return;
    const { method, originalUrl, routeOptions, headers } = request;
    const leftOut = this.#o.throttle.pass(`${reason} ${routeOptions.url ?? ""}`);
    if (leftOut === undefined) return;
    // Without query and body, which may hold secrets.
    const fields: LogFields = {
      event: "request_refused",
      reason,
      status,
      method,
      path: pathOf(originalUrl).slice(0, maxCharacters),
      sender: this.#o.senderOf(request),
      ...(reason === "host" && { host: headers.host?.slice(0, maxCharacters) }),
      ...(issues.length > 0 && { issues: issues.slice(0, maxIssues) }),
      ...leftOut,
    };
    this.#o.log.warn(fields, `Refused a request: ${forLog}`);
  }

  /** For bytes that are not an HTTP request. `code` is the reason of Node or OpenSSL; each failure of TLS has its own lines. */
  refusedBytes(reason: "malformed" | "tls" | "timeout" | "too_large", sender: string | undefined, code: string): void {
    this.#o.count(reason);
    const leftOut = this.#o.throttle.pass(reason === "tls" ? `tls ${code}` : reason);
    if (leftOut === undefined) return;
    this.#o.log.warn(
      { event: "request_refused", reason, sender, code, ...leftOut },
      `Refused a request: ${words[reason]}`,
    );
  }
}

const words = {
  malformed: "it is not HTTP (a sender may use https here)",
  tls: "the TLS handshake failed; `code` is the reason",
  timeout: "it did not arrive within 60 seconds",
  too_large: "its headers are too large",
};
