import type { OldIncident } from "./old-incident.ts";
import type { Page } from "./page.ts";
import { pageWordsOf, titleSimilarity, wordsOf } from "./title-similarity.ts";

/** A page and an incident of the old path that are about the same problem. */
export interface Match {
  readonly page: Page;
  readonly old: OldIncident;
  readonly by: "key" | "title";
  /** 0 to 1; 1 for a match by key. */
  readonly similarity: number;
  /** Names of what would match as well, so that this match is a guess. Empty: it is clear. */
  readonly ambiguousWith: readonly string[];
}

/** A page or an old incident without a partner. */
export interface Unmatched<One> {
  readonly one: One;
  /** Partners that would match, but belong to another match, as when one path groups alerts. */
  readonly perhaps: readonly string[];
}

export interface Comparison {
  readonly both: readonly Match[];
  readonly onlyOld: readonly Unmatched<OldIncident>[];
  readonly onlyTocsin: readonly Unmatched<Page>[];
}

/** Less similar titles are no match. */
export const minSimilarity = 0.6;

/** Two candidates whose similarity and whose distance in time differ by less than this are equally good. */
const tie = { similarity: 0.1, ms: 60_000 } as const;

/** The old incidents nearest in time that one page is compared with. */
const maxCandidates = 100;

/** Names of rivals that a match lists. */
const maxNamed = 5;

interface Candidate {
  readonly page: Page;
  readonly old: OldIncident;
  readonly by: "key" | "title";
  readonly similarity: number;
  /** Time between both triggers, ms. */
  readonly apartMs: number;
}

/**
 * Finds for each page at most one incident of the old path, and the reverse: by dedup key first, then by the most similar title, then by
 * the nearest time. Only incidents that began within `windowMs` of each other can match; by key also a page that began
 * while the old incident was open.
 */
export function comparePages(pages: readonly Page[], olds: readonly OldIncident[], windowMs: number): Comparison {
  const candidates = candidatesOf(pages, olds, windowMs).toSorted(
    (a, b) =>
      Number(a.by === "title") - Number(b.by === "title") || b.similarity - a.similarity || a.apartMs - b.apartMs,
  );
  const [ofPage, ofOld] = [groupBy(candidates, ({ page }) => page), groupBy(candidates, ({ old }) => old)];
  const matchOf = new Map<Page, Match>();
  const usedOlds = new Set<OldIncident>();
  for (const candidate of candidates) {
    const { page, old, by, similarity } = candidate;
    if (matchOf.has(page) || usedOlds.has(old)) continue;
    const rivals = [
      ...(ofPage.get(page) ?? []).filter((one) => !usedOlds.has(one.old) && isTie(one, candidate)).map(nameOfOld),
      ...(ofOld.get(old) ?? []).filter((one) => !matchOf.has(one.page) && isTie(one, candidate)).map(nameOfPage),
    ];
    matchOf.set(page, { page, old, by, similarity, ambiguousWith: rivals.slice(0, maxNamed) });
    usedOlds.add(old);
  }
  return {
    both: pages.flatMap((page) => matchOf.get(page) ?? []),
    onlyOld: olds.filter((old) => !usedOlds.has(old)).map((old) => unmatched(old, ofOld.get(old), nameOfPage)),
    onlyTocsin: pages.filter((page) => !matchOf.has(page)).map((page) => unmatched(page, ofPage.get(page), nameOfOld)),
  };
}

const unmatched = <One>(
  one: One,
  candidates: readonly Candidate[] = [],
  nameOf: (candidate: Candidate) => string,
): Unmatched<One> => ({ one, perhaps: candidates.slice(0, maxNamed).map(nameOf) });

const nameOfOld = ({ old }: Candidate): string => old.name;
const nameOfPage = ({ page }: Candidate): string => `incident ${page.incident}`;

/** Whether another candidate is as good. A key decides. */
const isTie = (one: Candidate, chosen: Candidate): boolean =>
  one !== chosen &&
  one.by === chosen.by &&
  Math.abs(one.similarity - chosen.similarity) < tie.similarity &&
  Math.abs(one.apartMs - chosen.apartMs) < tie.ms;

function candidatesOf(pages: readonly Page[], olds: readonly OldIncident[], windowMs: number): Candidate[] {
  const sorted = olds
    .map((old) => ({ old, words: wordsOf(old.title) }))
    .toSorted((a, b) => a.old.createdAtMs - b.old.createdAtMs);
  const byKey = groupBy(
    olds.filter(({ key }) => key !== undefined),
    ({ key }) => key,
  );
  return pages.flatMap((page) => {
    const atMs = Date.parse(page.triggeredAt);
    const words = pageWordsOf(page);
    const apart = ({ createdAtMs }: OldIncident) => Math.abs(createdAtMs - atMs);
    const sameKey = (byKey.get(page.dedupKey) ?? []).filter(
      (old) => apart(old) <= windowMs || (old.createdAtMs <= atMs && atMs <= (old.resolvedAtMs ?? -Infinity)),
    );
    const keyed = sameKey.map((old): Candidate => ({ page, old, by: "key", similarity: 1, apartMs: apart(old) }));
    const near = nearest(sorted, atMs, windowMs).flatMap(({ old, words: title }): Candidate[] => {
      if (sameKey.includes(old)) return [];
      const similarity = titleSimilarity(title, words);
      return similarity < minSimilarity ? [] : [{ page, old, by: "title", similarity, apartMs: apart(old) }];
    });
    return [...keyed, ...near];
  });
}

/** Entries that began within the window, at most `maxCandidates`, the nearest ones. */
function nearest<Entry extends { readonly old: OldIncident }>(
  sorted: readonly Entry[],
  atMs: number,
  windowMs: number,
): readonly Entry[] {
  const begin = firstAt(sorted, atMs - windowMs);
  const end = firstAt(sorted, atMs + windowMs + 1);
  if (end - begin <= maxCandidates) return sorted.slice(begin, end);
  const from = Math.max(begin, Math.min(firstAt(sorted, atMs) - maxCandidates / 2, end - maxCandidates));
  return sorted.slice(from, from + maxCandidates);
}

/** Index of the first entry that began at this time or later. */
function firstAt(sorted: readonly { readonly old: OldIncident }[], atMs: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]!.old.createdAtMs < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function groupBy<One, Key>(all: readonly One[], keyOf: (one: One) => Key): Map<Key, One[]> {
  const groups = new Map<Key, One[]>();
  for (const one of all) {
    const key = keyOf(one);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return groups;
}
