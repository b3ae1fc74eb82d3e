import type { PagerDutyError, PagerDutyNetworkError } from "./errors.ts";

/** Result of `health`. */
export type Health =
  | { reachable: false; latencyMs: number; error: PagerDutyNetworkError }
  | {
      reachable: true;
      /** Time until the connection was open, with the TLS handshake. */
      latencyMs: number;
      /** `unknown`: the check itself failed (rate limit, server error), see `error`. */
      key: "unchecked" | "accepted" | "refused" | "unknown";
      error?: PagerDutyError;
    };

export interface HealthOptions {
  /** Also send a `resolve` with a random dedup key. It pages no person, and PagerDuty answers 400 for an unknown routing key. @default false */
  checkKey?: boolean;
  signal?: AbortSignal;
}
