/** Why an attempt was not accepted. Closed: it is a metric label (`error_type`). */
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
 * What one attempt said. Publishers return it, `settle` alone turns it into what is told. `detail` is shown to operators
 * and kept: it holds no credential.
 */
export type Outcome =
  /** The receiver took the event. */
  | { readonly kind: "accepted"; readonly receipt: string; readonly status?: number }
  /** The request never left, or the receiver said that it did nothing with it. */
  | {
      readonly kind: "retry";
      readonly reason: AttemptReason;
      readonly detail: string;
      readonly retryAfterMs?: number;
      readonly status?: number;
    }
  /**
   * The request left and its fate is unknown: told becomes `maybe`. `receiverClosed`: the receiver closed or reset the
   * connection, so its limit counts the attempt no later than now.
   */
  | {
      readonly kind: "ambiguous";
      readonly reason: AttemptReason;
      readonly detail: string;
      readonly receiverClosed?: true;
      readonly retryAfterMs?: number;
      readonly status?: number;
    }
  /** The same input would fail forever. `suspectKey`: it may be the credential's fault, so check that first. */
  | {
      readonly kind: "refused";
      readonly reason: AttemptReason;
      readonly detail: string;
      readonly suspectKey?: boolean;
      readonly status?: number;
    }
  /** The target itself cannot take anything now: a revoked key (`unauthorized`) or a wrong address (`misconfigured`). */
  | {
      readonly kind: "blocked";
      readonly state: "unauthorized" | "misconfigured";
      readonly reason: AttemptReason;
      readonly detail: string;
      readonly status?: number;
    }
  /** We stopped it. `left`: the request may have reached the receiver. No count for backoff, breaker or giving up. */
  | { readonly kind: "interrupted"; readonly left: boolean; readonly detail: string };
