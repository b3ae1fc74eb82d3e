import type { Severity } from "../../alerts/severity.ts";
import type { DeadLetter } from "./queries.ts";
import type { TargetTerms } from "./target-terms.ts";

/**
 * Numbers of the incidents that a commit changed. `unknown`: changes before this call may have been missed; every later change is
 * reported.
 */
export type ChangedIncidents = readonly number[] | "unknown";

/** A target and its endpoint at that time. */
export type BlockedTarget = Pick<TargetTerms, "name" | "endpoint">;

/** A change of state that operators are notified of. Only the process whose commit makes the change reports it. */
export type StateChange =
  | ({ readonly kind: "dead_letter"; readonly fingerprint: string; readonly trace?: string } & Omit<
      DeadLetter,
      "id" | "rendered" | "atMs" | "replayedAtMs"
    >)
  /** The receiver refuses the credential or the address; no event is sent there until it accepts one. */
  | {
      readonly kind: "blocked";
      readonly targets: readonly BlockedTarget[];
      readonly state: "unauthorized" | "misconfigured";
      readonly detail: string;
    }
  | { readonly kind: "unblocked"; readonly targets: readonly BlockedTarget[] }
  /** `open` again after a probe that failed. */
  | {
      readonly kind: "breaker";
      readonly target: string;
      readonly state: "closed" | "half_open" | "open";
      readonly untilMs: number | null;
    }
  | {
      readonly kind: "fallback";
      readonly incident: number;
      /** The leading alert of the incident. */
      readonly fingerprint: string;
      readonly target: string;
      readonly fallback: string;
      /** False: the fallback is missing or disabled. */
      readonly notified: boolean;
      readonly why: "undelivered" | "unconfirmed";
      readonly trace?: string;
    }
  /** A critical was delivered, and its receiver has not confirmed within `confirm_within` that the incident exists. */
  | {
      readonly kind: "unconfirmed";
      readonly incident: number;
      /** The leading alert of the incident. */
      readonly fingerprint: string;
      readonly target: string;
      readonly trace?: string;
    }
  /** A receiver reported for the first time that it has the incident, this long after its alert was accepted. */
  | { readonly kind: "confirmed"; readonly target: string; readonly severity: Severity; readonly afterMs: number };

/** The part of the ledger that reports which incidents changed. */
export interface Changes {
  /**
   * Calls `changed` after each commit, by any process, that changed incidents. The first call is `unknown`, as soon as the
   * watch works: every change after that call is reported, so data read from then on can be kept current. Derived waits (for
   * limiter, pause or breaker) and deletions of expired incidents are not reported as changes. Costs almost nothing while there
   * is no watcher. Returns a function that ends the watch.
   */
  watch(changed: (incidents: ChangedIncidents) => void): () => void;
}
