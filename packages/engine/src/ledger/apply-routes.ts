import { type Incident, type Member, plan, type Route, urgency, wantedBy } from "@tocsin/core/decisions";
import type { Desk } from "./ledger-context.ts";
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
  desk: Desk,
  alert: AlertRecord,
  given: readonly Route[],
  how: Firing = confirmation,
): { incidents: readonly number[]; changed: boolean } {
  // Whoever routed may not have heard yet that a target was disabled.
  const isOn = ({ target }: Route): boolean => desk.target(target)?.terms.enabled !== false;
  const routes = given.every(isOn) ? given : given.filter(isOn);
  // A change event is kept until the next episode begins: it is sent once in each, whatever its repeats say.
  const isPast = ({ kind, state }: Incident): boolean => (kind === "change" ? how.begins : state === "closed");
  const open = alert.incidents.map((id) => desk.store.incident(id)).filter((one) => one !== undefined && !isPast(one));
  const incidents: number[] = [];
  let changed = open.length !== alert.incidents.length;
  for (const incident of open as Incident[]) {
    if (incident.kind === "change") {
      incidents.push(incident.id);
      continue;
    }
    const route = routeTo(desk, incident, routes);
    const after = confirm(desk, incident, alert, route, how);
    if (after !== incident) changed = true;
    incidents.push(incident.id);
  }
  for (const route of routes) {
    const kind = route.kind ?? "alert";
    if (open.some((incident) => incident?.kind === kind && incident.target === route.target)) continue;
    const id = join(desk, alert, route, how);
    if (id === null || incidents.includes(id)) continue;
    incidents.push(id);
    changed = true;
  }
  return changed ? { incidents, changed } : { incidents: alert.incidents, changed };
}

/** How an incident is wanted now. A fallback is wanted as the incident that it stands in for. */
function routeTo(desk: Desk, incident: Incident, routes: readonly Route[]): Route | undefined {
  const own = routes.find(({ target }) => target === incident.target);
  if (own || incident.fallbackOf === null) return own;
  const origin = desk.store.incident(incident.fallbackOf);
  const route = routes.find(({ target }) => target === origin?.target);
  return route && { ...route, target: incident.target, dedupKey: incident.dedupKey };
}

/** A firing alert confirms an incident that it is already part of. */
function confirm(desk: Desk, incident: Incident, alert: AlertRecord, route: Route | undefined, how: Firing): Incident {
  const { nowMs } = desk;
  if (held(desk, incident, alert)) return incident;
  if (!route)
    return incident.told === null && !rested(incident) ? leave(desk, incident, alert) : refresh(desk, incident, alert);
  const member = memberOf(desk, alert, route);
  const current = how.endLost ? renewed(incident, member) : incident;
  const after = wanting(
    {
      ...current,
      flight: wantedFlight(incident),
      manualUntilMs: null,
      confirmedAtMs: alert.confirmedAtMs,
      unconfirmed: stillUnconfirmed(desk, incident, alert),
      retriedForMs: 0,
    },
    withMember(incident.members, member),
    nowMs,
  );
  if (rested(incident)) return again(desk, incident, after);
  if (incident.state === "dead") return rearm(desk, incident, after);
  return sameWanted(incident, after) &&
    sameMembers(incident.members, after.members) &&
    incident.flight === after.flight &&
    incident.renew === after.renew
    ? touch(desk, incident, after)
    : desk.changed(incident, after);
}

/** The episode ended unheard and another one begins, unless other alerts kept the incident open meanwhile. */
function renewed(incident: Incident, { fingerprint }: Member): Incident {
  if (incident.members.some((member) => member.fingerprint !== fingerprint && member.status === "firing"))
    return incident;
  const { wanted, told } = incident;
  return { ...incident, renew: told !== null, wanted: { ...wanted, acknowledged: false } };
}

/** Nothing was told, and its alert is wanted here no more. Other alerts of the incident may be. */
function leave(desk: Desk, incident: Incident, { fingerprint }: AlertRecord): Incident {
  const others = incident.members.filter((member) => member.fingerprint !== fingerprint);
  if (others.some(({ status }) => status === "firing"))
    return desk.changed(incident, wanting(incident, others, desk.nowMs));
  const { flight } = incident;
  return flight ? desk.put(incident, { ...incident, flight: { ...flight, unwanted: true } }) : rest(desk, incident);
}

/** It is wanted, whatever was said since its attempt began. */
function wantedFlight({ flight }: Incident): Incident["flight"] {
  if (!flight?.unwanted) return flight;
  const { unwanted: _, ...wanted } = flight;
  return wanted;
}

/** No target wants it any more; nothing was told, so nothing is. */
export function rest(desk: Desk, incident: Incident): Incident {
  const target = desk.target(incident.target);
  const reason = !target ? "no_target" : target.terms.enabled ? "filtered" : "target_disabled";
  desk.note(incident.id, reason);
  const resting: Incident = {
    ...incident,
    state: "not_told",
    reason,
    dueAtMs: null,
    dueSinceMs: null,
    fallbackAtMs: null,
  };
  return desk.put(incident, { ...resting, updatedAtMs: desk.nowMs });
}

/** Told, but filtered since: its alert still fires, so it stays open with the severity that it has. */
function refresh(desk: Desk, incident: Incident, alert: AlertRecord): Incident {
  const member = incident.members.find(({ fingerprint }) => fingerprint === alert.fingerprint);
  if (!member || rested(incident)) return incident;
  if (member.status === "firing") return remindAgain(desk, incident, stillUnconfirmed(desk, incident, alert));
  // Its end may be told already: to fire again there would need a trigger, and that is the filters' to decide.
  if (incident.flight?.action === "resolve" || incident.told?.event === "resolve") return incident;
  return desk.changed(
    incident,
    wanting(incident, withMember(incident.members, { ...member, status: "firing" }), desk.nowMs),
  );
}

/** Fires again after it had rested untold: the same episode, waiting from now. */
function again(desk: Desk, incident: Incident, after: Incident): Incident {
  const target = desk.target(incident.target);
  desk.note(incident.id, "firing");
  return desk.put(
    incident,
    plan(
      {
        ...after,
        endpoint: target?.id ?? incident.endpoint,
        state: "due",
        adopted: false,
        acceptedAtMs: desk.nowMs,
        fellBack: false,
        dueAtMs: desk.nowMs,
        updatedAtMs: desk.nowMs,
      },
      desk.dueTerms(after),
      desk.nowMs,
    ),
  );
}

/** A repeat re-arms a dead incident; one that was refused as invalid only once its content or target changed. */
function rearm(desk: Desk, incident: Incident, after: Incident): Incident {
  const target = desk.target(incident.target);
  const moved = incident.told === null && target !== undefined && target.id !== incident.endpoint;
  const news = moved || !sameWanted(incident, after) || after.wanted.summary !== incident.wanted.summary;
  if (incident.reason === "dead_invalid" && !news) return incident;
  desk.note(incident.id, "rearmed");
  const endpoint = moved && target ? target.id : incident.endpoint;
  return desk.put(
    incident,
    plan(
      { ...after, endpoint, state: "due", failures: 0, dueAtMs: desk.nowMs, updatedAtMs: desk.nowMs },
      desk.dueTerms({ ...after, endpoint }),
      desk.nowMs,
    ),
  );
}

/** Confirmed and nothing else. Ten thousand of these must cost no calls and, where something was told, no write either. */
const touch = (desk: Desk, before: Incident, after: Incident): Incident => {
  const isTold = before.state === "told" || (before.state === "not_told" && before.told !== null);
  if (isTold) return remindAgain(desk, before, after.unconfirmed);
  if (before.state === "in_flight") return before;
  // Giving up counts from the last confirmation.
  desk.put(before, after);
  return before;
};

/** Nothing was told, and nothing is to be told. What a shadow target was "told" goes its way like the real thing. */
const rested = (incident: Incident): boolean => incident.state === "not_told" && incident.told === null;

/** A person resolved it, and what fires is what that person saw: anything that began later is news. */
const held = (desk: Desk, incident: Incident, { startsAtMs }: AlertRecord): boolean =>
  incident.manualUntilMs !== null &&
  incident.manualUntilMs > desk.nowMs &&
  startsAtMs <= incident.manualUntilMs - desk.settings.manualResolveFor;

/** The alert joins the open incident of its dedup key at the target, or opens a new one. Null: held closed by a person. */
export function join(desk: Desk, alert: AlertRecord, route: Route, how: Firing = confirmation): number | null {
  const target = desk.target(route.target);
  if (!target) return null;
  const { nowMs, store } = desk;
  const member = memberOf(desk, alert, route);
  const latest = store.latestIncident(route.target, route.dedupKey);
  // A change is told once, whatever became of it.
  if (latest && route.kind === "change") return null;
  if (latest && latest.state !== "closed") {
    confirm(desk, latest, alert, route, how);
    if (!latest.members.some(({ fingerprint }) => fingerprint === member.fingerprint))
      store.addMember(member.fingerprint, latest);
    return latest.id;
  }
  if (latest && held(desk, latest, alert)) return null;
  // What a late request of the closed episode may still do is the new one's to repair, where they share the endpoint.
  const late = latest?.endpoint === target.id ? latest.overtaken : [];
  const fresh: Omit<Incident, "id"> = {
    target: route.target,
    dedupKey: route.dedupKey,
    endpoint: target.id,
    kind: route.kind ?? "alert",
    members: [member],
    wanted: wantedBy([member], null, nowMs),
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
    overtaken: late,
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
  if (latest && late.length > 0) desk.put(latest, { ...latest, overtaken: [], dueAtMs: null });
  const opened = desk.insert(plan({ ...fresh, id: 0 }, desk.dueTerms(fresh), nowMs));
  store.addMember(member.fingerprint, opened);
  return opened.id;
}

/** A resolve of an alert never seen before ends what an earlier sender of these alerts may have opened. */
export function adopt(desk: Desk, alert: AlertRecord, routes: readonly Route[]): readonly number[] {
  const adopted: number[] = [];
  for (const route of routes) {
    const target = desk.target(route.target);
    if (route.kind === "change") continue;
    if (
      !target?.terms.enabled ||
      !target.terms.adoptUnknownResolves ||
      desk.store.latestIncident(route.target, route.dedupKey)
    )
      continue;
    const id = join(desk, alert, route);
    const incident = id === null ? undefined : desk.store.incident(id);
    if (!incident) continue;
    const members = incident.members.map((member) => ({ ...member, status: "resolved" as const }));
    const after = {
      ...wanting(incident, members, desk.nowMs),
      adopted: true,
      dueAtMs: desk.nowMs,
      state: "due" as const,
    };
    desk.planned(incident, after);
    adopted.push(incident.id);
  }
  return adopted;
}

/** The alert ended: it ends in every open incident that it is part of. */
export function endMembers(desk: Desk, alert: AlertRecord): readonly number[] {
  const open: number[] = [];
  for (const id of alert.incidents) {
    const incident = desk.store.incident(id);
    if (!incident || (incident.state === "closed" && incident.kind !== "change")) continue;
    open.push(id);
    const member = incident.members.find(({ fingerprint }) => fingerprint === alert.fingerprint);
    if (!member || member.status === "resolved" || incident.kind === "change") continue;
    const members = withMember(incident.members, { ...member, status: "resolved" });
    const after = desk.changed(incident, wanting(incident, members, desk.nowMs));
    if (rested(after) && !rested(incident)) desk.note(id, after.reason);
  }
  return open.length === alert.incidents.length ? alert.incidents : open;
}
