// The one thing that core takes from Node: a hash is a pure function, and writing SHA-256 by hand serves nobody.
import { createHash } from "node:crypto";
import type { Alert } from "../alerts/alert.ts";
import { isBlank } from "../schema/is-blank.ts";
import { alertFingerprint } from "../alerts/fingerprint.ts";

/** PagerDuty: "The maximum permitted length of this property is 255 characters." */
const maxDedupKeyCharacters = 255;

/** A key as the receiver takes it: over 255 characters its SHA-256 in hex, so that a long key still means the same. */
export function fitDedupKey(key: string): string {
  const text = key.toWellFormed();
  if (text.length <= maxDedupKeyCharacters || Array.from(text).length <= maxDedupKeyCharacters) return text;
  return createHash("sha256").update(text).digest("hex");
}

/** The key of an alert by itself. A blank one would make PagerDuty invent another for each event. */
export function ownKey(alert: Alert): string {
  return fitDedupKey(isBlank(alert.fingerprint) ? alertFingerprint(alert.labels) : alert.fingerprint);
}

/**
 * The key of the incident that an alert belongs to when alerts are grouped by labels: the same for every target that
 * groups by the same labels, whatever order they are written in. A missing label counts as an empty text.
 */
export function groupKey(alert: Alert, groupBy: readonly string[]): string {
  if (groupBy.includes("...")) return ownKey(alert);
  const group = Object.fromEntries(groupBy.map((name) => [name, labelOf(alert, name)]));
  return `group-${alertFingerprint(group)}`;
}

const labelOf = (alert: Alert, name: string): string => (Object.hasOwn(alert.labels, name) ? alert.labels[name]! : "");
