import { severities, severityRank, type Severity } from "./severity.ts";

/** `noise`: nobody has to act. Where it is not suppressed, it counts as `info`. */
export const verdictSeverities = [...severities, "noise"] as const;
export type VerdictSeverity = (typeof verdictSeverities)[number];

export const verdictProviders = ["rules", "openai", "anthropic"] as const;
export type VerdictProvider = (typeof verdictProviders)[number];

/** A classifier's opinion about one alert. All texts are untrusted: a model wrote them, perhaps as an alert told it to. */
export interface Verdict {
  readonly severity: VerdictSeverity;
  /** 0 to 1. */
  readonly confidence: number;
  readonly reasoning: string;
  readonly recommendations: readonly string[];
  /** One or two words, such as `capacity`. */
  readonly category: string;
  /** The model's name; for rules, the name of the rule. */
  readonly model: string;
  readonly provider: VerdictProvider;
}

/** A verdict as one episode of an alert uses it. */
export interface EpisodeVerdict extends Verdict {
  /**
   * The verdict was given for another alert of the same shape, with another prompt. It may fill in or raise a severity, but never
   * lower or suppress.
   */
  readonly ofShape?: true;
  /** It was given for an earlier alert with the same prompt. Changes nothing; says where the verdict came from. */
  readonly cached?: true;
  /** The rules gave it, because the model did not answer in time. */
  readonly fallback?: true;
}

/** The severity that a verdict stands for. */
export const severityOfVerdict = ({ severity }: Pick<Verdict, "severity">): Severity =>
  severity === "noise" ? "info" : severity;

/** The more severe of two verdicts' severities comes first; `noise` is the least. */
export const verdictRank = (severity: VerdictSeverity): number =>
  severity === "noise" ? severities.length : severityRank(severity);

/**
 * Why an episode uses no verdict.
 *
 * - `not_awaited`: the page did not wait, and no verdict was known.
 * - `shadow`: verdicts change nothing (`apply: shadow`).
 * - `late`: no verdict came within the budget.
 * - `failed`: the classifier failed.
 * - `breaker_open`: the classifier failed repeatedly, so it is not asked for a while.
 * - `budget_used`: the calls or tokens of this hour are used up.
 */
export const verdictAbsences = ["not_awaited", "shadow", "late", "failed", "breaker_open", "budget_used"] as const;
export type VerdictAbsence = (typeof verdictAbsences)[number];

/**
 * The classification of one episode of an alert. The ledger stores it with the alert, and every repeat, re-routing and added target
 * uses it. Only a new episode asks again.
 */
export interface Classification {
  /** When the episode was first routed, by the ledger's clock. Identifies the episode. */
  readonly atMs: number;
  /** The verdict that is used. */
  readonly verdict?: EpisodeVerdict;
  /** Why none is used. Absent: there is one, or it is still awaited. */
  readonly absent?: VerdictAbsence;
  /** A verdict that comes before this time is used. Present only until it came or the time passed. Ledger's clock, ms. */
  readonly untilMs?: number;
  /** A verdict that changed nothing: it came too late, or in shadow mode. For `explain` and the scorecard. */
  readonly unused?: EpisodeVerdict;
}
