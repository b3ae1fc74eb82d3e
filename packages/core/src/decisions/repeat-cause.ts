import { severityRank } from "../alerts/severity.ts";
import type { AttemptAction, RepeatCause } from "../incidents/event.ts";
import type { Incident } from "../incidents/incident.ts";
import { memberHashIn, textHashIn } from "./content-hash.ts";

/** Why an incident gets one more event that its action alone does not explain. Undefined: it is new, or its last attempt is repeated. */
export function repeatCause({ wanted, told, repeat, renew }: Incident, action: AttemptAction): RepeatCause | undefined {
  if (told === null || action === "check") return undefined;
  if (repeat && told.certain) return "repair";
  if (action !== "trigger" || !told.certain) return undefined;
  if (renew) return "episode";
  if (severityRank(wanted.severity) < severityRank(told.severity)) return "severity";
  const [text, sentText] = [textHashIn(wanted.content), textHashIn(told.content)];
  if (text !== undefined && sentText !== undefined && text !== sentText) return "text";
  return memberHashIn(wanted.content) === memberHashIn(told.content) ? "reminder" : "members";
}
