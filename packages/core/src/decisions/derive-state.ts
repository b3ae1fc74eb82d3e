import { urgency } from "../incidents/event.ts";
import type { Incident } from "../incidents/incident.ts";
import { isUnconfirmedCritical, withoutNeedlessConfirmBy } from "./confirm-by.ts";
import { fallbackDueAtMs } from "./fallback-due-at.ts";
import { lateTriggerEnds } from "./late-attempts.ts";
import { type DueTerms, nextAction } from "./next-action.ts";
import { reminderAtMs } from "./reminders.ts";
import { urgencyOf } from "./urgency.ts";

/**
 * Derives an incident's state, its reason and the time of the next look from its facts. Called after every change, so that these
 * three can never contradict the facts.
 */
export function deriveState(incident: Incident, terms: DueTerms, nowMs: number): Incident {
  const planned = stateOf(withoutNeedlessConfirmBy(incident, terms), terms, nowMs);
  const fallbackAtMs = fallbackDueAtMs(planned, terms);
  return planned.fallbackAtMs === fallbackAtMs ? planned : { ...planned, fallbackAtMs };
}

function stateOf(given: Incident, terms: DueTerms, nowMs: number): Incident {
  const incident = given.verdictUntilMs === undefined ? given : withoutNeedlessWait(given, terms, nowMs);
  if (incident.flight)
    return { ...incident, state: "in_flight", reason: "in_flight", dueAtMs: incident.flight.leaseUntilMs };
  if (incident.state === "dead") return { ...incident, dueAtMs: null, dueSinceMs: null };
  const action = nextAction(incident, terms);
  if (incident.verdictUntilMs !== undefined)
    return {
      ...incident,
      state: "candidate",
      reason: "waiting_classification",
      urgency: urgencyOf(incident, "trigger"),
      // Due then without further decisions, whatever became of the process that asked for the verdict.
      dueAtMs: incident.verdictUntilMs,
      dueSinceMs: incident.dueSinceMs ?? nowMs,
    };
  if (action !== null) {
    const dueAtMs = incident.dueAtMs ?? nowMs;
    return {
      ...incident,
      state: "due",
      reason: dueAtMs > nowMs ? "waiting_retry" : incident.told?.certain === false ? "ambiguous" : "waiting_turn",
      urgency: urgencyOf(incident, action),
      dueAtMs,
      dueSinceMs: incident.dueSinceMs ?? nowMs,
    };
  }
  const repairAtMs = earliest(incident.lateAttempts.map((one) => one.untilMs));
  const rest = { ...incident, urgency: urgency.reminder, dueSinceMs: null };
  if (incident.told === null)
    return {
      ...rest,
      state: "not_told",
      reason: incident.state === "not_told" ? incident.reason : "resolved_before_told",
      // A late trigger of an earlier episode would open an incident that this episode has no reason to resolve.
      dueAtMs: incident.wanted.status === "resolved" ? earliest(lateTriggerEnds(incident.lateAttempts)) : null,
    };
  const shadow = incident.told.shadow === true;
  const reason = shadow ? "shadow" : "delivered";
  if (incident.wanted.status === "resolved" || incident.kind === "change")
    return { ...rest, state: "closed", reason, dueAtMs: repairAtMs };
  return {
    ...rest,
    state: shadow ? "not_told" : "told",
    reason: (incident.unconfirmed && !shadow) || isUnconfirmedCritical(incident) ? "unconfirmed" : reason,
    dueAtMs: earliest([repairAtMs, reminderAfterBackoffMs(incident, terms)]),
  };
}

/** Only a trigger of which nothing was sent waits for a verdict. In particular, no resolve does. */
function withoutNeedlessWait(incident: Incident, terms: DueTerms, nowMs: number): Incident {
  const { verdictUntilMs, kind, flight, told, state, wanted } = incident;
  const waits =
    verdictUntilMs !== undefined &&
    verdictUntilMs > nowMs &&
    kind === "alert" &&
    flight === null &&
    told === null &&
    state !== "dead" &&
    wanted.status === "firing" &&
    nextAction(incident, terms) === "trigger";
  return waits ? incident : withoutWait(incident);
}

/** The incident, no longer waiting for a verdict. */
export function withoutWait(incident: Incident): Incident {
  if (incident.verdictUntilMs === undefined) return incident;
  const { verdictUntilMs: _, ...others } = incident;
  return others;
}

/** Derives the state after the desired state changed: a new action is due at once, even if the old one was in backoff. */
export function deriveStateAfterChange(before: Incident, after: Incident, terms: DueTerms, nowMs: number): Incident {
  if (after.state === "dead") {
    // If something may have been delivered, it must still be resolved. Otherwise there is nothing to do.
    if (after.wanted.status === "firing") return deriveState(after, terms, nowMs);
    return deriveState({ ...after, state: "due", dueAtMs: nowMs }, terms, nowMs);
  }
  // A firing alert that is routed here makes an undelivered incident due again. A change of members or a person does not.
  if (before.state === "not_told" && before.told === null) {
    const planned = deriveState(after, terms, nowMs);
    return planned.state === "due" || planned.state === "candidate" ? { ...after, dueAtMs: null } : planned;
  }
  // A delivered incident keeps its date only while a failed reminder is in its backoff: any other date follows from the old content.
  const known = before.state === "due" || (before.state === "told" && before.dueAtMs !== reminderAtMs(before, terms));
  const same = known && nextAction(before, terms) === nextAction(after, terms);
  return deriveState(same ? after : { ...after, dueAtMs: null }, terms, nowMs);
}

/** A reminder that failed waits until its backoff ends. By its own date alone it would be due again at once. */
function reminderAfterBackoffMs(incident: Incident, terms: DueTerms): number | null {
  const againAtMs = reminderAtMs(incident, terms);
  return againAtMs === null || incident.lastFailure === null ? againAtMs : Math.max(againAtMs, incident.dueAtMs ?? 0);
}

const earliest = (instants: readonly (number | null)[]): number | null => {
  let least: number | null = null;
  for (const instant of instants) if (instant !== null && (least === null || instant < least)) least = instant;
  return least;
};
