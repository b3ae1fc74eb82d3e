import type { Page } from "./page.ts";

/** The words of a title, without the state that Alertmanager writes before it (`[FIRING:2]`). */
export const wordsOf = (text: string): ReadonlySet<string> =>
  new Set(
    text
      .toLowerCase()
      .replace(/^\s*\[(?:firing|resolved)(?::\d+)?\]/, "")
      .match(/[\p{L}\p{N}]+/gu),
  );

/** The words of a page that a title may have. */
export interface PageWords {
  readonly alertName: ReadonlySet<string>;
  readonly summary: ReadonlySet<string>;
  /** Those of the summary and of all labels. */
  readonly all: ReadonlySet<string>;
}

export const pageWordsOf = ({
  alertName,
  summary,
  labels,
}: Pick<Page, "alertName" | "summary" | "labels">): PageWords => ({
  alertName: wordsOf(alertName),
  summary: wordsOf(summary),
  all: new Set([...wordsOf(summary), ...Object.values(labels).flatMap((value) => [...wordsOf(value)])]),
});

/**
 * 0 to 1: how much a title is like a page. The better of two comparisons: the words that title and summary share, and, if
 * the title has the name of the alert, the share of its words that the page has anywhere. The second is for Alertmanager's default
 * title, which is made of labels.
 */
export function titleSimilarity(title: ReadonlySet<string>, page: PageWords): number {
  if (title.size === 0) return 0;
  const { alertName, summary, all } = page;
  const dice = (2 * sharedBy(title, summary)) / (title.size + summary.size);
  const hasName = alertName.size > 0 && sharedBy(alertName, title) === alertName.size;
  return hasName ? Math.max(dice, sharedBy(title, all) / title.size) : dice;
}

function sharedBy(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let count = 0;
  for (const word of a) if (b.has(word)) count++;
  return count;
}
