/** Why a request to the API failed. The list is closed, because the reason is a metric label. */
export type ApiFailureReason =
  | "network"
  | "unauthorized"
  | "forbidden"
  | "expired"
  | "throttled"
  | "server"
  | "protocol"
  | "configuration";

/** Says why a request to the API failed. Its message is for operators and holds no credential. */
export class ApiFailure extends Error {
  override readonly name = "ApiFailure";
  readonly reason: ApiFailureReason;
  /** How long the server asks us to wait before the next request. */
  readonly retryAfterMs: number | undefined;

  constructor(reason: ApiFailureReason, message: string, retryAfterMs?: number) {
    super(message);
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Translates an HTTP status into a failure. `resource` is the kind of object that was requested, such as `secrets`; `said` is the
 * server's own message, such as why RBAC forbids the request.
 */
export function failureOfStatus(
  code: number,
  resource: string,
  said: string | undefined,
  retryAfterMs?: number,
): ApiFailure {
  const because = said === undefined ? "" : `: ${said}`;
  if (code === 401)
    return new ApiFailure("unauthorized", `the token or certificate is not accepted (HTTP 401)${because}`);
  if (code === 403) {
    const hint = `Tocsin's service account needs a Role in this namespace that allows get, list and watch on ${resource}, and a RoleBinding to it`;
    return new ApiFailure("forbidden", `${hint} (HTTP 403)${because}`);
  }
  if (code === 410) return new ApiFailure("expired", "the resource version to continue from is too old (HTTP 410)");
  if (code === 429) return new ApiFailure("throttled", `the server asks to wait (HTTP 429)${because}`, retryAfterMs);
  if (code >= 500) return new ApiFailure("server", `the server failed (HTTP ${code})${because}`, retryAfterMs);
  if (code === 404) return new ApiFailure("protocol", `this is not the API of Kubernetes (HTTP 404)${because}`);
  return new ApiFailure("protocol", `unexpected answer (HTTP ${code})${because}`);
}

/** Returns the message of a `Status` object, on one line. */
export function messageOf(status: unknown): string | undefined {
  const { message } = (status ?? {}) as { message?: unknown };
  if (typeof message !== "string" || message === "") return undefined;
  return message.replace(/[\s\p{C}]+/gu, " ").slice(0, 300);
}
