import type { Labels } from "../alerts/alert.ts";
import type { Member } from "../incidents/incident.ts";
import { alertFingerprint } from "../alerts/fingerprint.ts";

/** Stands for the words that are shown of an alert, summary and annotations: the same words, the same 16 hex digits. */
export const contentHash = (summary: string, annotations: Labels): string =>
  alertFingerprint({ ...annotations, "": summary });

/**
 * The content of an incident: the words of its leading alert, if they are tracked, and which members fire, unless it is
 * the first one alone.
 *
 * ```
 *   undefined           the first member fires
 *   9266ef3da838ad95    the same, with its words
 *   +cbf29ce484222325   several members fire, or another one
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

export const wordsIn = (content: string | undefined): string | undefined => content?.split(separator)[0] || undefined;

/** Undefined: the first member alone. */
export const membersIn = (content: string | undefined): string | undefined => content?.split(separator)[1];
