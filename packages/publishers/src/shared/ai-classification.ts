import { cutCodePoints, type Notification, type VerdictSeverity } from "@tocsin/core";

/** A classification in the details of a page, with the documented keys and no others. */
export interface AiClassification {
  readonly severity: VerdictSeverity;
  /** 0 to 1. */
  readonly confidence: number;
  readonly reasoning: string;
  readonly recommendations: readonly string[];
  /** The model; for a verdict of the rules `rules/` and the name of the rule. */
  readonly model: string;
  /** The rules gave it, because the model gave none in time. */
  readonly fallback: boolean;
}

/** Code points, and the number of recommendations. Classifiers keep to shorter texts; these bounds protect pages all the same. */
const most = { reasoning: 2_000, recommendations: 10, recommendation: 500, name: 200 };

/** The texts are untrusted: a model wrote them, perhaps as an alert told it to. */
export function aiClassificationOf(given: NonNullable<Notification["classification"]>): AiClassification {
  const { severity, confidence, reasoning, recommendations, model, provider, fallback } = given;
  return {
    severity,
    confidence,
    reasoning: fitted(reasoning, most.reasoning),
    recommendations: recommendations.slice(0, most.recommendations).map((text) => fitted(text, most.recommendation)),
    model: fitted(provider === "rules" ? `rules/${model}` : model, most.name),
    fallback: fallback === true,
  };
}

/** Control characters except line breaks and tabs: they are invisible, and many receivers refuse NUL. */
const controls = /[^\P{Cc}\n\t]/gu;

const fitted = (text: string, codePoints: number): string =>
  cutCodePoints(text.slice(0, 2 * codePoints + 2).replace(controls, " "), codePoints);
