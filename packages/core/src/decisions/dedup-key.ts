// The only Node module in core. A hash is a pure function, and our own SHA-256 would have no benefit.
import { createHash } from "node:crypto";
import type { Alert } from "../alerts/alert.ts";
import { type Change, changeFingerprints } from "../changes/change.ts";
import { isBlank } from "../schema/is-blank.ts";
import { alertFingerprint } from "../alerts/fingerprint.ts";

/** PagerDuty: "The maximum permitted length of this property is 255 characters." */
const maxDedupKeyCharacters = 255;

/** A key that the receiver accepts: a key over 255 characters becomes its SHA-256 in hex, so equal keys stay equal. */
export function fitDedupKey(key: string): string {
  const text = key.toWellFormed();
  if (text.length <= maxDedupKeyCharacters || Array.from(text).length <= maxDedupKeyCharacters) return text;
  return createHash("sha256").update(text).digest("hex");
}

/** The dedup key of an alert that is not grouped. With a blank key, PagerDuty would invent a new one for each event. */
export function ownKey(alert: Alert): string {
  return fitDedupKey(isBlank(alert.fingerprint) ? alertFingerprint(alert.labels) : alert.fingerprint);
}

/** The identity of a change in the ledger: its fingerprint and its dedup key. */
export function changeFingerprint({ origin, id }: Pick<Change, "origin" | "id">): string {
  const digest = createHash("sha256")
    .update(JSON.stringify([origin, id]))
    .digest("hex");
  return changeFingerprints.prefix + digest.slice(0, 32);
}

/**
 * The dedup key of an alert whose target groups alerts by labels. All targets that group by the same labels get the same key, in
 * any order of the labels. A missing label counts as an empty text.
 */
export function groupKey(alert: Alert, groupBy: readonly string[]): string {
  if (groupBy.includes("...")) return ownKey(alert);
  const group = Object.fromEntries(groupBy.map((name) => [name, labelOf(alert, name)]));
  return `group-${alertFingerprint(group)}`;
}

const labelOf = (alert: Alert, name: string): string => (Object.hasOwn(alert.labels, name) ? alert.labels[name]! : "");
