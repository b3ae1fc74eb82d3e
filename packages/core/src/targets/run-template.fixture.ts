import { steppedLiquid, SteppedContext, StepBudget, stepsPerEvent } from "./stepped-liquid.ts";

const scope = {
  labels: { alertname: "DiskFull", low: "9007199254740992", high: "9007199254740996", words: "a b c a b c" },
  annotations: { long: "a".repeat(60_000), digits: "9".repeat(60_000) },
  metadata: { list: ["b", "a", "c"], deep: [{ name: "x", n: 1 }] },
};

/** Steps that a template takes, and its text. Undefined: the template failed. */
export function runTemplate(text: string): { steps: number; rendered: string | undefined } {
  const budget = new StepBudget();
  const context = new SteppedContext(scope, budget);
  let rendered: string | undefined;
  try {
    rendered = steppedLiquid.renderSync(steppedLiquid.parse(text), context) as string;
  } catch {
    // The template failed, or the budget is used up.
  }
  return { steps: stepsPerEvent - budget.left, rendered };
}
