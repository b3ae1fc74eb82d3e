import type { AttemptAction, Urgency } from "../incidents/event.ts";
import { urgency } from "../incidents/event.ts";
import type { Incident, Member, Told, Wanted } from "../incidents/incident.ts";
import { moreSevere, type Severity, severityRank } from "../alerts/severity.ts";
import { contentRetriggerMs, firstGroupUpdateMs } from "../incidents/delivery-settings.ts";
import type { ReceiverTraits } from "../ports/publisher.ts";
import { incidentContent, membersIn, wordsIn } from "./content-hash.ts";

export interface DueTerms {
  /** The target is disabled or gone: it receives what ends its incidents, and nothing new. */
  readonly isOff?: boolean;
  readonly traits: ReceiverTraits;
  readonly retrigger: "never" | "severity" | "content";
  /** Whether a change of an incident's members is sent. */
  readonly groupUpdates: boolean;
  readonly pageResolved: "never" | "critical" | "always";
  /** Ms after the last attempt began until a reminder is due; 0 = never. */
  readonly remind: number;
  /** Ms without a confirmation until an alert is stale. */
  readonly staleAfter: number;
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
  if (incident.renew && wanted.status === "firing" && !terms.isOff) return renewalOf(told, terms.traits);
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

/**
 * PagerDuty sends no notification for a trigger while its incident is acknowledged, and an acknowledgement cannot be taken back.
 * So the old episode is resolved there; the next one follows, since the alert fires.
 */
const renewalOf = (told: Told, traits: ReceiverTraits): AttemptAction =>
  traits.acknowledges && (told.event === "acknowledge" || told.event === "resolve") ? "resolve" : "trigger";

/**
 * When to look whether the trigger of an open incident must be repeated although nothing else is due; null: never. Such a
 * repeat waits behind all other work.
 */
export function tellAgainAtMs(incident: Incident, terms: DueTerms): number | null {
  const atMs = Math.min(refreshAtMs(incident, terms) ?? never, confirmedRepeatAtMs(incident, terms) ?? never);
  return atMs === never ? null : atMs;
}

/**
 * When the trigger is repeated whether or not a source confirmed the alert; null: never. Either its text changed
 * (`retrigger: content`), or the receiver ends the alert by itself unless it is repeated: that would be a resolve which no
 * source sent, so it also holds for acknowledged and for unconfirmed alerts.
 */
export function refreshAtMs(incident: Incident, terms: DueTerms): number | null {
  const { wanted, told } = incident;
  if (told === null || !isOpen(incident)) return null;
  const changed = terms.retrigger === "content" && !wanted.acknowledged && saysOther(wanted, told);
  const waitMs = Math.min(changed ? contentRetriggerMs : never, (terms.traits.forgetsAfterMs ?? never) / 2);
  return waitMs === never ? null : sentAtMs(told) + waitMs;
}

/**
 * When the trigger is repeated if a source confirmed the alert lately (`isConfirmed`); null: never, or not before a source
 * confirms it. Either a reminder is due, or other members fire. In both cases people may be paged again, if somebody resolved
 * the incident at the receiver.
 */
export function confirmedRepeatAtMs(incident: Incident, terms: DueTerms): number | null {
  const { wanted, told, unconfirmed } = incident;
  if (told === null || !isOpen(incident) || unconfirmed) return null;
  const waitMs = Math.min(
    terms.remind > 0 && !wanted.acknowledged ? terms.remind : never,
    terms.groupUpdates ? groupUpdateMs(wanted, told) : never,
  );
  return waitMs === never ? null : sentAtMs(told) + waitMs;
}

/** Whether a source confirmed an alert, last at `confirmedAtMs`, lately enough to page people again. */
export const isConfirmed = (confirmedAtMs: number, { remind, staleAfter }: DueTerms, nowMs: number): boolean =>
  nowMs - confirmedAtMs < Math.min(remind > 0 ? remind / 2 : never, staleAfter);

const never = Number.POSITIVE_INFINITY;

const isOpen = ({ kind, wanted }: Incident): boolean => kind === "alert" && wanted.status === "firing";

/** When the attempt behind `told` began. */
const sentAtMs = ({ sinceMs, atMs }: Told): number => sinceMs ?? atMs;

/** What was told before anybody asked for its words is not known to differ. */
function saysOther(wanted: Wanted, told: Told): boolean {
  const [now, before] = [wordsIn(wanted.content), wordsIn(told.content)];
  return now !== undefined && before !== undefined && now !== before;
}

/** A person who acknowledged the incident has not seen an alert that joined it since, so an acknowledgement does not matter. */
function groupUpdateMs(wanted: Wanted, told: Told): number {
  const [now, before] = [membersIn(wanted.content), membersIn(told.content)];
  if (now === before) return never;
  return before === undefined ? firstGroupUpdateMs : contentRetriggerMs;
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
  const content = incidentContent(lead, members);
  return {
    status,
    acknowledged,
    severity,
    summary: lead.summary,
    ...(content === undefined ? {} : { content }),
    atMs: changed ? nowMs : before.atMs,
  };
}
