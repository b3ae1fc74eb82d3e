import { type Severity, severityRank } from "@tocsin/core";
import type { Finding } from "./condition.ts";
import { type ConditionName, conditionNames, conditionOf } from "./conditions.ts";
import type { HealthViews } from "./health-views.ts";

/** A current problem: a condition that applies to an object. */
export interface Problem extends Finding {
  readonly condition: ConditionName;
  readonly severity: Severity;
  readonly fix: string;
}

/** Returns the current problems, the most urgent first. Pure. */
export function problemsIn(views: HealthViews): Problem[] {
  const problems = conditionNames.flatMap((condition) => {
    const { severity, fix, find } = conditionOf(condition);
    return find(views).map((finding): Problem => ({ condition, severity, fix, ...finding }));
  });
  // The sort is stable: problems of one severity keep the order of the conditions.
  return problems.toSorted((a, b) => severityRank(a.severity) - severityRank(b.severity));
}
