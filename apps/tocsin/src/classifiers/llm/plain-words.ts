import { cutCodePoints } from "@tocsin/core";

/** Schemes, and host names with a path or `www.`: no address that a model wrote may be shown, because people click on it. */
const address =
  /\b[a-z][a-z0-9+.-]{1,30}:\/{1,2}\S+|\b(?:mailto|tel|javascript|data):\S+|\bwww\.\S+|\b(?:[a-z0-9-]{1,63}\.){1,10}[a-z]{2,24}\/\S*/gi;

/** Control characters, bidirectional marks, and characters without width. */
// eslint-disable-next-line no-control-regex
const unseen = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** More of a text is never looked at: the longest text that is shown has 500 code points. */
const maxRead = 10_000;

/** Makes a model's text safe to show: one line, no address, no invisible character, at most `max` code points. */
export function plainWords(text: string, max: number): string {
  const seen = text
    .slice(0, maxRead)
    .replaceAll(/\s+/g, " ")
    .replaceAll(unseen, "")
    .replaceAll(address, "[link removed]")
    .trim();
  return cutCodePoints(seen, max);
}
