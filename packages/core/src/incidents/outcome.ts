/** Why an attempt was not accepted. A closed list, because it is a metric label (`error_type`). */
export const attemptReasons = [
  "auth",
  "invalid",
  "rate_limited",
  "server",
  "network",
  "timeout",
  "tls",
  "interrupted",
  "bug",
] as const;
export type AttemptReason = (typeof attemptReasons)[number];

/**
 * The result of one attempt. Publishers return it; only `settle` converts it to the delivered state. `detail` is shown to
 * operators and stored, so it must not contain a credential.
 */
export type Outcome =
  /** The receiver took the event. */
  | { readonly kind: "accepted"; readonly receipt: string; readonly status?: number }
  /** The request never left, or the receiver answered that it did nothing with it. */
  | {
      readonly kind: "retry";
      readonly reason: AttemptReason;
      readonly detail: string;
      readonly retryAfterMs?: number;
      readonly status?: number;
    }
  /**
   * The request left and its effect is unknown: the delivered state becomes `maybe`. `receiverClosed`: the receiver closed or
   * reset the connection, so its rate limit counted the attempt now at the latest.
   */
  | {
      readonly kind: "ambiguous";
      readonly reason: AttemptReason;
      readonly detail: string;
      readonly receiverClosed?: true;
      readonly retryAfterMs?: number;
      readonly status?: number;
    }
  /** The same request would fail every time. `suspectKey`: the credential may be the cause, so check it first. */
  | {
      readonly kind: "refused";
      readonly reason: AttemptReason;
      readonly detail: string;
      readonly suspectKey?: boolean;
      readonly status?: number;
    }
  /** The target accepts nothing now, because of a revoked key (`unauthorized`) or a wrong address (`misconfigured`). */
  | {
      readonly kind: "blocked";
      readonly state: "unauthorized" | "misconfigured";
      readonly reason: AttemptReason;
      readonly detail: string;
      readonly status?: number;
    }
  /** We stopped the attempt. `left`: the request may have reached the receiver. Backoff, breaker and giving up ignore it. */
  | { readonly kind: "interrupted"; readonly left: boolean; readonly detail: string };
