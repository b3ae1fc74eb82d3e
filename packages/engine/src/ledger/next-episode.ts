import { deriveState, type Incident } from "@tocsin/core/decisions";
import type { LedgerContext } from "./ledger-context.ts";

/**
 * The target accepted a resolve while the alert fired again: closes this episode and opens the next one, which has been waiting
 * since the alert came back.
 */
export function nextEpisode(context: LedgerContext, before: Incident, after: Incident): void {
  const current = context.target(before.target);
  // A fallback's incident gets no next episode here: the fallback is notified again if the original target again accepts nothing in
  // time.
  const goesOn = current?.terms.enabled === true && before.fallbackOf === null;
  // A late request is repaired at the endpoint that it went to.
  const inherits = goesOn && current.id === before.endpoint;
  const over: Incident = {
    ...after,
    wanted: { ...after.wanted, status: "resolved" },
    lateAttempts: inherits ? [] : after.lateAttempts,
    manualUntilMs: null,
  };
  context.put(before, deriveState(over, context.dueTerms(over), context.nowMs));
  if (!goesOn) return;
  // Reports of the receiver, and actions of people, belong to the episode that is over.
  const {
    id: _id,
    receiver: _receiver,
    acknowledgedBy: _by,
    lastActions: _actions,
    receipt: _receipt,
    confirmBy: _confirmBy,
    ...rest
  } = after;
  const next: Omit<Incident, "id"> = {
    ...rest,
    endpoint: current.id,
    lateAttempts: inherits ? after.lateAttempts : [],
    told: null,
    opened: false,
    state: "due",
    dueAtMs: context.nowMs,
    adopted: false,
    fellBack: false,
    fallbackOf: null,
    attempts: 0,
    failures: 0,
    lastFailure: null,
    retriedForMs: 0,
    acceptedAtMs: before.wanted.atMs,
    dueSinceMs: before.wanted.atMs,
    wanted: { ...after.wanted, acknowledged: false },
  };
  const opened = context.insert(deriveState({ ...next, id: 0 }, context.dueTerms(next), context.nowMs));
  for (const { fingerprint } of next.members) {
    context.store.addMember(fingerprint, opened);
    const record = context.store.alert(fingerprint);
    if (record)
      context.store.putAlert(record, {
        ...record,
        incidents: [...record.incidents.filter((one) => one !== before.id), opened.id],
      });
  }
}
