import {
  type AttemptReason,
  type Flight,
  type Incident,
  nextAction,
  type Outcome,
  deriveState,
  repairLateAttempts,
  settle as settled,
  throttledWaitMs,
  unacceptedAfter,
} from "@tocsin/core/decisions";
import { answered, failed } from "../admission/breaker.ts";
import { throttled, unpaused } from "../admission/throttle.ts";
import type { InFlight } from "../worker/in-flight.ts";
import { freeProbes, withLate } from "./lease-due.ts";
import type { LedgerContext } from "./ledger-context.ts";
import { rest as restUntold } from "./apply-routes.ts";
import type { PackedReport } from "./wire-format.ts";
import type { EndpointRecord } from "./store.ts";

/** A key that is asked about later than this after an event was refused may be another one by then. */
const longestDoubtMs = 10_000;

/**
 * True where the report was applied, false where it had been before, or where the lease had been lost and its effect is
 * repaired instead.
 */
export function settleAttempt(context: LedgerContext, inFlight: InFlight, report: PackedReport): boolean {
  const { lease, outcome } = report;
  const incident = context.store.incident(lease.incident);
  if (!incident) return false;
  const { flight } = incident;
  if (incident.settledToken === lease.token) return false;
  if (flight?.token !== lease.token) {
    reportedLate(context, incident, report);
    return false;
  }
  const endpoint = context.endpoint(incident.endpoint);
  inFlight.remove(flight.owner, endpoint.terms.name);
  context.leaseExpiry.delete(incident.id);
  const { credential, timeoutMs } = endpoint.terms;
  // A request without an answer may still be on its way, for as long as it might have taken from here. Where the receiver itself
  // closed the connection, its limit has counted the attempt, although what is behind it may still act on the request.
  const lateMs = wentUnanswered(outcome) ? timeoutMs : 0;
  const countedMs = outcome.kind === "ambiguous" && outcome.receiverClosed ? 0 : lateMs;
  context.gates.discharge(credential, lease.token, context.nowMs + countedMs);
  const refusedAtMs = incident.lastFailure?.atMs ?? context.nowMs;
  const keyWasDoubtful =
    flight.sinceMs - refusedAtMs > longestDoubtMs ||
    context.gates.blockedSince(endpoint.terms.access, refusedAtMs - timeoutMs);
  judge(context, endpoint, incident, flight, outcome);

  const random = context.random();
  const terms = { nowMs: context.nowMs, retry: context.settings.retry, random, keyWasDoubtful };
  const unaccepted = unacceptedAfter(incident, flight, outcome);
  const reported = { ...settled(incident, flight, outcome, terms), settledToken: flight.token, unaccepted };
  const after = lateMs > 0 ? withLate(endpoint, reported, flight, context.nowMs + lateMs) : reported;
  context.note(incident.id, noteOf(flight, outcome), "detail" in outcome ? outcome.detail : undefined);
  if (after.state === "dead") bury(context, after, report);
  if (outcome.kind === "accepted" && flight.action === "resolve" && incident.wanted.status === "firing") {
    nextEpisode(context, incident, after);
    return true;
  }
  const placed = atCurrentEndpoint(context, stillOwed(context, after, flight));
  const planned = context.put(incident, deriveState(placed, context.dueTerms(placed), context.nowMs));
  // Its target or its filter let go of it while the attempt was under way: what rested then, rests now.
  const gone = flight.unwanted === true || !context.target(planned.target)?.terms.enabled;
  if (gone && planned.state === "due" && planned.told === null) restUntold(context, planned);
  return true;
}

/**
 * Refused for good after its alert had ended meanwhile: nobody will speak of it again, so what may have been told is ended
 * now. Only an end: anything else would be refused again, for ever.
 */
function stillOwed(context: LedgerContext, incident: Incident, flight: Flight): Incident {
  if (incident.state !== "dead" || incident.wanted.status === "firing" || flight.action === "resolve") return incident;
  const alive: Incident = { ...incident, state: "due", dueAtMs: context.nowMs };
  const next = nextAction(alive, context.dueTerms(alive));
  return next === "resolve" || next === null ? alive : incident;
}

/** It left, and nobody answered. */
const wentUnanswered = (outcome: Outcome): boolean =>
  (outcome.kind === "ambiguous" && outcome.status === undefined) || (outcome.kind === "interrupted" && outcome.left);

/** A shadow's event is named as one: it was not sent. */
const noteOf = (flight: Flight, outcome: Outcome): string =>
  outcome.kind === "accepted"
    ? `${flight.shadow ? "shadow " : ""}${flight.action}`
    : `${flight.action} ${"reason" in outcome ? outcome.reason : outcome.kind}`;

/** Applies the outcome to the breaker of the target, the block of its access and the pause of its credential. */
function judge(
  context: LedgerContext,
  endpoint: EndpointRecord,
  incident: Incident,
  flight: Flight,
  outcome: Outcome,
): void {
  const { gates, nowMs } = context;
  const { terms } = endpoint;
  const { token } = flight;
  if (outcome.kind === "interrupted") return freeProbes(context, endpoint, token);
  // Nothing was sent, so no receiver answered.
  if (flight.shadow && outcome.kind === "accepted") return;

  const breaker = gates.breaker(terms.name);
  gates.putBreaker(
    terms.name,
    isInfrastructure(outcome) ? failed(breaker, incident.id, token, nowMs) : answered(breaker),
  );

  // An attempt of before a change of its credential or headers says nothing about the new ones.
  if (gates.isOutdated(terms.access, flight.sinceMs)) freeProbes(context, endpoint, token);
  else if (outcome.kind === "blocked") gates.blockFor(terms.access, outcome.state, outcome.detail, nowMs);
  else if (outcome.kind === "refused" && flight.action === "check")
    gates.blockFor(terms.access, "unauthorized", outcome.detail, nowMs);
  else if (outcome.kind === "accepted") gates.unblock(terms.access, nowMs);
  else freeProbes(context, endpoint, token);

  const throttle = gates.throttle(terms.credential);
  if ("reason" in outcome && outcome.reason === "rate_limited") {
    const waitMs = ("retryAfterMs" in outcome ? outcome.retryAfterMs : undefined) ?? throttledWaitMs;
    const limit = gates.fullLimit(terms.credential);
    gates.putThrottle(terms.credential, throttled(throttle, { startedAtMs: flight.sinceMs, nowMs, waitMs, limit }));
  } else if (!isInfrastructure(outcome)) gates.putThrottle(terms.credential, unpaused(throttle, flight.sinceMs));
}

const infrastructure: ReadonlySet<AttemptReason> = new Set(["server", "network", "timeout", "tls"]);

/** Only these say that the receiver is ill; who answers 429 or 4xx is well. */
const isInfrastructure = (outcome: Outcome): boolean => "reason" in outcome && infrastructure.has(outcome.reason);

/** Nothing was told at an endpoint that its target has left meanwhile: told where the target is now. */
export function atCurrentEndpoint(context: LedgerContext, incident: Incident): Incident {
  const current = context.target(incident.target);
  if (incident.told !== null || !current || current.id === incident.endpoint) return incident;
  return { ...incident, endpoint: current.id, checkKey: false };
}

/**
 * The end was told while its alert fired again: this episode is over and the next begins, waiting since the alert came
 * back.
 */
function nextEpisode(context: LedgerContext, before: Incident, after: Incident): void {
  const current = context.target(before.target);
  // A fallback's next episode is the fallback's to begin, where the target stays untold again.
  const goesOn = current?.terms.enabled === true && before.fallbackOf === null;
  // A late request is repaired where it went.
  const inherits = goesOn && current.id === before.endpoint;
  const over: Incident = {
    ...after,
    wanted: { ...after.wanted, status: "resolved" },
    lateAttempts: inherits ? [] : after.lateAttempts,
    manualUntilMs: null,
  };
  context.put(before, deriveState(over, context.dueTerms(over), context.nowMs));
  if (!goesOn) return;
  const { id: _id, ...rest } = after;
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

/**
 * The owner had lost its lease: its attempt stays on record, and where it may have undone something, that is repeated. An
 * owner that was away for longer than anybody reckoned with may have undone what a later episode told.
 */
function reportedLate(context: LedgerContext, incident: Incident, { lease, outcome }: PackedReport): void {
  const { token, action, timeoutMs, leaseUntilMs } = lease;
  if (action === "check") return;
  const latest = context.store.latestIncident(incident.target, incident.dedupKey) ?? incident;
  const now = latest.endpoint === incident.endpoint ? latest : incident;
  const expected = [incident, now].find(({ lateAttempts }) => lateAttempts.some((one) => one.token === token));
  // Its lease lasts and nobody took it over: it was settled, and other attempts since. The answer to that got lost.
  if (!expected && context.nowMs < leaseUntilMs) return;
  const holder = expected ?? (outcome.kind === "interrupted" && !outcome.left ? undefined : now);
  if (!holder) return;
  context.note(holder.id, "reported_late", action);
  // Its target was removed since and nothing is open there: then there is nothing to repair either.
  const place = context.findEndpoint(holder.endpoint);
  if (!place || place.terms.traits.stateless) return;
  const unanswered = wentUnanswered(outcome);
  const untilMs = context.nowMs + (unanswered ? timeoutMs : 0);
  const known = holder.lateAttempts.find((one) => one.token === token);
  const others = holder.lateAttempts.filter((one) => one !== known);
  const late: Incident = { ...holder, lateAttempts: [...others, { ...known, token, action, untilMs }] };
  // It may still arrive, or the attempt under way may have met the receiver before it: judged when that is past.
  if (unanswered || holder.flight) return void context.planned(holder, late);
  const repaired = repairLateAttempts(late, (one) => one.token === token);
  context.planned(holder, repaired.repeat && !holder.repeat ? { ...repaired, dueAtMs: context.nowMs } : repaired);
}

function bury(context: LedgerContext, incident: Incident, { lease, outcome, rendered }: PackedReport): void {
  const letter = {
    incident: incident.id,
    target: incident.target,
    dedupKey: incident.dedupKey,
    action: lease.action,
    reason: incident.reason,
    answer: incident.lastFailure?.detail ?? ("detail" in outcome ? outcome.detail : ""),
  };
  context.store.addDeadLetter({ ...letter, rendered: rendered ?? null, atMs: context.nowMs, replayedAtMs: null });
  context.report({ kind: "dead_letter", ...letter });
}
