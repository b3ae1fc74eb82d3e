import {
  type Flight,
  type Incident,
  type LateAttempt,
  type Outcome,
  repairLateAttempts,
  type Report,
} from "@tocsin/core/decisions";
import type { LedgerContext } from "./ledger-context.ts";
import type { EndpointRecord } from "./store.ts";

/**
 * Records that an attempt may still arrive until then, after the next event. Once that time has passed, the ledger repeats the
 * event that the attempt may have undone. Receivers without state have nothing to undo.
 */
export function withLateAttempt(
  { terms }: EndpointRecord,
  incident: Incident,
  flight: Flight,
  untilMs: number,
): Incident {
  const { token, action, content } = flight;
  if (action === "check" || terms.traits.stateless) return incident;
  const late: LateAttempt = { token, action, ...(content === undefined ? {} : { content }), untilMs };
  return { ...incident, lateAttempts: [...incident.lateAttempts, late] };
}

/** The request left, and no answer came. */
export const isUnanswered = (outcome: Outcome): boolean =>
  (outcome.kind === "ambiguous" && outcome.status === undefined) || (outcome.kind === "interrupted" && outcome.left);

/**
 * An owner reports an attempt whose lease it had lost. The attempt stays on record, and an event that it may have undone is
 * repeated. An owner that was paused for longer than a late attempt is expected may even have undone an event of a later
 * episode.
 */
export function applyLateReport(context: LedgerContext, incident: Incident, { lease, outcome }: Report): void {
  const { token, action, timeoutMs, leaseUntilMs } = lease;
  if (action === "check") return;
  const latest = context.store.latestIncident(incident.target, incident.dedupKey) ?? incident;
  const now = latest.endpoint === incident.endpoint ? latest : incident;
  const expected = [incident, now].find(({ lateAttempts }) => lateAttempts.some((one) => one.token === token));
  // The lease has not ended and was not taken over: the attempt was settled, later attempts were too, and the ledger's answer to
  // the first report got lost.
  if (!expected && context.nowMs < leaseUntilMs) return;
  const holder = expected ?? (outcome.kind === "interrupted" && !outcome.left ? undefined : now);
  if (!holder) return;
  context.note(holder.id, "reported_late", action);
  // If the target was removed since and nothing is open there, there is nothing to repair either.
  const endpoint = context.findEndpoint(holder.endpoint);
  if (!endpoint || endpoint.terms.traits.stateless) return;
  const unanswered = isUnanswered(outcome);
  const untilMs = context.nowMs + (unanswered ? timeoutMs : 0);
  const known = holder.lateAttempts.find((one) => one.token === token);
  const others = holder.lateAttempts.filter((one) => one !== known);
  const late: Incident = { ...holder, lateAttempts: [...others, { ...known, token, action, untilMs }] };
  // The attempt may still arrive, or the attempt in flight may have reached the receiver before it. Judged after `untilMs`.
  if (unanswered || holder.flight) return void context.putDerived(holder, late);
  const repaired = repairLateAttempts(late, (one) => one.token === token);
  context.putDerived(holder, repaired.repeat && !holder.repeat ? { ...repaired, dueAtMs: context.nowMs } : repaired);
}
