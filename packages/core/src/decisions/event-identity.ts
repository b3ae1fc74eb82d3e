import type { AttemptAction } from "../incidents/event.ts";
import type { EventIdentity, Flight, Incident, Told, Unaccepted } from "../incidents/incident.ts";
import type { Outcome } from "../incidents/outcome.ts";
import type { Severity } from "../alerts/severity.ts";

/**
 * Says which event an attempt makes: the one that was attempted last and not accepted, or the one that is told and must be
 * repeated, else a new one. Receivers that recognise repeats ignore the second attempt of an event, so two events must never
 * look like one: after a resolve of unknown fate the trigger is another event than the trigger before it, and so is a reminder.
 */
export function eventIdentity({ unaccepted, told, repeat }: Incident, attempt: Attempt): EventIdentity {
  const { action, severity, content, token, atMs } = attempt;
  if (unaccepted?.action === action && unaccepted.severity === severity && unaccepted.content === content)
    return { token: unaccepted.token, atMs: unaccepted.atMs };
  if (told?.mark && (repeat || !told.certain) && saysAgain(attempt, told)) return told.mark;
  return { token, atMs };
}

interface Attempt {
  readonly action: AttemptAction;
  readonly severity: Severity;
  readonly content?: string | undefined;
  readonly token: number;
  readonly atMs: number;
}

/** Severity and words make a difference to a trigger only. */
const saysAgain = ({ action, severity, content }: Attempt, told: Told): boolean =>
  action === told.event && (action !== "trigger" || (severity === told.severity && content === told.content));

/** What the attempt leaves to be attempted again. Absent outcome: nobody knows what came of it. */
export function unacceptedAfter(incident: Incident, flight: Flight, outcome?: Outcome): Unaccepted | null {
  const { action, severity, content, event } = flight;
  // A question for the key is no event; the one that it is about was refused.
  if (action === "check") return incident.unaccepted;
  if (outcome?.kind === "accepted" || outcome?.kind === "refused") return null;
  return { ...event, action, severity, ...(content === undefined ? {} : { content }) };
}
