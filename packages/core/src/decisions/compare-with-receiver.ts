import type { Incident } from "../incidents/incident.ts";

/**
 * The difference between an incident and what the receiver shows for its dedup key:
 *
 * - `orphan`: it is open there, and its alert has ended
 * - `closed_there`: its alert fires, and the receiver has no open incident
 */
export type ReceiverDifference = "orphan" | "closed_there";

/** PagerDuty accepts an event before it applies it. A difference counts only this long after the last event. */
export const receiverLagMs = 120_000;

/**
 * Compares an incident with its receiver. Undefined: there is no difference, no event could remove it, no event of ours opened the
 * incident there, or an event is due or on its way, so the receiver may show the new state at any moment.
 *
 * @param incident the newest one of its target and dedup key
 * @param isOpenThere whether the receiver has an open incident for the key
 */
export function compareWithReceiver(
  incident: Incident,
  isOpenThere: boolean,
  nowMs: number,
): ReceiverDifference | undefined {
  const { told, wanted, state, flight, lateAttempts, kind } = incident;
  if (flight !== null || state === "due" || state === "candidate" || lateAttempts.length > 0) return undefined;
  if (kind === "change" || told === null || told.shadow === true) return undefined;
  if (nowMs - told.atMs < receiverLagMs) return undefined;
  const hasEnded = wanted.status === "resolved";
  if (isOpenThere) return hasEnded && (state === "closed" || state === "dead") ? "orphan" : undefined;
  return !hasEnded && state === "told" ? "closed_there" : undefined;
}
