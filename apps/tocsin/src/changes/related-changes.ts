import { type Alert, type Ledger, relatingLabels, type StoredChange } from "@tocsin/core";

/** Explanations show the related changes of this time before the alert began, ms. */
const explainedMs = 3_600_000;

/** Most related changes of an explanation. */
const maxExplained = 10;

/** Most related changes in the details of a page. */
const maxIncluded = 5;

export interface RelatedChanges {
  /** The related changes of the hour before an alert began. None for a change. */
  readonly before: (alert: Pick<Alert, "labels" | "startsAtMs">) => Promise<readonly StoredChange[]>;
  /** The related changes that a page lists: those of `spanMs` before the alert began. */
  readonly forPage: (alert: Pick<Alert, "labels" | "startsAtMs">, spanMs: number) => Promise<readonly StoredChange[]>;
}

/** @param matchLabels called for each query, because a reload may change them */
export function relatedChanges(
  ledger: Pick<Ledger, "relatedChanges">,
  matchLabels: () => readonly string[],
): RelatedChanges {
  const find = async ({ labels, startsAtMs }: Pick<Alert, "labels" | "startsAtMs">, spanMs: number, limit: number) => {
    if (!relatingLabels.some((name) => Object.hasOwn(labels, name)) || labels["change_event"] === "true") return [];
    return ledger.relatedChanges({
      labels,
      matchLabels: matchLabels(),
      fromMs: startsAtMs - spanMs,
      toMs: startsAtMs,
      limit,
    });
  };
  return {
    before: (alert) => find(alert, explainedMs, maxExplained),
    forPage: (alert, spanMs) => find(alert, spanMs, maxIncluded),
  };
}
