import { deriveState, type Incident, type Member, type Route, withoutHold } from "@tocsin/core/decisions";
import { withWait } from "./verdict-deadline.ts";
import { groupMember, sameMembers, sameWanted, withMembers, withMember } from "./group-members.ts";
import type { LedgerContext } from "./ledger-context.ts";
import { markNotTold, restsNotTold } from "./mark-not-told.ts";
import { scheduleReminder, stillUnconfirmed } from "./reminders.ts";
import type { AlertRecord } from "./store.ts";

/** The kind of a firing. Neither: it only confirms that the alert still fires. */
export interface Firing {
  /** It begins an episode of the alert. */
  readonly begins: boolean;
  /** The end of the previous episode got lost. */
  readonly endLost: boolean;
  /** It did not come from a source: a verdict about the alert arrived, and these targets do not receive the alert because of it. */
  readonly arrived?: { readonly suppressedAt: readonly string[] };
}

export const confirmation: Firing = { begins: false, endLost: false };

/**
 * A firing alert confirms an incident that it is already part of. Without a route, its filter has stopped matching: an incident
 * that was delivered stays open and is only refreshed, any other rests.
 */
export function confirmIncident(
  context: LedgerContext,
  incident: Incident,
  alert: AlertRecord,
  route: Route | undefined,
  how: Firing,
): Incident {
  const { nowMs } = context;
  if (heldClosed(context, incident, alert)) return incident;
  if (!route)
    return incident.told === null && !restsNotTold(incident)
      ? leave(context, incident, alert, how)
      : refresh(context, incident, alert);
  const member = groupMember(context, alert, route);
  const free = incident.heldUntilEnd ? withoutHold(incident) : incident;
  const renewing = how.endLost ? renewed(free, member, nowMs) : free;
  const waits = incident.verdictUntilMs !== undefined || route.waitMs !== undefined;
  const current = waits ? withWait(context, renewing, { alert, route, arrived: how.arrived !== undefined }) : renewing;
  const after = withMembers(
    {
      ...current,
      flight: wantedFlight(incident),
      manualUntilMs: null,
      confirmedAtMs: alert.confirmedAtMs,
      unconfirmed: stillUnconfirmed(context, incident, alert),
      retriedForMs: 0,
    },
    withMember(countedMembers(incident), member),
    nowMs,
  );
  if (restsNotTold(incident)) return fireAgain(context, incident, after);
  if (incident.state === "dead") return rearm(context, incident, after);
  return sameWanted(incident, after) &&
    sameMembers(incident.members, after.members) &&
    incident.flight === after.flight &&
    incident.renew === after.renew &&
    incident.verdictUntilMs === after.verdictUntilMs
    ? confirmOnly(context, incident, after)
    : context.putChanged(incident, after);
}

/** An alert that was suppressed as noise must not add to the severity of one that joins its incident. */
const countedMembers = (incident: Incident): readonly Member[] =>
  incident.reason === "suppressed_noise" && restsNotTold(incident) ? [] : incident.members;

/** Whether a person resolved the incident and this alert is what that person saw. An alert that began later is news. */
export const heldClosed = (context: LedgerContext, incident: Incident, { startsAtMs }: AlertRecord): boolean =>
  incident.manualUntilMs !== null &&
  (incident.heldUntilEnd === true || incident.manualUntilMs > context.nowMs) &&
  startsAtMs <= incident.manualUntilMs - context.settings.manualResolveFor;

/** The end of the last episode got lost and a new one begins, unless other alerts kept the incident open meanwhile. */
function renewed(incident: Incident, { fingerprint }: Member, nowMs: number): Incident {
  if (incident.members.some((member) => member.fingerprint !== fingerprint && member.status === "firing"))
    return incident;
  const { wanted, told } = incident;
  return { ...incident, renew: told !== null, wanted: { ...wanted, acknowledged: false, renewedAtMs: nowMs } };
}

/** Nothing was delivered, and this alert is no longer routed here. Other alerts of the incident may be. */
function leave(
  context: LedgerContext,
  incident: Incident,
  { fingerprint }: AlertRecord,
  { arrived }: Firing,
): Incident {
  const others = incident.members.filter((member) => member.fingerprint !== fingerprint);
  if (others.some(({ status }) => status === "firing"))
    return context.putChanged(incident, withMembers(incident, others, context.nowMs));
  const { flight } = incident;
  return flight
    ? context.put(incident, { ...incident, flight: { ...flight, unwanted: true } })
    : markNotTold(context, incident, arrived?.suppressedAt.includes(incident.target));
}

/** The incident is wanted again, although its filter stopped matching while the attempt was in flight. */
function wantedFlight({ flight }: Incident): Incident["flight"] {
  if (!flight?.unwanted) return flight;
  const { unwanted: _, ...wanted } = flight;
  return wanted;
}

/** Delivered before its filter stopped matching. Its alert still fires, so it stays open, with its severity unchanged. */
function refresh(context: LedgerContext, incident: Incident, alert: AlertRecord): Incident {
  const member = incident.members.find(({ fingerprint }) => fingerprint === alert.fingerprint);
  if (!member || restsNotTold(incident)) return incident;
  if (member.status === "firing")
    return scheduleReminder(context, incident, stillUnconfirmed(context, incident, alert));
  // Its resolve may be delivered already. To open it again would need a trigger, and the filters allow none.
  if (incident.flight?.action === "resolve" || incident.told?.event === "resolve") return incident;
  return context.putChanged(
    incident,
    withMembers(incident, withMember(incident.members, { ...member, status: "firing" }), context.nowMs),
  );
}

/** Fires again after it rested undelivered: the same episode, which waits from now on. */
function fireAgain(context: LedgerContext, incident: Incident, after: Incident): Incident {
  const target = context.target(incident.target);
  context.note(incident.id, "firing");
  return context.put(
    incident,
    deriveState(
      {
        ...after,
        endpoint: target?.id ?? incident.endpoint,
        state: "due",
        adopted: false,
        acceptedAtMs: context.nowMs,
        fellBack: false,
        dueAtMs: context.nowMs,
        updatedAtMs: context.nowMs,
      },
      context.dueTerms(after),
      context.nowMs,
    ),
  );
}

/** A repeat revives a dead incident. An event that was refused as invalid needs a change of its content or its target first. */
function rearm(context: LedgerContext, incident: Incident, after: Incident): Incident {
  const target = context.target(incident.target);
  const moved = incident.told === null && target !== undefined && target.id !== incident.endpoint;
  const isNews = moved || !sameWanted(incident, after) || after.wanted.summary !== incident.wanted.summary;
  if (incident.reason === "dead_invalid" && !isNews) return incident;
  context.note(incident.id, "rearmed");
  const endpoint = moved && target ? target.id : incident.endpoint;
  return context.put(
    incident,
    deriveState(
      { ...after, endpoint, state: "due", failures: 0, dueAtMs: context.nowMs, updatedAtMs: context.nowMs },
      context.dueTerms({ ...after, endpoint }),
      context.nowMs,
    ),
  );
}

/** Nothing changed. Ten thousand confirmations must cause no sends and, for delivered incidents, no writes either. */
const confirmOnly = (context: LedgerContext, before: Incident, after: Incident): Incident => {
  const isTold = before.state === "told" || (before.state === "not_told" && before.told !== null);
  if (isTold) return scheduleReminder(context, before, after.unconfirmed);
  if (before.state === "in_flight") return before;
  // Stored, because the time until Tocsin gives up counts from the last confirmation.
  context.put(before, after);
  return before;
};
