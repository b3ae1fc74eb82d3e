import type { Labels } from "../alerts/labels.ts";
import { type Change, labelsOfChange } from "../changes/change.ts";

/** A change is related only if it has one of these labels with the alert's value. The ledger finds changes by them. */
export const relatingLabels = ["service", "app"] as const;

export interface RelatedTerms {
  /** The labels of the alert. */
  readonly labels: Labels;
  /** None of these labels may differ. A label that one side lacks does not differ. */
  readonly matchLabels: readonly string[];
  readonly limit: number;
}

/** The changes that are related to an alert: those with the most equal labels of `matchLabels` first, then the newest. */
export function relatedChanges<T extends { readonly change: Change }>(
  candidates: readonly T[],
  { labels, matchLabels, limit }: RelatedTerms,
): T[] {
  return candidates
    .map((candidate) => ({ candidate, equal: equalLabels(labels, labelsOfChange(candidate.change), matchLabels) }))
    .filter(({ equal }) => equal !== undefined)
    .toSorted(
      (a, b) => (b.equal ?? 0) - (a.equal ?? 0) || b.candidate.change.timestampMs - a.candidate.change.timestampMs,
    )
    .slice(0, limit)
    .map(({ candidate }) => candidate);
}

/** How many labels are equal; undefined: the change is not related. */
function equalLabels(alert: Labels, change: Labels, names: readonly string[]): number | undefined {
  if (!relatingLabels.some((name) => isIn(alert, name) && alert[name] === change[name])) return undefined;
  let equal = 0;
  for (const name of names) {
    if (!isIn(alert, name) || !isIn(change, name)) continue;
    if (alert[name] !== change[name]) return undefined;
    equal++;
  }
  return equal;
}

/** An empty label counts as a missing one, as in Prometheus. */
const isIn = (labels: Labels, name: string): boolean => Object.hasOwn(labels, name) && labels[name] !== "";
