/** PagerDuty's own limit, https://developer.pagerduty.com/docs/send-alert-event. It counts code points. */
export const maxSummaryCodePoints = 1024;

const ellipsis = "…";

/**
 * Fits a summary into PagerDuty's 1,024 code points: a longer one is cut at the last whole character (grapheme cluster,
 * so no half flag, family or accent) and ends with "…". Lone surrogates become U+FFFD.
 *
 * An empty summary stays empty, though PagerDuty refuses it: what stands in for it is for the caller to say.
 *
 * @example
 * fitSummary("x".repeat(2000)); // 1,023 times "x" and "…"
 */
export function fitSummary(text: string): string {
  return cutText(text, maxSummaryCodePoints);
}

/** The first `most` code points of a text, its last one "…" where something was cut. */
export function cutText(text: string, most: number): string {
  // A code point is one or two UTF-16 units: a short text needs no counting.
  if (text.length <= most) return text.toWellFormed();
  const cut = codePointIndex(text, most - 1);
  const end = codePointIndex(text, 1, cut);
  if (end >= text.length) return text.toWellFormed();
  // Whether a grapheme ends at `cut` depends on what is before it and on the one code point after it, no more.
  const boundary = graphemeStart(text.slice(0, end), cut);
  // One grapheme alone may be longer than the limit (stacked accents). Then half of it says more than nothing.
  return text.slice(0, boundary || cut).toWellFormed() + ellipsis;
}

/** True when the text has at most this many code points. */
export function fitsCodePoints(text: string, most: number): boolean {
  return text.length <= most || codePointIndex(text, most) >= text.length;
}

/** The UTF-16 index `count` code points after `from`, or past the end. */
function codePointIndex(text: string, count: number, from = 0): number {
  let index = from;
  for (let i = 0; i < count && index < text.length; i++) index += text.codePointAt(index)! > 0xffff ? 2 : 1;
  return index;
}

let graphemes: Intl.Segmenter | undefined;

/** Where the grapheme cluster that holds this index starts. */
function graphemeStart(text: string, index: number): number {
  graphemes ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return graphemes.segment(text).containing(index)!.index;
}
