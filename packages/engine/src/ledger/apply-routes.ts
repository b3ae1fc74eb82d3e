import { type Incident, type Route, withoutHold } from "@tocsin/core/decisions";
import { confirmation, confirmIncident, type Firing, heldClosed } from "./confirm-incident.ts";
import { withMembers, withMember } from "./group-members.ts";
import type { LedgerContext } from "./ledger-context.ts";
import { restsNotTold } from "./mark-not-told.ts";
import { openIncident } from "./open-incident.ts";
import type { AlertRecord } from "./store.ts";

/**
 * A firing alert: opens or confirms its incident at every target that it is routed to. Its open incidents at other targets keep
 * it, because filters decide about triggers only and a resolve follows every delivered trigger (I6). Undelivered ones rest.
 */
export function applyRoutes(
  context: LedgerContext,
  alert: AlertRecord,
  given: readonly Route[],
  how: Firing = confirmation,
): { incidents: readonly number[]; changed: boolean } {
  // The router may not know yet that a target was disabled.
  const isOn = ({ target }: Route): boolean => context.target(target)?.terms.enabled !== false;
  const routes = given.every(isOn) ? given : given.filter(isOn);
  // A change event stays until the next episode begins, so that it is sent once per episode, whatever its source repeats.
  const isPast = (one: Incident): boolean =>
    one.kind === "change"
      ? how.begins
      : one.state === "closed" && !(one.heldUntilEnd && heldClosed(context, one, alert));
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
    const after = confirmIncident(context, incident, alert, route, how);
    if (after !== incident) changed = true;
    incidents.push(incident.id);
  }
  for (const route of routes) {
    const kind = route.kind ?? "alert";
    if (open.some((incident) => incident?.kind === kind && incident.target === route.target)) continue;
    const id = openIncident(context, alert, route, how);
    if (id === null || incidents.includes(id)) continue;
    incidents.push(id);
    changed = true;
  }
  return changed ? { incidents, changed } : { incidents: alert.incidents, changed };
}

/** The route that leads to the incident. A fallback's incident follows the route of the incident that it stands in for. */
function routeTo(context: LedgerContext, incident: Incident, routes: readonly Route[]): Route | undefined {
  const own = routes.find(({ target }) => target === incident.target);
  if (own || incident.fallbackOf === null) return own;
  const origin = context.store.incident(incident.fallbackOf);
  const route = routes.find(({ target }) => target === origin?.target);
  return route && { ...route, target: incident.target, dedupKey: incident.dedupKey };
}

/** The alert ended: resolves its membership of every open incident. Returns the numbers of those incidents. */
export function endMembers(context: LedgerContext, alert: AlertRecord): readonly number[] {
  const open: number[] = [];
  for (const id of alert.incidents) {
    const incident = context.store.incident(id);
    if (!incident) continue;
    if (incident.heldUntilEnd) endHold(context, incident, alert);
    if (incident.state === "closed" && incident.kind !== "change") continue;
    open.push(id);
    const member = incident.members.find(({ fingerprint }) => fingerprint === alert.fingerprint);
    if (!member || member.status === "resolved" || incident.kind === "change") continue;
    const members = withMember(incident.members, { ...member, status: "resolved" });
    const after = context.putChanged(incident, withMembers(incident, members, context.nowMs));
    if (restsNotTold(after) && !restsNotTold(incident)) context.note(id, after.reason);
  }
  return open.length === alert.incidents.length ? alert.incidents : open;
}

/** A person's resolve with the policy `stay` holds until no alert of the incident fires. */
function endHold(context: LedgerContext, incident: Incident, ended: AlertRecord): void {
  const isFiring = (fingerprint: string): boolean =>
    fingerprint !== ended.fingerprint && context.store.alert(fingerprint)?.status === "firing";
  if (incident.members.some(({ fingerprint }) => isFiring(fingerprint))) return;
  context.put(incident, withoutHold(incident));
}
