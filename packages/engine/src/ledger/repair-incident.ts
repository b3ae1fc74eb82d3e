import { compareWithReceiver, type IncidentRepair } from "@tocsin/core/decisions";
import { dueAgain } from "./due-again.ts";
import type { LedgerContext } from "./ledger-context.ts";

/**
 * Sends the last event of an incident again, because the receiver does not show its effect. False: the incident is not as it was when
 * the receiver was asked, so nothing follows from the answer.
 */
export function repairIncident(context: LedgerContext, { incident: id, toldAtMs, isOpenThere, why }: IncidentRepair) {
  const { store, nowMs } = context;
  const incident = store.incident(id);
  if (incident?.told?.atMs !== toldAtMs) return false;
  // A later episode decides what the receiver has to show.
  if (store.latestIncident(incident.target, incident.dedupKey)?.id !== id) return false;
  // Its endpoint was dropped after it was over: no key is left to send with.
  if (!context.findEndpoint(incident.endpoint)) return false;
  // The caller has waited for the receiver: no event was sent since it asked.
  if (compareWithReceiver(incident, isOpenThere, Number.POSITIVE_INFINITY) === undefined) return false;
  context.note(id, "repaired", why);
  context.putDerived(incident, { ...dueAgain(incident, nowMs), updatedAtMs: nowMs, repeat: true });
  return true;
}
