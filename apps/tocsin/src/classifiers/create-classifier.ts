import type { Classifier } from "@tocsin/core";
import type { Transport } from "@tocsin/http";
import type { ClassificationSettings } from "../classification/classification-settings.ts";

export interface ClassifierParts {
  readonly transport: Pick<Transport, "post">;
  readonly version: string;
  /** Wall clock, ms. */
  readonly now: () => number;
}

/** Creates the classifier that the settings name. It loads only the code of that one. */
export async function createClassifier(
  { provider, rules, llm, redact }: Pick<ClassificationSettings, "provider" | "rules" | "llm" | "redact">,
  parts: ClassifierParts,
): Promise<Classifier> {
  if (provider === "rules" || llm === undefined) {
    const { RulesClassifier } = await import("./rules/rules-classifier.ts");
    return new RulesClassifier(rules);
  }
  const [{ openLlmClassifier }, { redactAlert }] = await Promise.all([
    import("./llm/llm-classifier.ts"),
    import("./redact/redact-alert.ts"),
  ]);
  return openLlmClassifier({ ...parts, settings: llm, redact: (alert) => redactAlert(alert, redact) });
}
