import type { DiscoveryReason } from "../discovery.ts";

/** Why a request to the API did not bring what it should. Its message is for operators and holds no credential. */
export class ApiFailure extends Error {
  override readonly name = "ApiFailure";
  readonly reason: DiscoveryReason;
  /** How long the server asks to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(reason: DiscoveryReason, message: string, retryAfterMs?: number) {
    super(message);
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

/** What a status means for discovery; `said` is the server's own word, such as why RBAC forbids it. */
export function failureOfStatus(code: number, said: string | undefined, retryAfterMs?: number): ApiFailure {
  const because = said === undefined ? "" : `: ${said}`;
  if (code === 401)
    return new ApiFailure("unauthorized", `the token or certificate is not accepted (HTTP 401)${because}`);
  if (code === 403) {
    const hint = "a Role must allow to get, list and watch secrets in this namespace, and a RoleBinding give it to us";
    return new ApiFailure("forbidden", `${hint} (HTTP 403)${because}`);
  }
  if (code === 410) return new ApiFailure("expired", "the version to go on from is too old (HTTP 410)");
  if (code === 429) return new ApiFailure("throttled", `the server asks to wait (HTTP 429)${because}`, retryAfterMs);
  if (code >= 500) return new ApiFailure("server", `the server failed (HTTP ${code})${because}`, retryAfterMs);
  if (code === 404) return new ApiFailure("protocol", `this is not the API of Kubernetes (HTTP 404)${because}`);
  return new ApiFailure("protocol", `unexpected answer (HTTP ${code})${because}`);
}

/** The message of a `Status`, on one line. */
export function messageOf(status: unknown): string | undefined {
  const { message } = (status ?? {}) as { message?: unknown };
  if (typeof message !== "string" || message === "") return undefined;
  return message.replace(/[\s\p{C}]+/gu, " ").slice(0, 300);
}
