import type { PagerDutyError, PagerDutyNetworkError } from "./errors.ts";

/** What `health` found. */
export type Health =
  | { reachable: false; latencyMs: number; error: PagerDutyNetworkError }
  | {
      reachable: true;
      /** Time to an open connection, TLS included. */
      latencyMs: number;
      /** `unknown`: the check itself failed (rate limit, server error), see `error`. */
      key: "unchecked" | "accepted" | "refused" | "unknown";
      error?: PagerDutyError;
    };

export interface HealthOptions {
  /** Also send a `resolve` of a random dedup key: nobody is paged, and a key that PagerDuty does not know is a 400. @default false */
  checkKey?: boolean;
  signal?: AbortSignal;
}
