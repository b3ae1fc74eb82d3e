import { urgency } from "../incidents/event.ts";
import type { Incident, Overtaken, Told } from "../incidents/incident.ts";
import { type DueTerms, fallbackDueAtMs, nextAction, tellAgainAtMs, urgencyOf } from "./next-action.ts";

/**
 * Derives from the facts of an incident its state and reason, and when to look at it again. Called after every change, so
 * that these three can never contradict the facts.
 */
export function plan(incident: Incident, terms: DueTerms, nowMs: number): Incident {
  const planned = stateOf(incident, terms, nowMs);
  const fallbackAtMs = fallbackDueAtMs(planned, terms);
  return planned.fallbackAtMs === fallbackAtMs ? planned : { ...planned, fallbackAtMs };
}

function stateOf(incident: Incident, terms: DueTerms, nowMs: number): Incident {
  if (incident.flight)
    return { ...incident, state: "in_flight", reason: "in_flight", dueAtMs: incident.flight.leaseUntilMs };
  if (incident.state === "dead") return { ...incident, dueAtMs: null, dueSinceMs: null };
  const action = nextAction(incident, terms);
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
  const repairAtMs = earliest(incident.overtaken.map((one) => one.untilMs));
  const rest = { ...incident, urgency: urgency.reminder, dueSinceMs: null };
  if (incident.told === null)
    return {
      ...rest,
      state: "not_told",
      reason: incident.state === "not_told" ? incident.reason : "resolved_before_told",
      // A late trigger of an earlier episode would open what nobody here has to end.
      dueAtMs: incident.wanted.status === "resolved" ? earliest(lateTriggers(incident.overtaken)) : null,
    };
  const shadow = incident.told.shadow === true;
  const reason = shadow ? "shadow" : "delivered";
  if (incident.wanted.status === "resolved" || incident.kind === "change")
    return { ...rest, state: "closed", reason, dueAtMs: repairAtMs };
  return {
    ...rest,
    state: shadow ? "not_told" : "told",
    reason: incident.unconfirmed && !shadow ? "unconfirmed" : reason,
    dueAtMs: earliest([repairAtMs, retellAtMs(incident, terms)]),
  };
}

/** Plans after the wanted side changed: a new action is due at once, whatever backoff the old one was in. */
export function replan(before: Incident, after: Incident, terms: DueTerms, nowMs: number): Incident {
  if (after.state === "dead") {
    // What may have been told must still be ended; what was never told rests.
    if (after.wanted.status === "firing") return plan(after, terms, nowMs);
    return plan({ ...after, state: "due", dueAtMs: nowMs }, terms, nowMs);
  }
  // What rests untold is woken by a firing alert that is routed here, not by a change of its members or by a person.
  if (before.state === "not_told" && before.told === null) {
    const planned = plan(after, terms, nowMs);
    return planned.state === "due" ? { ...after, dueAtMs: null } : planned;
  }
  // What is told keeps its date as well: a reminder that failed is in its backoff whatever is said meanwhile.
  const known = before.state === "due" || before.state === "told";
  const same = known && nextAction(before, terms) === nextAction(after, terms);
  return plan(same ? after : { ...after, dueAtMs: null }, terms, nowMs);
}

/**
 * Whether a late request may have changed back what the receiver shows: not if it arrived before that was sent. A trigger reopens what was resolved, or shows other
 * words; a resolve closes what is open. A late acknowledge is dropped where the incident is resolved; where it is open, a
 * repeated trigger would not take it back.
 */
function undoes({ action, content, untilMs }: Overtaken, told: Told): boolean {
  if (untilMs < (told.sinceMs ?? told.atMs)) return false;
  if (action === "resolve") return told.event !== "resolve";
  if (action !== "trigger") return false;
  return told.event === "resolve" || (told.content !== undefined && content !== told.content);
}

const lateTriggers = (overtaken: readonly Overtaken[]): number[] =>
  overtaken.flatMap(({ action, untilMs }) => (action === "trigger" ? [untilMs] : []));

/**
 * A request of an owner that lost its lease may have arrived until `untilMs`. Once that is past, or the owner reported,
 * the last certain event is repeated where the late one may have undone it. Where nothing was told in this episode, a late
 * trigger of an earlier one counts as perhaps told.
 */
export function repairLate(incident: Incident, isOver: (one: Overtaken) => boolean): Incident {
  const over = incident.overtaken.filter((one) => isOver(one));
  if (over.length === 0) return incident;
  const { told, wanted } = incident;
  // A trigger or resolve of unknown fate is sent again anyway. An acknowledge is too, but a closed incident drops it.
  const mayBeUndone = told !== null && (told.certain || told.event === "acknowledge");
  const undone = mayBeUndone && over.some((one) => undoes(one, told));
  const [openedAtMs] = told === null && wanted.status === "resolved" ? lateTriggers(over) : [];
  return {
    ...incident,
    ...(openedAtMs !== undefined && {
      told: { event: "trigger" as const, certain: false, severity: wanted.severity, atMs: openedAtMs },
    }),
    overtaken: incident.overtaken.filter((one) => !isOver(one)),
    repeat: incident.repeat || undone,
  };
}

/** What failed to be said again waits out its backoff: by its date alone it would be due again at once. */
function retellAtMs(incident: Incident, terms: DueTerms): number | null {
  const againAtMs = tellAgainAtMs(incident, terms);
  return againAtMs === null || incident.lastFailure === null ? againAtMs : Math.max(againAtMs, incident.dueAtMs ?? 0);
}

const earliest = (instants: readonly (number | null)[]): number | null => {
  let least: number | null = null;
  for (const instant of instants) if (instant !== null && (least === null || instant < least)) least = instant;
  return least;
};
