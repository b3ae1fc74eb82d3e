import { moreSevere, severityRank, type Severity } from "../alerts/severity.ts";
import { type EpisodeVerdict, severityOfVerdict } from "../alerts/verdict.ts";

/** The rules for verdicts, from the configuration (`classification`). */
export interface VerdictTerms {
  /**
   * - `fill`: a verdict counts only if no label states a known severity.
   * - `override`: it may also raise or lower a severity that a label states.
   * - `shadow`: it changes nothing.
   */
  readonly apply: "fill" | "override" | "shadow";
  /** An alert whose label says critical is never lowered below this severity. */
  readonly floor: "critical" | "error";
  /** Lowest confidence of a verdict that lowers a severity or suppresses an alert, 0 to 1. */
  readonly threshold: number;
}

/** What a verdict met at one target. */
export interface VerdictSubject {
  /** The severity that the alert's labels state, with the target's own words. Undefined: none. */
  readonly label: Severity | undefined;
  readonly defaultSeverity: Severity;
  readonly excludeNoise: boolean;
  /** Verdicts with less confidence count as none. Undefined: all count. */
  readonly minConfidence: number | undefined;
}

/** The rule that limited a verdict. */
export const verdictLimits = [
  "min_confidence",
  "apply_shadow",
  "apply_fill",
  "floor",
  "threshold",
  "other_prompt",
  "label_critical",
] as const;
export type VerdictLimit = (typeof verdictLimits)[number];

export interface WeighedVerdict {
  readonly severity: Severity;
  readonly effect: "none" | "filled" | "raised" | "lowered" | "suppressed";
  /** The first rule that kept the verdict from having its whole effect. Absent: none. */
  readonly limitedBy?: VerdictLimit;
}

/**
 * Decides what a verdict changes at one target. Promises, whatever the verdict says:
 *
 * - An alert whose label says critical is never below `floor`, and never suppressed.
 * - Nothing is lowered or suppressed by a verdict with less confidence than `threshold`, or for another prompt.
 * - With `fill`, a severity that a label states never changes.
 * - Without `excludeNoise`, nothing is suppressed.
 */
export function weighVerdict(
  verdict: EpisodeVerdict,
  { label, defaultSeverity, excludeNoise, minConfidence }: VerdictSubject,
  { apply, floor, threshold }: VerdictTerms,
): WeighedVerdict {
  const before = label ?? defaultSeverity;
  const unchanged = (limitedBy?: VerdictLimit): WeighedVerdict => ({
    severity: before,
    effect: "none",
    ...(limitedBy && { limitedBy }),
  });
  if (apply === "shadow") return unchanged("apply_shadow");
  if (minConfidence !== undefined && verdict.confidence < minConfidence) return unchanged("min_confidence");
  const mayLower = verdict.ofShape ? "other_prompt" : verdict.confidence >= threshold ? undefined : "threshold";
  const suppresses = verdict.severity === "noise" && excludeNoise;
  if (suppresses && label !== "critical" && mayLower === undefined) return { severity: before, effect: "suppressed" };
  // The rule that kept it from being suppressed, if it would have been.
  const kept = !suppresses ? undefined : label === "critical" ? "label_critical" : mayLower;
  if (label !== undefined && apply === "fill")
    return unchanged(kept ?? (severityOfVerdict(verdict) === label ? undefined : "apply_fill"));
  const wanted = severityOfVerdict(verdict);
  if (severityRank(wanted) < severityRank(before))
    return { severity: wanted, effect: label === undefined ? "filled" : "raised" };
  if (wanted === before)
    return { severity: before, effect: label === undefined ? "filled" : "none", ...(kept && { limitedBy: kept }) };
  if (mayLower !== undefined) return unchanged(mayLower);
  const lowest = label === "critical" ? moreSevere(wanted, floor) : wanted;
  if (lowest === before) return unchanged(kept ?? "floor");
  const limitedBy = kept ?? (lowest === wanted ? undefined : "floor");
  return { severity: lowest, effect: label === undefined ? "filled" : "lowered", ...(limitedBy && { limitedBy }) };
}
