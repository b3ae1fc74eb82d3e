import { sha256 } from "./sha256.ts";
import { fitsCodePoints } from "./fit-summary.ts";

/** https://developer.pagerduty.com/docs/send-alert-event: "The maximum permitted length of this property is 255 characters." */
export const maxDedupKeyCharacters = 255;

/**
 * Returns a key of at most 255 characters as it is. A longer key becomes its SHA-256 in hex, so that the same long key still
 * names the same alert. Lone surrogates become U+FFFD.
 *
 * @example
 * fitDedupKey("srv01/mysql"); // "srv01/mysql"
 */
export function fitDedupKey(key: string): string {
  const text = key.toWellFormed();
  return fitsCodePoints(text, maxDedupKeyCharacters) ? text : sha256(text);
}
