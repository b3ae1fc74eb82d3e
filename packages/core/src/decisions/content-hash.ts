import type { Labels } from "../alerts/labels.ts";
import type { Member } from "../incidents/incident.ts";
import { alertFingerprint } from "../alerts/fingerprint.ts";

/** Hash of an alert's text, which is its summary and annotations. Equal texts have the same 16 hex digits. */
export const contentHash = (summary: string, annotations: Labels): string =>
  alertFingerprint({ ...annotations, "": summary });

/**
 * The content hash of an incident. It covers the text of its leading alert, if changed text is tracked, and the members that
 * fire, unless only the first member fires.
 *
 * ```
 *   undefined           only the first member fires
 *   9266ef3da838ad95    the same, with its text
 *   +cbf29ce484222325   several members fire, or another one than the first
 *   9266ef3da838ad95+cbf29ce484222325
 * ```
 */
export function incidentContentHash(lead: Member, members: readonly Member[]): string | undefined {
  if (members.length < 2) return lead.content;
  const firing = members.flatMap(({ status, fingerprint }) => (status === "firing" ? [fingerprint] : []));
  if (firing.length === 1 && firing[0] === members[0]?.fingerprint) return lead.content;
  return `${lead.content ?? ""}${separator}${alertFingerprint({ "": firing.join() })}`;
}

const separator = "+";

export const textHashIn = (content: string | undefined): string | undefined =>
  content?.split(separator)[0] || undefined;

/** Undefined: only the first member fires. */
export const memberHashIn = (content: string | undefined): string | undefined => content?.split(separator)[1];
