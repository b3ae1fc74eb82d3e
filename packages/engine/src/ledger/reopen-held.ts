import {
  desiredState,
  type Incident,
  isNewest,
  lastActionsAfter,
  maxSkewMs,
  type PersonalAct,
  sentAtMs,
  type Told,
  withoutAcknowledgement,
  withoutHold,
} from "@tocsin/core/decisions";
import { isCovered } from "./act-by-person.ts";
import type { LedgerContext } from "./ledger-context.ts";
import { openEpisode } from "./open-episode.ts";

/**
 * A person reopened at its receiver what a person had resolved: the hold ends, here and at the other targets, if the source still
 * fires. The receiver of `origin` shows it as open already; the others get a trigger.
 */
export function reopenHeld(context: LedgerContext, origin: Incident, reopened: PersonalAct, what: string): void {
  const { store } = context;
  const act = afterOurResolve(origin, reopened);
  const seen = new Set(origin.members.map(({ fingerprint }) => fingerprint));
  const ids = new Set([...seen].flatMap((fingerprint) => [...store.incidentsOfAlert(fingerprint)]));
  if (!reopen(context, origin, act, reopened.atMs)) return resolveReopened(context, origin, act);
  for (const id of ids) {
    const sibling = id === origin.id ? undefined : store.incident(id);
    if (sibling?.kind !== "alert" || !isCovered(sibling, seen)) continue;
    if (store.latestIncident(sibling.target, sibling.dedupKey)?.id !== id) continue;
    if (reopen(context, sibling, act)) context.note(id, what);
  }
}

/**
 * The action, later than the last resolve of a person if that resolve is the one that it undoes. A person resolved at another
 * target, we resolved here, and then a person reopened: so it happened later, whatever the clocks of both receivers say.
 */
function afterOurResolve({ told, lastActions, receipt }: Incident, act: PersonalAct): PersonalAct {
  const last = lastActions?.resolved;
  if (last === undefined || told?.event !== "resolve" || !told.certain || receipt !== undefined) return act;
  const sentMs = sentAtMs(told);
  const undoesIt = act.atMs > sentMs - maxSkewMs && last.atMs < sentMs + maxSkewMs;
  return undoesIt ? { ...act, atMs: Math.max(act.atMs, last.atMs + 1) } : act;
}

/** `reopenedAtMs`: when the receiver of the incident reopened it. Absent: it did not. */
function reopen(context: LedgerContext, incident: Incident, act: PersonalAct, reopenedAtMs?: number): boolean {
  const { nowMs, store } = context;
  // What we write, such as a message, shows it as open only after another event.
  const shownSinceMs = incident.receipt === undefined ? reopenedAtMs : undefined;
  const isHeld = incident.manualUntilMs !== null && incident.wanted.status === "resolved";
  if (!isHeld || !isNewest(act, incident)) return false;
  const isFiring = (fingerprint: string): boolean => store.alert(fingerprint)?.status === "firing";
  const members = incident.members.map((member) =>
    isFiring(member.fingerprint) ? { ...member, status: "firing" as const } : member,
  );
  if (members.every(({ status }) => status === "resolved")) return false;
  // A person may have acknowledged it since, although that was reported earlier.
  const acknowledged = incident.wanted.acknowledged && (incident.lastActions?.acknowledged?.atMs ?? 0) > act.atMs;
  const wanted = { ...desiredState(members, incident.wanted, nowMs), acknowledged };
  const free = withoutAcknowledgement({
    ...withoutHold(incident),
    members,
    wanted,
    lastActions: lastActionsAfter(act, incident),
    updatedAtMs: nowMs,
  });
  if (incident.state === "closed") return openAgain(context, incident, free, shownSinceMs);
  context.putChanged(incident, { ...free, told: shownSinceMs === undefined ? free.told : asOpened(free) });
  return true;
}

const asOpened = ({ told, receiver }: Incident): Told | null =>
  told?.event === "resolve" && told.certain ? { ...told, event: shownBy(receiver) } : told;

const shownBy = (receiver: Incident["receiver"]): "acknowledge" | "trigger" =>
  receiver?.status?.is === "acknowledged" ? "acknowledge" : "trigger";

/** A closed incident stays closed, and a new episode begins. `shownSinceMs`: since when the receiver has had it open again. */
function openAgain(context: LedgerContext, before: Incident, after: Incident, shownSinceMs?: number): boolean {
  const { nowMs } = context;
  const current = context.target(before.target);
  const isOn = current?.terms.enabled === true && before.fallbackOf === null;
  const there = shownSinceMs !== undefined ? context.findEndpoint(before.endpoint) : undefined;
  const endpoint = there ?? (isOn ? current : undefined);
  if (!endpoint) return false;
  const inherits = endpoint.id === before.endpoint;
  if (inherits) context.putDerived(before, { ...withoutHold(before), lateAttempts: [] });
  else context.put(before, withoutHold(before));
  const { receiver, ...rest } = after;
  openEpisode(context, before, {
    ...rest,
    endpoint: endpoint.id,
    told: there ? { event: shownBy(receiver), certain: true, severity: after.wanted.severity, atMs: nowMs } : null,
    opened: there !== undefined,
    reason: "waiting_turn",
    dueSinceMs: nowMs,
    settledToken: null,
    unaccepted: null,
    lateAttempts: inherits ? before.lateAttempts : [],
    repeat: false,
    renew: false,
    checkKey: false,
    // Reports from since then, which may arrive later, are about this episode.
    acceptedAtMs: there && shownSinceMs !== undefined ? Math.min(shownSinceMs, nowMs) : nowMs,
    ...(there && receiver && { receiver }),
  });
  return true;
}

/** The alert ended after the person had reopened the incident, so its resolve is still due there. */
function resolveReopened(context: LedgerContext, incident: Incident, act: PersonalAct): void {
  const { told, wanted, members } = incident;
  if (wanted.status !== "resolved" || told?.event !== "resolve" || !told.certain || incident.receipt !== undefined)
    return;
  if (sentAtMs(told) > act.atMs || !context.findEndpoint(incident.endpoint)) return;
  const hasEnded = members.some(({ fingerprint }) => {
    const claims = Object.values(context.store.alert(fingerprint)?.claims ?? {});
    return (
      claims.length > 0 &&
      claims.every(({ status, lastEndMs, heardAtMs }) => status === "resolved" && (lastEndMs ?? heardAtMs) > act.atMs)
    );
  });
  if (hasEnded) context.putDerived(incident, { ...incident, told: { ...told, event: "trigger" } });
}
