import type { Incident } from "../incidents/incident.ts";

/**
 * The difference between an incident and what the receiver shows for its dedup key:
 *
 * - `same`: none, or none that an event could remove
 * - `busy`: an event is due or on its way, so the receiver may show the new state at any moment
 * - `orphan`: it is open there, and its alert has ended
 * - `closed_there`: its alert fires, and the receiver has no open incident
 * - `not_sent`: it is open there, but no event of ours opened it
 */
export const receiverDifferences = ["same", "busy", "orphan", "closed_there", "not_sent"] as const;
export type ReceiverDifference = (typeof receiverDifferences)[number];

/** PagerDuty accepts an event before it applies it. A difference counts only this long after the last event. */
export const receiverLagMs = 120_000;

/**
 * Compares an incident with its receiver.
 *
 * @param incident the newest one of its target and dedup key
 * @param isOpenThere whether the receiver has an open incident for the key
 */
export function compareWithReceiver(incident: Incident, isOpenThere: boolean, nowMs: number): ReceiverDifference {
  const { told, wanted, state, flight, lateAttempts, kind } = incident;
  if (flight !== null || state === "due" || state === "candidate" || lateAttempts.length > 0) return "busy";
  if (kind === "change") return "same";
  if (told === null || told.shadow === true) return isOpenThere ? "not_sent" : "same";
  if (nowMs - told.atMs < receiverLagMs) return "busy";
  const hasEnded = wanted.status === "resolved";
  if (isOpenThere) return hasEnded && (state === "closed" || state === "dead") ? "orphan" : "same";
  return !hasEnded && state === "told" ? "closed_there" : "same";
}
