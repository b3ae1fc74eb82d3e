import { type Incident, type Member, deriveState, type Route, urgency, desiredState } from "@tocsin/core/decisions";
import type { LedgerContext } from "./ledger-context.ts";
import { memberOf, sameMembers, sameWanted, wanting, withMember } from "./group-members.ts";
import { remindAgain, stillUnconfirmed } from "./reminders.ts";
import type { AlertRecord } from "./store.ts";

/** What a firing is, besides a confirmation. */
export interface Firing {
  /** It begins an episode of the alert. */
  readonly begins: boolean;
  /** The end of the episode before was lost. */
  readonly endLost: boolean;
}

const confirmation: Firing = { begins: false, endLost: false };

/**
 * Makes a firing alert wanted wherever it is routed. Its open incidents elsewhere keep it: filters decide triggers only, so
 * a resolve follows what was told (I6); those that nobody was told of rest.
 */
export function applyRoutes(
  context: LedgerContext,
  alert: AlertRecord,
  given: readonly Route[],
  how: Firing = confirmation,
): { incidents: readonly number[]; changed: boolean } {
  // Whoever routed may not have heard yet that a target was disabled.
  const isOn = ({ target }: Route): boolean => context.target(target)?.terms.enabled !== false;
  const routes = given.every(isOn) ? given : given.filter(isOn);
  // A change event is kept until the next episode begins: it is sent once in each, whatever its repeats say.
  const isPast = ({ kind, state }: Incident): boolean => (kind === "change" ? how.begins : state === "closed");
  const open = alert.incidents
    .map((id) => context.store.incident(id))
    .filter((one) => one !== undefined && !isPast(one));
  const incidents: number[] = [];
  let changed = open.length !== alert.incidents.length;
  for (const incident of open as Incident[]) {
    if (incident.kind === "change") {
      incidents.push(incident.id);
      continue;
    }
    const route = routeTo(context, incident, routes);
    const after = confirm(context, incident, alert, route, how);
    if (after !== incident) changed = true;
    incidents.push(incident.id);
  }
  for (const route of routes) {
    const kind = route.kind ?? "alert";
    if (open.some((incident) => incident?.kind === kind && incident.target === route.target)) continue;
    const id = join(context, alert, route, how);
    if (id === null || incidents.includes(id)) continue;
    incidents.push(id);
    changed = true;
  }
  return changed ? { incidents, changed } : { incidents: alert.incidents, changed };
}

/** How an incident is wanted now. A fallback is wanted as the incident that it stands in for. */
function routeTo(context: LedgerContext, incident: Incident, routes: readonly Route[]): Route | undefined {
  const own = routes.find(({ target }) => target === incident.target);
  if (own || incident.fallbackOf === null) return own;
  const origin = context.store.incident(incident.fallbackOf);
  const route = routes.find(({ target }) => target === origin?.target);
  return route && { ...route, target: incident.target, dedupKey: incident.dedupKey };
}

/** A firing alert confirms an incident that it is already part of. */
function confirm(
  context: LedgerContext,
  incident: Incident,
  alert: AlertRecord,
  route: Route | undefined,
  how: Firing,
): Incident {
  const { nowMs } = context;
  if (held(context, incident, alert)) return incident;
  if (!route)
    return incident.told === null && !rested(incident)
      ? leave(context, incident, alert)
      : refresh(context, incident, alert);
  const member = memberOf(context, alert, route);
  const current = how.endLost ? renewed(incident, member) : incident;
  const after = wanting(
    {
      ...current,
      flight: wantedFlight(incident),
      manualUntilMs: null,
      confirmedAtMs: alert.confirmedAtMs,
      unconfirmed: stillUnconfirmed(context, incident, alert),
      retriedForMs: 0,
    },
    withMember(incident.members, member),
    nowMs,
  );
  if (rested(incident)) return again(context, incident, after);
  if (incident.state === "dead") return rearm(context, incident, after);
  return sameWanted(incident, after) &&
    sameMembers(incident.members, after.members) &&
    incident.flight === after.flight &&
    incident.renew === after.renew
    ? touch(context, incident, after)
    : context.changed(incident, after);
}

/** The episode ended unheard and another one begins, unless other alerts kept the incident open meanwhile. */
function renewed(incident: Incident, { fingerprint }: Member): Incident {
  if (incident.members.some((member) => member.fingerprint !== fingerprint && member.status === "firing"))
    return incident;
  const { wanted, told } = incident;
  return { ...incident, renew: told !== null, wanted: { ...wanted, acknowledged: false } };
}

/** Nothing was told, and its alert is wanted here no more. Other alerts of the incident may be. */
function leave(context: LedgerContext, incident: Incident, { fingerprint }: AlertRecord): Incident {
  const others = incident.members.filter((member) => member.fingerprint !== fingerprint);
  if (others.some(({ status }) => status === "firing"))
    return context.changed(incident, wanting(incident, others, context.nowMs));
  const { flight } = incident;
  return flight
    ? context.put(incident, { ...incident, flight: { ...flight, unwanted: true } })
    : rest(context, incident);
}

/** It is wanted, whatever was said since its attempt began. */
function wantedFlight({ flight }: Incident): Incident["flight"] {
  if (!flight?.unwanted) return flight;
  const { unwanted: _, ...wanted } = flight;
  return wanted;
}

/** No target wants it any more; nothing was told, so nothing is. */
export function rest(context: LedgerContext, incident: Incident): Incident {
  const target = context.target(incident.target);
  const reason = !target ? "no_target" : target.terms.enabled ? "filtered" : "target_disabled";
  context.note(incident.id, reason);
  const resting: Incident = {
    ...incident,
    state: "not_told",
    reason,
    dueAtMs: null,
    dueSinceMs: null,
    fallbackAtMs: null,
  };
  return context.put(incident, { ...resting, updatedAtMs: context.nowMs });
}

/** Told, but filtered since: its alert still fires, so it stays open with the severity that it has. */
function refresh(context: LedgerContext, incident: Incident, alert: AlertRecord): Incident {
  const member = incident.members.find(({ fingerprint }) => fingerprint === alert.fingerprint);
  if (!member || rested(incident)) return incident;
  if (member.status === "firing") return remindAgain(context, incident, stillUnconfirmed(context, incident, alert));
  // Its end may be told already: to fire again there would need a trigger, and that is the filters' to decide.
  if (incident.flight?.action === "resolve" || incident.told?.event === "resolve") return incident;
  return context.changed(
    incident,
    wanting(incident, withMember(incident.members, { ...member, status: "firing" }), context.nowMs),
  );
}

/** Fires again after it had rested untold: the same episode, waiting from now. */
function again(context: LedgerContext, incident: Incident, after: Incident): Incident {
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

/** A repeat re-arms a dead incident; one that was refused as invalid only once its content or target changed. */
function rearm(context: LedgerContext, incident: Incident, after: Incident): Incident {
  const target = context.target(incident.target);
  const moved = incident.told === null && target !== undefined && target.id !== incident.endpoint;
  const news = moved || !sameWanted(incident, after) || after.wanted.summary !== incident.wanted.summary;
  if (incident.reason === "dead_invalid" && !news) return incident;
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

/** Confirmed and nothing else. Ten thousand of these must cost no calls and, where something was told, no write either. */
const touch = (context: LedgerContext, before: Incident, after: Incident): Incident => {
  const isTold = before.state === "told" || (before.state === "not_told" && before.told !== null);
  if (isTold) return remindAgain(context, before, after.unconfirmed);
  if (before.state === "in_flight") return before;
  // Giving up counts from the last confirmation.
  context.put(before, after);
  return before;
};

/** Nothing was told, and nothing is to be told. What a shadow target was "told" goes its way like the real thing. */
const rested = (incident: Incident): boolean => incident.state === "not_told" && incident.told === null;

/** A person resolved it, and what fires is what that person saw: anything that began later is news. */
const held = (context: LedgerContext, incident: Incident, { startsAtMs }: AlertRecord): boolean =>
  incident.manualUntilMs !== null &&
  incident.manualUntilMs > context.nowMs &&
  startsAtMs <= incident.manualUntilMs - context.settings.manualResolveFor;

/** The alert joins the open incident of its dedup key at the target, or opens a new one. Null: held closed by a person. */
export function join(
  context: LedgerContext,
  alert: AlertRecord,
  route: Route,
  how: Firing = confirmation,
): number | null {
  const target = context.target(route.target);
  if (!target) return null;
  const { nowMs, store } = context;
  const member = memberOf(context, alert, route);
  const latest = store.latestIncident(route.target, route.dedupKey);
  // A change is told once, whatever became of it.
  if (latest && route.kind === "change") return null;
  if (latest && latest.state !== "closed") {
    confirm(context, latest, alert, route, how);
    if (!latest.members.some(({ fingerprint }) => fingerprint === member.fingerprint))
      store.addMember(member.fingerprint, latest);
    return latest.id;
  }
  if (latest && held(context, latest, alert)) return null;
  // What a late request of the closed episode may still do is the new one's to repair, where they share the endpoint.
  const late = latest?.endpoint === target.id ? latest.lateAttempts : [];
  const fresh: Omit<Incident, "id"> = {
    target: route.target,
    dedupKey: route.dedupKey,
    endpoint: target.id,
    kind: route.kind ?? "alert",
    members: [member],
    wanted: desiredState([member], null, nowMs),
    told: null,
    opened: false,
    state: "due",
    reason: "waiting_turn",
    urgency: urgency.reminder,
    dueAtMs: nowMs,
    dueSinceMs: nowMs,
    flight: null,
    settledToken: null,
    unaccepted: null,
    lateAttempts: late,
    repeat: false,
    renew: false,
    checkKey: false,
    adopted: false,
    fallbackAtMs: null,
    fellBack: false,
    fallbackOf: null,
    attempts: 0,
    failures: 0,
    lastFailure: null,
    confirmedAtMs: nowMs,
    unconfirmed: false,
    retriedForMs: 0,
    manualUntilMs: null,
    acceptedAtMs: nowMs,
    updatedAtMs: nowMs,
  };
  if (latest && late.length > 0) context.put(latest, { ...latest, lateAttempts: [], dueAtMs: null });
  const opened = context.insert(deriveState({ ...fresh, id: 0 }, context.dueTerms(fresh), nowMs));
  store.addMember(member.fingerprint, opened);
  return opened.id;
}

/** A resolve of an alert never seen before ends what an earlier sender of these alerts may have opened. */
export function adopt(context: LedgerContext, alert: AlertRecord, routes: readonly Route[]): readonly number[] {
  const adopted: number[] = [];
  for (const route of routes) {
    const target = context.target(route.target);
    if (route.kind === "change") continue;
    if (
      !target?.terms.enabled ||
      !target.terms.adoptUnknownResolves ||
      context.store.latestIncident(route.target, route.dedupKey)
    )
      continue;
    const id = join(context, alert, route);
    const incident = id === null ? undefined : context.store.incident(id);
    if (!incident) continue;
    const members = incident.members.map((member) => ({ ...member, status: "resolved" as const }));
    const after = {
      ...wanting(incident, members, context.nowMs),
      adopted: true,
      dueAtMs: context.nowMs,
      state: "due" as const,
    };
    context.planned(incident, after);
    adopted.push(incident.id);
  }
  return adopted;
}

/** The alert ended: it ends in every open incident that it is part of. */
export function endMembers(context: LedgerContext, alert: AlertRecord): readonly number[] {
  const open: number[] = [];
  for (const id of alert.incidents) {
    const incident = context.store.incident(id);
    if (!incident || (incident.state === "closed" && incident.kind !== "change")) continue;
    open.push(id);
    const member = incident.members.find(({ fingerprint }) => fingerprint === alert.fingerprint);
    if (!member || member.status === "resolved" || incident.kind === "change") continue;
    const members = withMember(incident.members, { ...member, status: "resolved" });
    const after = context.changed(incident, wanting(incident, members, context.nowMs));
    if (rested(after) && !rested(incident)) context.note(id, after.reason);
  }
  return open.length === alert.incidents.length ? alert.incidents : open;
}
