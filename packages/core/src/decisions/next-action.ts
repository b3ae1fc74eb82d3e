import type { AttemptAction } from "../incidents/event.ts";
import type { Incident, Told, Wanted } from "../incidents/incident.ts";
import { type Severity, severityRank } from "../alerts/severity.ts";
import type { ReceiverTraits } from "../ports/publisher.ts";

export interface DueTerms {
  /** The target is disabled or was removed: it still receives resolves for its incidents, and nothing new. */
  readonly isOff?: boolean;
  readonly traits: ReceiverTraits;
  readonly retrigger: "never" | "severity" | "content";
  /** Whether a change of an incident's members is sent. */
  readonly groupUpdates: boolean;
  readonly pageResolved: "never" | "critical" | "always";
  /** Ms after the last attempt began until a reminder is due; 0 = never. */
  readonly remind: number;
  /** Ms without a confirmation after which an alert is stale. */
  readonly staleAfter: number;
  /** Ms from acceptance until an undelivered critical is also sent to the fallback; absent: there is no fallback. */
  readonly fallbackAfterMs?: number;
  /** Ms from the acceptance of a critical by its receiver until the receiver must have confirmed it; absent: it need not. */
  readonly confirmWithinMs?: number;
}

/**
 * The next event that makes the delivered state (`told`) equal to the desired state (`wanted`); null: they are equal. All
 * deliveries follow from this decision.
 */
export function nextAction(incident: Incident, terms: DueTerms): AttemptAction | null {
  const { wanted, told } = incident;
  if (incident.checkKey) return "check";
  if (incident.kind === "change") return told?.certain ? null : "change";
  if (told === null) {
    if (wanted.status === "firing") return "trigger";
    if (incident.adopted) return "resolve";
    return pagesResolved(wanted.severity, terms.pageResolved) ? "trigger" : null;
  }
  if (incident.renew && wanted.status === "firing" && !terms.isOff) return renewalOf(told, terms.traits);
  if (incident.repeat && told.certain) return repeatOf(wanted, told);
  if (wanted.status === "resolved") {
    if (told.event === "resolve" && told.certain) return null;
    const doubtful = !incident.opened && told.event === "trigger" && !told.certain;
    return doubtful && !terms.traits.dropsUnknownResolves ? "trigger" : "resolve";
  }
  // Resolved there, by us with an unknown result or by a person whose resolve does not count any more.
  if (told.event === "resolve") return "trigger";
  if (told.event === "trigger" && !told.certain) return "trigger";
  if (terms.retrigger !== "never" && severityRank(wanted.severity) < severityRank(told.severity)) return "trigger";
  if (wanted.acknowledged && terms.traits.acknowledges && !(told.event === "acknowledge" && told.certain))
    return "acknowledge";
  return null;
}

/**
 * The event that repairs the effect of a late request. A resolve is final, so only the resolve is repeated for an incident that
 * is over. A late resolve may have closed an acknowledged incident, and the receiver drops an acknowledge of a closed one. So the
 * trigger is sent first.
 */
const repeatOf = (wanted: Wanted, told: Told): AttemptAction =>
  wanted.status === "resolved" || told.event === "resolve" ? "resolve" : "trigger";

/**
 * PagerDuty sends no notification for a trigger while its incident is acknowledged, and an acknowledgement cannot be undone.
 * So the old episode is resolved first. The trigger of the new one follows, since the alert fires.
 */
const renewalOf = (told: Told, traits: ReceiverTraits): AttemptAction =>
  traits.acknowledges && (told.event === "acknowledge" || told.event === "resolve") ? "resolve" : "trigger";

const pagesResolved = (severity: Severity, policy: DueTerms["pageResolved"]): boolean =>
  policy === "always" || (policy === "critical" && severity === "critical");
