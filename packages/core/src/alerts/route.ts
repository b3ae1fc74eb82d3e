import type { Severity } from "./severity.ts";

/** Routing decided that an alert is sent to this target, and how. Computed before anything is recorded. */
export interface Route {
  readonly target: string;
  readonly dedupKey: string;
  readonly severity: Severity;
  readonly summary: string;
  /** A change event: sent once for its dedup key, without a lifecycle. */
  readonly kind?: "change";
  /** What the classification changed. Absent: nothing. */
  readonly byVerdict?: "filled" | "raised" | "lowered";
  /**
   * A verdict could change this route. If it opens an incident of which nothing was sent, that one waits this long for a verdict, ms.
   */
  readonly waitMs?: number;
  /** The caller has sent the trigger without the ledger: an incident that this route opens counts as delivered. */
  readonly sent?: true;
}
