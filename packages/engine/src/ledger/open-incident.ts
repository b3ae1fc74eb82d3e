import { deriveState, desiredState, type Incident, type Route, urgency } from "@tocsin/core/decisions";
import { verdictDeadlineMs } from "./verdict-deadline.ts";
import { confirmation, confirmIncident, type Firing, heldClosed } from "./confirm-incident.ts";
import { groupMember, withMembers } from "./group-members.ts";
import type { LedgerContext } from "./ledger-context.ts";
import type { AlertRecord } from "./store.ts";

/**
 * The alert joins the open incident of its dedup key at the target, or opens a new one. Returns the incident's number; null: there
 * is no such target, the change event was recorded before, or a person resolved the incident and holds it closed.
 */
export function openIncident(
  context: LedgerContext,
  alert: AlertRecord,
  route: Route,
  { notBeforeMs, ...how }: Firing & { readonly notBeforeMs?: number } = confirmation,
): number | null {
  const target = context.target(route.target);
  if (!target) return null;
  const { nowMs, store } = context;
  const member = groupMember(context, alert, route);
  const latest = store.latestIncident(route.target, route.dedupKey);
  // A change event is sent once, however its first attempt ended.
  if (latest && route.kind === "change") return null;
  if (latest && latest.state !== "closed") {
    confirmIncident(context, latest, alert, route, how);
    if (!latest.members.some(({ fingerprint }) => fingerprint === member.fingerprint))
      store.addMember(member.fingerprint, latest);
    return latest.id;
  }
  if (latest && heldClosed(context, latest, alert)) return null;
  // The new episode repairs the effects of late requests of the closed one, if both have the same endpoint.
  const lateAttempts = latest?.endpoint === target.id ? latest.lateAttempts : [];
  const fresh: Omit<Incident, "id"> = {
    target: route.target,
    dedupKey: route.dedupKey,
    endpoint: target.id,
    kind: route.kind ?? "alert",
    members: [member],
    wanted: desiredState([member], null, nowMs),
    told: route.sent === true ? { event: "trigger", certain: true, severity: member.severity, atMs: nowMs } : null,
    opened: route.sent === true,
    state: "due",
    reason: "waiting_turn",
    urgency: urgency.reminder,
    dueAtMs: notBeforeMs ?? nowMs,
    dueSinceMs: notBeforeMs ?? nowMs,
    flight: null,
    settledToken: null,
    unaccepted: null,
    lateAttempts,
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
  const untilMs = route.waitMs === undefined ? undefined : verdictDeadlineMs(context, alert, route);
  const waiting = untilMs === undefined ? fresh : { ...fresh, verdictUntilMs: untilMs };
  if (latest && lateAttempts.length > 0) context.put(latest, { ...latest, lateAttempts: [], dueAtMs: null });
  const opened = context.insert(deriveState({ ...waiting, id: 0 }, context.dueTerms(fresh), nowMs));
  store.addMember(member.fingerprint, opened);
  return opened.id;
}

/** A resolve of an alert that the ledger never saw: it resolves an incident that an earlier sender of the alert may have opened. */
export function adoptUnknownResolve(
  context: LedgerContext,
  alert: AlertRecord,
  routes: readonly Route[],
): readonly number[] {
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
    const id = openIncident(context, alert, route);
    const incident = id === null ? undefined : context.store.incident(id);
    if (!incident) continue;
    const members = incident.members.map((member) => ({ ...member, status: "resolved" as const }));
    const after = {
      ...withMembers(incident, members, context.nowMs),
      adopted: true,
      dueAtMs: context.nowMs,
      state: "due" as const,
    };
    context.putDerived(incident, after);
    adopted.push(incident.id);
  }
  return adopted;
}
