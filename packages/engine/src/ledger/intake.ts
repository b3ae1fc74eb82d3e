import {
  type Alert,
  type Claim,
  type ClaimState,
  hear,
  type Incident,
  type Member,
  nextChangeAtMs,
  passTime,
  plan,
  type Recorded,
  type Route,
  urgency,
  type Want,
  wantedBy,
} from "@tocsin/core/decisions";
import type { Desk } from "./desk.ts";
import type { AlertRecord } from "./store.ts";

const claimant = (claim: Claim): string =>
  claim.sender === undefined ? claim.source : `${claim.source}\0${claim.sender}`;

/** Records claims in order of arrival, and what they change at the targets. */
export function want(desk: Desk, wants: readonly Want[]): Recorded[] {
  const sources = new Set(wants.map(({ claim }) => claim.source));
  const recorded = wants.map((one) => hearOne(desk, one));
  for (const source of sources) {
    desk.heardAtMs.set(source, desk.nowMs);
    desk.store.putGate("source", source, desk.nowMs);
    for (const fingerprint of desk.store.silentAlerts(source)) letTimePass(desk, fingerprint);
  }
  return recorded;
}

function hearOne(desk: Desk, { claim, routes }: Want): Recorded {
  const { store, nowMs } = desk;
  const { fingerprint } = claim.alert;
  const before = store.alert(fingerprint);
  const key = claimant(claim);
  const heard = hear(before?.claims[key], claim, nowMs, desk.settings, before?.claims);
  const claims = { ...before?.claims, [key]: heard.state };
  const says = claim.status === "firing" && heard.effect !== "ignored";
  const after = withClaims(desk, claims, {
    fingerprint,
    // Content comes from what fires; a resolve that nothing fired before is all there is to know.
    alert: says || !before ? kept(claim.alert, heard.state) : before.alert,
    status: before?.status ?? "resolved",
    claims,
    incidents: before?.incidents ?? [],
    routes: heard.effect === "held" ? routes : (before?.routes ?? []),
    silent: before?.silent ?? [],
    lookAtMs: null,
    firstSeenAtMs: before?.firstSeenAtMs ?? nowMs,
    confirmedAtMs: says ? nowMs : (before?.confirmedAtMs ?? nowMs),
  });
  let changed = heard.effect === "changed" || heard.effect === "held";
  let incidents = after.incidents;
  if (after.status === "firing" && says && heard.effect !== "held") {
    const applied = applyRoutes(desk, after, routes);
    changed ||= applied.changed;
    incidents = applied.incidents;
  } else if (after.status === "resolved" && before?.status === "firing") {
    incidents = endMembers(desk, after);
  } else if (!before && claim.status === "resolved") {
    incidents = adopt(desk, after, routes);
  }
  store.putAlert(before, incidents === after.incidents ? after : { ...after, incidents });
  return { fingerprint, effect: changed ? "accepted" : "duplicate", skewed: heard.skewed };
}

/** The alert as it is kept: with the start that counts, which for a sender's clock ahead of ours is the time of receipt. */
const kept = (alert: Alert, { effectiveStartsAtMs }: ClaimState): Alert =>
  alert.startsAtMs === effectiveStartsAtMs ? alert : { ...alert, startsAtMs: effectiveStartsAtMs };

/** Derives from the claims whether the alert fires, for whom it waits, and when time may change that. */
function withClaims(desk: Desk, claims: Readonly<Record<string, ClaimState>>, record: AlertRecord): AlertRecord {
  let firing = false;
  let lookAtMs: number | null = null;
  let silent: string[] | undefined;
  for (const key in claims) {
    const state = claims[key] as ClaimState;
    if (state.status === "firing") firing = true;
    const expiresAtMs = state.status === "firing" ? state.expiresAtMs : undefined;
    // Looked at when it expires, to note whose word it then waits for; after that, when time alone ends it.
    const ahead = expiresAtMs !== undefined && expiresAtMs > desk.nowMs;
    const nextMs = ahead ? expiresAtMs : nextChangeAtMs(state, passing(desk, state));
    if (nextMs !== null && (lookAtMs === null || nextMs < lookAtMs)) lookAtMs = nextMs;
    if (expiresAtMs !== undefined && !ahead) (silent ??= []).push(state.source);
  }
  return { ...record, status: firing ? "firing" : "resolved", silent: silent ?? [], lookAtMs };
}

const passing = (desk: Desk, state: ClaimState) => ({
  nowMs: desk.nowMs,
  sourceHeardAtMs: desk.heardAtMs.get(state.source),
  graceUntilMs: desk.graceUntilMs,
  staleAfter: desk.settings.staleAfter,
});

/** Lets a held firing be believed and an unrepeated direct claim end. */
export function letTimePass(desk: Desk, fingerprint: string): void {
  const before = desk.store.alert(fingerprint);
  if (!before) return;
  const claims: Record<string, ClaimState> = {};
  for (const [key, state] of Object.entries(before.claims)) claims[key] = passTime(state, passing(desk, state));
  const after = withClaims(desk, claims, { ...before, claims });
  let incidents = after.incidents;
  if (after.status === "firing" && before.status === "resolved")
    incidents = applyRoutes(desk, after, after.routes).incidents;
  if (after.status === "resolved" && before.status === "firing") incidents = endMembers(desk, after);
  desk.store.putAlert(before, { ...after, incidents });
}

/** Routes what fires anew, after the targets changed. */
export function reroute(desk: Desk, fingerprint: string, routes: readonly Route[]): void {
  const before = desk.store.alert(fingerprint);
  if (before?.status !== "firing") return;
  const { incidents } = applyRoutes(desk, before, routes);
  if (incidents !== before.incidents) desk.store.putAlert(before, { ...before, incidents });
}

/**
 * Makes a firing alert wanted wherever it is routed. Its open incidents elsewhere keep it: filters decide triggers only, so
 * a resolve follows what was told (I6); those that nobody was told of rest.
 */
function applyRoutes(
  desk: Desk,
  alert: AlertRecord,
  routes: readonly Route[],
): { incidents: readonly number[]; changed: boolean } {
  const open = alert.incidents
    .map((id) => desk.store.incident(id))
    .filter((one) => one !== undefined && one.state !== "closed");
  const incidents: number[] = [];
  let changed = open.length !== alert.incidents.length;
  for (const incident of open as Incident[]) {
    const route = routes.find(({ target }) => target === incident.target);
    const after = confirm(desk, incident, alert, route);
    if (after !== incident) changed = true;
    incidents.push(incident.id);
  }
  for (const route of routes) {
    if (open.some((incident) => incident?.target === route.target)) continue;
    const id = join(desk, alert, route);
    if (id === null || incidents.includes(id)) continue;
    incidents.push(id);
    changed = true;
  }
  return changed ? { incidents, changed } : { incidents: alert.incidents, changed };
}

/** A firing alert confirms an incident that it is already part of. */
function confirm(desk: Desk, incident: Incident, alert: AlertRecord, route: Route | undefined): Incident {
  const { nowMs } = desk;
  if (held(incident, nowMs)) return incident;
  if (!route)
    return incident.told === null && !incident.flight && incident.state !== "not_told"
      ? rest(desk, incident)
      : refresh(desk, incident, alert);
  const member = memberOf(alert, route);
  const after = wanting(
    { ...incident, manualUntilMs: null, confirmedAtMs: nowMs, retriedForMs: 0 },
    withMember(incident.members, member),
    nowMs,
  );
  if (incident.state === "not_told") return again(desk, incident, after);
  if (incident.state === "dead") return rearm(desk, incident, after);
  return sameWanted(incident, after) && sameMembers(incident.members, after.members)
    ? touch(desk, incident, after)
    : desk.changed(incident, after);
}

/** No target wants it any more; nothing was told, so nothing is. */
export function rest(desk: Desk, incident: Incident): Incident {
  const target = desk.target(incident.target);
  const reason = !target ? "no_target" : target.terms.enabled ? "filtered" : "target_disabled";
  desk.note(incident.id, reason);
  return desk.put(incident, { ...incident, state: "not_told", reason, dueAtMs: null, updatedAtMs: desk.nowMs });
}

/** Told, but filtered since: its alert still fires, so it stays open with the severity that it has. */
function refresh(desk: Desk, incident: Incident, alert: AlertRecord): Incident {
  const member = incident.members.find(({ fingerprint }) => fingerprint === alert.fingerprint);
  if (!member || member.status === "firing" || incident.state === "not_told") return incident;
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

/** Confirmed and nothing else: stored so that giving up counts from here, without touching what is due. */
const touch = (desk: Desk, before: Incident, after: Incident): Incident => {
  // Told incidents do not need it: nothing counts from it until the next change, which brings its own.
  if (before.state === "told" || before.state === "in_flight") return before;
  desk.put(before, after);
  return before;
};

const held = (incident: Incident, nowMs: number): boolean =>
  incident.manualUntilMs !== null && incident.manualUntilMs > nowMs;

/** The alert joins the open incident of its dedup key at the target, or opens a new one. Null: held closed by a person. */
function join(desk: Desk, alert: AlertRecord, route: Route): number | null {
  const target = desk.target(route.target);
  if (!target) return null;
  const { nowMs, store } = desk;
  const member = memberOf(alert, route);
  const latest = store.latestIncident(route.target, route.dedupKey);
  if (latest && latest.state !== "closed") {
    confirm(desk, latest, alert, route);
    if (!latest.members.some(({ fingerprint }) => fingerprint === member.fingerprint))
      store.addMember(member.fingerprint, latest);
    return latest.id;
  }
  if (latest && held(latest, nowMs)) return null;
  const fresh: Omit<Incident, "id"> = {
    target: route.target,
    dedupKey: route.dedupKey,
    endpoint: target.id,
    kind: "alert",
    members: [member],
    wanted: wantedBy([member], null, nowMs),
    told: null,
    opened: false,
    state: "due",
    reason: "waiting_turn",
    urgency: urgency.reminder,
    dueAtMs: nowMs,
    flight: null,
    overtaken: latest?.overtaken ?? [],
    repeat: false,
    checkKey: false,
    adopted: false,
    attempts: 0,
    failures: 0,
    lastFailure: null,
    confirmedAtMs: nowMs,
    retriedForMs: 0,
    manualUntilMs: null,
    acceptedAtMs: nowMs,
    updatedAtMs: nowMs,
  };
  // What a late request of the closed episode may still do is the new one's to repair: they share the dedup key.
  if (latest && latest.overtaken.length > 0) desk.put(latest, { ...latest, overtaken: [], dueAtMs: null });
  const opened = store.insertIncident(plan({ ...fresh, id: 0 }, desk.dueTerms(fresh), nowMs));
  store.addMember(member.fingerprint, opened);
  return opened.id;
}

/** A resolve of an alert never seen before ends what an earlier sender of these alerts may have opened. */
function adopt(desk: Desk, alert: AlertRecord, routes: readonly Route[]): readonly number[] {
  const adopted: number[] = [];
  for (const route of routes) {
    const target = desk.target(route.target);
    if (!target?.terms.adoptUnknownResolves || desk.store.latestIncident(route.target, route.dedupKey)) continue;
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
function endMembers(desk: Desk, alert: AlertRecord): readonly number[] {
  const open: number[] = [];
  for (const id of alert.incidents) {
    const incident = desk.store.incident(id);
    if (!incident || incident.state === "closed") continue;
    open.push(id);
    const member = incident.members.find(({ fingerprint }) => fingerprint === alert.fingerprint);
    if (!member || member.status === "resolved") continue;
    const members = withMember(incident.members, { ...member, status: "resolved" });
    const after = desk.changed(incident, wanting(incident, members, desk.nowMs));
    if (after.state === "not_told") desk.note(id, after.reason);
  }
  return open.length === alert.incidents.length ? alert.incidents : open;
}

function memberOf({ alert }: AlertRecord, route: Route): Member {
  return {
    fingerprint: alert.fingerprint,
    status: "firing",
    severity: route.severity,
    startsAtMs: alert.startsAtMs,
    summary: route.summary,
  };
}

function withMember(members: readonly Member[], member: Member): readonly Member[] {
  const index = members.findIndex(({ fingerprint }) => fingerprint === member.fingerprint);
  return index === -1 ? [...members, member] : members.with(index, member);
}

/** The incident with these members and what they want. */
export const wanting = (incident: Incident, members: readonly Member[], nowMs: number): Incident => ({
  ...incident,
  members,
  wanted: wantedBy(members, incident.wanted, nowMs),
  updatedAtMs: nowMs,
});

const sameWanted = (a: Incident, b: Incident): boolean =>
  a.wanted.status === b.wanted.status &&
  a.wanted.severity === b.wanted.severity &&
  a.wanted.acknowledged === b.wanted.acknowledged;

const sameMembers = (a: readonly Member[], b: readonly Member[]): boolean =>
  a.length === b.length &&
  a.every(
    (member, index) =>
      member.status === b[index]?.status &&
      member.severity === b[index]?.severity &&
      member.summary === b[index]?.summary,
  );
