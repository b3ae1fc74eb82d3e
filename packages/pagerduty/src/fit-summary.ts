/** PagerDuty's own limit, https://developer.pagerduty.com/docs/send-alert-event. It counts code points. */
export const maxSummaryCodePoints = 1024;

const ellipsis = "…";

/**
 * Fits a summary into PagerDuty's 1,024 code points: a longer one is cut at the last whole character (grapheme cluster,
 * so no half flag, family or accent) and ends with "…". Lone surrogates become U+FFFD.
 *
 * An empty summary stays empty, although PagerDuty refuses it: the caller has to choose a text for it.
 *
 * @example
 * fitSummary("x".repeat(2000)); // 1,023 times "x" and "…"
 */
export function fitSummary(text: string): string {
  return cutText(text, maxSummaryCodePoints);
}

/** The first `maxCodePoints` code points of a text. If it was cut, the last one is "…". */
export function cutText(text: string, maxCodePoints: number): string {
  // A code point is one or two UTF-16 units: a short text needs no counting.
  if (text.length <= maxCodePoints) return text.toWellFormed();
  const cut = codePointIndex(text, maxCodePoints - 1);
  const end = codePointIndex(text, 1, cut);
  if (end >= text.length) return text.toWellFormed();
  // The text before `cut` and one code point after it decide whether a grapheme ends there.
  const boundary = graphemeStart(text.slice(0, end), cut);
  // One grapheme alone may be longer than the limit (stacked accents). Then a part of it is better than nothing.
  return text.slice(0, boundary || cut).toWellFormed() + ellipsis;
}

/** True when the text has at most this many code points. */
export function fitsCodePoints(text: string, maxCodePoints: number): boolean {
  return text.length <= maxCodePoints || codePointIndex(text, maxCodePoints) >= text.length;
}

/** The UTF-16 index `count` code points after `from`, or past the end. */
function codePointIndex(text: string, count: number, from = 0): number {
  let index = from;
  for (let i = 0; i < count && index < text.length; i++) index += text.codePointAt(index)! > 0xffff ? 2 : 1;
  return index;
}

let graphemes: Intl.Segmenter | undefined;

/** Start of the grapheme cluster that contains this index. */
function graphemeStart(text: string, index: number): number {
  graphemes ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return graphemes.segment(text).containing(index)!.index;
}
