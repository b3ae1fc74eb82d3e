import type { AttemptAction, Urgency } from "../model/event.ts";
import { urgency } from "../model/event.ts";
import type { Incident, Member, Told, Wanted } from "../model/incident.ts";
import { moreSevere, type Severity, severityRank } from "../model/severity.ts";
import type { ReceiverTraits } from "../ports/publisher.ts";

export interface DueTerms {
  readonly traits: ReceiverTraits;
  readonly retrigger: "never" | "severity" | "content";
  readonly pageResolved: "never" | "critical" | "always";
  /** Ms after the last event until the trigger is repeated; 0 = never. */
  readonly remind: number;
  /** Ms after acceptance until an untold critical is told to the fallback too; absent: there is none. */
  readonly fallbackAfterMs?: number;
}

/** What the target must be told to make told equal wanted; null: they are equal. The heart of convergence. */
export function nextAction(incident: Incident, terms: DueTerms): AttemptAction | null {
  const { wanted, told } = incident;
  if (incident.checkKey) return "check";
  if (incident.kind === "change") return told?.certain ? null : "change";
  if (told === null) {
    if (wanted.status === "firing") return "trigger";
    if (incident.adopted) return "resolve";
    return pagesResolved(wanted.severity, terms.pageResolved) ? "trigger" : null;
  }
  if (incident.repeat && told.certain) return repeatOf(wanted, told);
  if (wanted.status === "resolved") {
    if (told.event === "resolve" && told.certain) return null;
    const doubtful = !incident.opened && told.event === "trigger" && !told.certain;
    return doubtful && !terms.traits.dropsUnknownResolves ? "trigger" : "resolve";
  }
  if (told.event === "resolve") return told.certain ? null : "trigger";
  if (told.event === "trigger" && !told.certain) return "trigger";
  if (terms.retrigger !== "never" && severityRank(wanted.severity) < severityRank(told.severity)) return "trigger";
  if (wanted.acknowledged && terms.traits.acknowledges && !(told.event === "acknowledge" && told.certain))
    return "acknowledge";
  return null;
}

/**
 * What undoes the harm of a late request. The end is final, so it alone is said of what is over. A late resolve may have
 * closed what was acknowledged, and an acknowledge of something closed is dropped: its trigger goes first.
 */
const repeatOf = (wanted: Wanted, told: Told): AttemptAction =>
  wanted.status === "resolved" || told.event === "resolve" ? "resolve" : "trigger";

/** When what is told is to be repeated, for people as a reminder or for a receiver that forgets; null: never. */
export function remindAtMs({ kind, wanted, told }: Incident, { remind, traits }: DueTerms): number | null {
  // A shadow reminds nobody.
  if (kind !== "alert" || wanted.status !== "firing" || told === null || told.shadow) return null;
  const forPeople = remind > 0 && !wanted.acknowledged ? remind : Number.POSITIVE_INFINITY;
  const waitMs = Math.min(forPeople, (traits.forgetsAfterMs ?? Number.POSITIVE_INFINITY) / 2);
  return waitMs === Number.POSITIVE_INFINITY ? null : told.atMs + waitMs;
}

/** When the fallback hears of it; null: never. A critical counts as untold until a trigger was certainly accepted. */
export const fallbackDueAtMs = (incident: Incident, terms: DueTerms): number | null =>
  terms.fallbackAfterMs !== undefined &&
  incident.kind === "alert" &&
  incident.wanted.status === "firing" &&
  incident.wanted.severity === "critical" &&
  incident.state !== "not_told" &&
  !incident.opened &&
  !incident.fellBack
    ? incident.acceptedAtMs + terms.fallbackAfterMs
    : null;

const pagesResolved = (severity: Severity, policy: DueTerms["pageResolved"]): boolean =>
  policy === "always" || (policy === "critical" && severity === "critical");

const triggerUrgency: Record<Severity, Urgency> = {
  critical: urgency.criticalTrigger,
  error: urgency.errorTrigger,
  warning: urgency.warningTrigger,
  info: urgency.infoTrigger,
};

export function urgencyOf(incident: Incident, action: AttemptAction): Urgency {
  switch (action) {
    case "change":
      return urgency.change;
    case "resolve":
    case "acknowledge":
      if (incident.adopted && incident.told === null) return urgency.reminder;
      return (incident.told?.severity ?? incident.wanted.severity) === "critical"
        ? urgency.criticalFollowUp
        : urgency.followUp;
    case "trigger":
    case "check":
      return triggerUrgency[incident.wanted.severity];
  }
}

/** The member whose text is shown: the oldest that fires, else the oldest. */
export function leadingMember(members: readonly Member[]): Member {
  let lead: Member | undefined;
  for (const member of members) {
    const firing = member.status === "firing";
    if (!lead || (firing && lead.status !== "firing") || (firing === (lead.status === "firing") && older(member, lead)))
      lead = member;
  }
  if (!lead) throw new Error("an incident has at least one member");
  return lead;
}

const older = (a: Member, b: Member): boolean =>
  a.startsAtMs < b.startsAtMs || (a.startsAtMs === b.startsAtMs && a.fingerprint < b.fingerprint);

/** What the members together want: firing while any fires, as severe as the most severe that fires. */
export function wantedBy(members: readonly Member[], before: Wanted | null, nowMs: number): Wanted {
  const firing = members.filter((member) => member.status === "firing");
  const lead = leadingMember(members);
  const severity =
    firing.length === 0 ? (before?.severity ?? lead.severity) : firing.map((m) => m.severity).reduce(moreSevere);
  const status = firing.length === 0 ? "resolved" : "firing";
  // A person's acknowledgement holds for what the person saw: a worse problem is a new one.
  const acknowledged =
    before !== null && before.acknowledged && severityRank(severity) >= severityRank(before.severity);
  const changed =
    before === null || before.status !== status || before.severity !== severity || before.acknowledged !== acknowledged;
  return { status, acknowledged, severity, summary: lead.summary, atMs: changed ? nowMs : before.atMs };
}
