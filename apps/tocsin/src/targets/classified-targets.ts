import { formatDuration, type Target } from "@tocsin/core";
import type { ClassificationSettings } from "../classification/classification-settings.ts";
import type { ResolvedTarget } from "./resolved-target.ts";
import { issuePath } from "./target-definition.ts";

/** How alerts are classified. `none`: they are not. */
export type TargetClassification = Pick<ClassificationSettings, "budgetMs"> | "none";

/** Adds warnings to targets whose options do not fit to how alerts are classified. */
export function classifiedTargets(
  all: readonly ResolvedTarget[],
  classification: TargetClassification,
): ResolvedTarget[] {
  return all.map((entry) => {
    const { target, fallback, place } = entry;
    if (target === undefined) return entry;
    const found =
      classification === "none" ? unused(target) : fallback === undefined ? [] : tooLate(target, classification);
    if (found.length === 0) return entry;
    const warnings = found.map(([key, message]) => ({ path: issuePath(place, key), message }));
    return { ...entry, warnings: [...entry.warnings, ...warnings] };
  });
}

type Finding = readonly [key: string, message: string];

const noEffect = "has no effect: `classification.provider` is `none`, so no alert is classified";

function unused({ excludeNoise, minConfidence, waitsForClassification }: Target): Finding[] {
  const used = {
    "filters.exclude_noise": excludeNoise,
    "filters.min_confidence": minConfidence !== undefined,
    wait_for_classification: waitsForClassification,
  };
  return Object.entries(used).flatMap(([key, isUsed]): Finding[] => (isUsed ? [[key, noEffect]] : []));
}

/** Only criticals go to the fallback, but a verdict may make any alert one. */
function tooLate({ fallbackAfterMs }: Target, { budgetMs }: Exclude<TargetClassification, "none">): Finding[] {
  if (fallbackAfterMs > budgetMs) return [];
  const budget = `\`classification.budget\` (${formatDuration(budgetMs)})`;
  return [["fallback_after", `is not longer than ${budget}: pages to this target do not wait for a verdict`]];
}
