import {
  desiredState,
  type Incident,
  isLaterThan,
  type PersonalAct,
  type Told,
  withoutAcknowledgement,
  withoutHold,
} from "@tocsin/core/decisions";
import { isCovered } from "./act-by-person.ts";
import type { LedgerContext } from "./ledger-context.ts";

/**
 * A person reopened at its receiver what a person had resolved: the hold ends, here and at the other targets, if the source still
 * fires. The receiver of `origin` shows it as open already; the others get a trigger.
 */
export function reopenHeld(context: LedgerContext, origin: Incident, act: PersonalAct, what: string): void {
  const { store } = context;
  const seen = new Set(origin.members.map(({ fingerprint }) => fingerprint));
  const ids = new Set([...seen].flatMap((fingerprint) => [...store.incidentsOfAlert(fingerprint)]));
  reopen(context, origin, act, true);
  for (const id of ids) {
    const sibling = id === origin.id ? undefined : store.incident(id);
    if (sibling?.kind !== "alert" || !isCovered(sibling, seen)) continue;
    if (store.latestIncident(sibling.target, sibling.dedupKey)?.id !== id) continue;
    if (reopen(context, sibling, act, false)) context.note(id, what);
  }
}

function reopen(context: LedgerContext, incident: Incident, act: PersonalAct, isOrigin: boolean): boolean {
  const { nowMs, store } = context;
  // What we write, such as a message, shows it as open only after another event.
  const showsIt = isOrigin && incident.receipt === undefined;
  const isHeld = incident.manualUntilMs !== null && incident.wanted.status === "resolved";
  if (!isHeld || !isLaterThan(act, incident.lastAction)) return false;
  const isFiring = (fingerprint: string): boolean => store.alert(fingerprint)?.status === "firing";
  const members = incident.members.map((member) =>
    isFiring(member.fingerprint) ? { ...member, status: "firing" as const } : member,
  );
  if (members.every(({ status }) => status === "resolved")) return false;
  const wanted = { ...desiredState(members, incident.wanted, nowMs), acknowledged: false };
  const free = withoutAcknowledgement({
    ...withoutHold(incident),
    members,
    wanted,
    lastAction: { atMs: act.atMs, id: act.id },
    updatedAtMs: nowMs,
  });
  if (incident.state === "closed") return openAgain(context, incident, free, showsIt);
  context.putChanged(incident, { ...free, told: showsIt ? asOpened(free.told) : free.told });
  return true;
}

const asOpened = (told: Told | null): Told | null =>
  told?.event === "resolve" && told.certain ? { ...told, event: "trigger" } : told;

/** A closed incident stays closed, and a new episode begins. `showsIt`: the receiver has opened it already. */
function openAgain(context: LedgerContext, before: Incident, after: Incident, showsIt: boolean): boolean {
  const { nowMs, store } = context;
  const current = context.target(before.target);
  const isOn = current?.terms.enabled === true && before.fallbackOf === null;
  const there = showsIt ? context.findEndpoint(before.endpoint) : undefined;
  const endpoint = there ?? (isOn ? current : undefined);
  if (!endpoint) return false;
  const inherits = endpoint.id === before.endpoint;
  if (inherits) context.putDerived(before, { ...withoutHold(before), lateAttempts: [] });
  else context.put(before, withoutHold(before));
  const { id: _id, receiver, receipt: _receipt, ...rest } = after;
  const opened = context.insert(
    context.derive({
      ...rest,
      id: 0,
      endpoint: endpoint.id,
      told: there ? { event: "trigger", certain: true, severity: after.wanted.severity, atMs: nowMs } : null,
      opened: there !== undefined,
      state: "due",
      reason: "waiting_turn",
      dueAtMs: nowMs,
      dueSinceMs: nowMs,
      settledToken: null,
      unaccepted: null,
      lateAttempts: inherits ? before.lateAttempts : [],
      repeat: false,
      renew: false,
      checkKey: false,
      adopted: false,
      fellBack: false,
      attempts: 0,
      failures: 0,
      lastFailure: null,
      retriedForMs: 0,
      acceptedAtMs: nowMs,
      ...(there && receiver && { receiver }),
    }),
  );
  for (const { fingerprint } of opened.members) {
    store.addMember(fingerprint, opened);
    const record = store.alert(fingerprint);
    if (record)
      store.putAlert(record, {
        ...record,
        incidents: [...record.incidents.filter((one) => one !== before.id), opened.id],
      });
  }
  return true;
}
