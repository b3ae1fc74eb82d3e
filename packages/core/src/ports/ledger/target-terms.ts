import type { ReceiverTraits } from "../publisher.ts";

/** How many attempts a credential allows. All targets with the same credential share the limit. */
export interface RateLimit {
  /** Attempts per `perMs`; 0 = no limit. */
  readonly limit: number;
  readonly perMs: number;
  readonly algorithm: "sliding_window" | "token_bucket";
  /** Token bucket only. */
  readonly burst: number;
  /** Share of `limit` kept for criticals, 0 to 1. */
  readonly reserve: number;
}

/** The data about a target that the ledger needs to schedule its work. */
export interface TargetTerms {
  readonly name: string;
  readonly enabled: boolean;
  /** Dry run: the worker does everything except send. */
  readonly shadow: boolean;
  /**
   * Identity of (type, URL, credential): a keyed hash that holds no secret. An incident stays with the endpoint that opened it
   * (I6).
   */
  readonly endpoint: string;
  /**
   * Identity of the endpoint with everything that authenticates there, headers and signing secrets included: a keyed hash.
   * Refusals by the receiver (401, 404) are kept by it. Rows of earlier versions have none, and count as their endpoint.
   */
  readonly access: string;
  /** Identity of the unit that the receiver's rate limit counts by: a keyed hash. Limits and pauses are kept by it. */
  readonly credential: string;
  /** The URL and credentials, encrypted: needed to reach the endpoint later. Kept while an incident is open there. */
  readonly sealed: string;
  readonly traits: ReceiverTraits;
  readonly rateLimit: RateLimit;
  readonly timeoutMs: number;
  readonly pageResolved: "never" | "critical" | "always";
  /** A critical that is still not delivered `afterMs` after it was accepted is also sent to this target. */
  readonly fallback?: { readonly target: string; readonly afterMs: number };
  /** A resolve of a fingerprint never seen before is sent once. */
  readonly adoptUnknownResolves: boolean;
  /** Whether a change of an incident's members is sent. Absent in rows that older versions wrote: true. */
  readonly groupUpdates?: boolean;
  /** A delivered critical that the receiver has not confirmed after this many ms is `unconfirmed`. Absent: never. */
  readonly confirmWithinMs?: number;
  /** False: undelivered changes are not sent. Absent in rows that older versions wrote: true. */
  readonly takesChanges?: boolean;
}
