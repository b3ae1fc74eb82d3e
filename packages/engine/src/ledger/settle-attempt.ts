import {
  type EventAction,
  type Flight,
  type Incident,
  leadingMember,
  nextAction,
  type Outcome,
  type Report,
  settle,
  unacceptedAfter,
} from "@tocsin/core/decisions";
import { judgeOutcome } from "../admission/judge-outcome.ts";
import { attemptNote } from "./attempt-note.ts";
import type { InFlight } from "../worker/in-flight.ts";
import { nextEpisode } from "./next-episode.ts";
import { applyLateReport, isUnanswered, withLateAttempt } from "./late-reports.ts";
import type { LedgerContext } from "./ledger-context.ts";
import { markNotTold } from "./mark-not-told.ts";
import { traceOf } from "./traces.ts";

/** A check that begins later than this after the event was refused may test a different key. */
const maxKeyDoubtMs = 10_000;

/**
 * Applies a report to its incident. False: the report was applied before, or the lease had been lost; then the effect of the
 * attempt is repaired instead.
 */
export function settleAttempt(context: LedgerContext, inFlight: InFlight, report: Report): boolean {
  const { lease, outcome } = report;
  const incident = context.store.incident(lease.incident);
  if (!incident) return false;
  const { flight } = incident;
  if (incident.settledToken === lease.token) return false;
  if (flight?.token !== lease.token) {
    applyLateReport(context, incident, report);
    return false;
  }
  const endpoint = context.endpoint(incident.endpoint);
  inFlight.remove(flight.owner, endpoint.terms.name);
  context.leaseExpiry.delete(incident.id);
  const { credential, timeoutMs } = endpoint.terms;
  // A request without an answer may still be on its way, for at most another timeout. If the receiver itself closed the
  // connection, its limit has counted the attempt by now, although a system behind it may still act on the request.
  const lateMs = isUnanswered(outcome) ? timeoutMs : 0;
  const countedMs = outcome.kind === "ambiguous" && outcome.receiverClosed ? 0 : lateMs;
  context.gates.discharge(credential, lease.token, context.nowMs + countedMs);
  const refusedAtMs = incident.lastFailure?.atMs ?? context.nowMs;
  const keyWasDoubtful =
    flight.sinceMs - refusedAtMs > maxKeyDoubtMs ||
    context.gates.blocks.blockedSince(endpoint.terms.access, refusedAtMs - timeoutMs);
  judgeOutcome(context.gates, endpoint.terms, { incident: incident.id, flight, outcome }, context.nowMs);

  const random = context.random();
  const { confirmWithinMs } = endpoint.terms;
  const terms = { nowMs: context.nowMs, retry: context.settings.retry, random, keyWasDoubtful, confirmWithinMs };
  const unaccepted = unacceptedAfter(incident, flight, outcome);
  const settled = { ...settle(incident, flight, outcome, terms), settledToken: flight.token, unaccepted };
  const reported = endpoint.terms.traits.keepsReceipt ? withReceipt(settled, flight, outcome) : settled;
  const after = lateMs > 0 ? withLateAttempt(endpoint, reported, flight, context.nowMs + lateMs) : reported;
  context.note(
    incident.id,
    attemptNote(flight, outcome, report.durationMs),
    "detail" in outcome ? outcome.detail : undefined,
  );
  if (after.state === "dead") addDeadLetter(context, after, report);
  if (outcome.kind === "accepted" && flight.action === "resolve" && incident.wanted.status === "firing") {
    nextEpisode(context, incident, after);
    return true;
  }
  const placed = context.atCurrentEndpoint(reviveForResolve(context, after, flight));
  const derived = context.putDerived(incident, placed);
  // Its target was disabled or its filter stopped matching during the attempt. An incident that was not delivered rests now, as
  // one without an attempt in flight did then.
  const unwanted = flight.unwanted === true || !context.target(derived.target)?.terms.enabled;
  if (unwanted && derived.state === "due" && derived.told === null) markNotTold(context, derived);
  return true;
}

/**
 * The receiver refused an event for good after the alert had ended. No source will repeat the alert, so an event that may have
 * been delivered is resolved now. Only a resolve may follow: any other event would be refused again, without end.
 */
function reviveForResolve(context: LedgerContext, incident: Incident, flight: Flight): Incident {
  if (incident.state !== "dead" || incident.wanted.status === "firing" || flight.action === "resolve") return incident;
  const alive: Incident = { ...incident, state: "due", dueAtMs: context.nowMs };
  const next = nextAction(alive, context.dueTerms(alive));
  return next === "resolve" || next === null ? alive : incident;
}

/** Keeps what the receiver needs to recognize the incident in later events. */
const withReceipt = (incident: Incident, { action, shadow }: Flight, outcome: Outcome): Incident =>
  outcome.kind === "accepted" && action !== "check" && action !== "change" && !shadow
    ? { ...incident, receipt: outcome.receipt }
    : incident;

/** A check of the key is not an event. Its dead letter names the event that was refused before the check. */
function refusedAction(context: LedgerContext, incident: Incident): EventAction {
  const alive: Incident = { ...incident, state: "due", dueAtMs: context.nowMs, checkKey: false };
  const action = nextAction(alive, context.dueTerms(alive));
  return action === null || action === "check" ? "trigger" : action;
}

function addDeadLetter(context: LedgerContext, incident: Incident, { lease, outcome, rendered }: Report): void {
  const letter = {
    incident: incident.id,
    target: incident.target,
    dedupKey: incident.dedupKey,
    action: lease.action === "check" ? refusedAction(context, incident) : lease.action,
    reason: incident.reason,
    answer: incident.lastFailure?.detail ?? ("detail" in outcome ? outcome.detail : ""),
  };
  context.store.addDeadLetter({ ...letter, rendered: rendered ?? null, atMs: context.nowMs, replayedAtMs: null });
  const { fingerprint } = leadingMember(incident.members);
  context.report({ kind: "dead_letter", ...letter, fingerprint, ...traceOf(incident) });
}
