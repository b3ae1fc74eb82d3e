import { type EpisodeVerdict, type Severity, type VerdictTerms, weighVerdict } from "@tocsin/core/decisions";

/**
 * How a model answers.
 *
 * - `right`: with the true severity, soon.
 * - `slow`: with the true severity, often too late.
 * - `never`: not at all.
 * - `failing`: each call fails.
 * - `wrong`: with any severity and any confidence.
 * - `noise`: everything is noise, and it is sure of it.
 * - `mixed`: each call in another way.
 */
export const modelTempers = ["right", "slow", "never", "failing", "wrong", "noise", "mixed"] as const;
export type ModelTemper = (typeof modelTempers)[number];

/** How alerts are classified in a run. */
export interface ClassifierPlan extends VerdictTerms {
  readonly temper: ModelTemper;
  /** All targets have `exclude_noise`. */
  readonly excludeNoise: boolean;
  /** How long a first page waits, ms: one whose label says critical, and any other. */
  readonly criticalMs: number;
  readonly otherMs: number;
  readonly maxCallsPerHour: number | undefined;
}

/** Severity of an alert whose labels state none. */
export const unlabelledSeverity: Severity = "warning";

/** The severity that the alert's labels state. A third of the alerts has none. */
export const labelOf = ({ fingerprint, annotations }: LabelledAlert): Severity | undefined =>
  Number(fingerprint.replace(/\D/gu, "")) % 3 === 0 ? undefined : (annotations["severity"] as Severity);

interface LabelledAlert {
  readonly fingerprint: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What a verdict does to an alert, by the rules alone. */
export const weighed = (plan: ClassifierPlan, alert: LabelledAlert, verdict: EpisodeVerdict | undefined) => {
  const label = labelOf(alert);
  if (verdict === undefined) return { severity: label ?? unlabelledSeverity, effect: "none" as const };
  const { excludeNoise } = plan;
  return weighVerdict(
    verdict,
    { label, defaultSeverity: unlabelledSeverity, excludeNoise, minConfidence: undefined },
    plan,
  );
};
