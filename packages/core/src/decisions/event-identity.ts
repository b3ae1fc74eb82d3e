import type { AttemptAction } from "../incidents/event.ts";
import type { EventIdentity, Flight, Incident, Told, Unaccepted } from "../incidents/incident.ts";
import type { Outcome } from "../incidents/outcome.ts";
import type { Severity } from "../alerts/severity.ts";

/**
 * Decides which event an attempt belongs to: the one that was attempted last and not accepted, or the delivered one that must be
 * repeated, else a new one. Receivers that recognise repeats ignore the second attempt of an event, so two events must never have
 * the same identity. After a resolve of unknown effect, for example, the trigger is a different event from the trigger before
 * that resolve. A reminder is a different event, too.
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

/** Severity and text matter only for triggers. */
const saysAgain = ({ action, severity, content }: Attempt, told: Told): boolean =>
  action === told.event && (action !== "trigger" || (severity === told.severity && content === told.content));

/** The event that must be attempted again after this attempt; null: none. Without an outcome, the attempt's result is unknown. */
export function unacceptedAfter(incident: Incident, flight: Flight, outcome?: Outcome): Unaccepted | null {
  const { action, severity, content, event } = flight;
  // A check of the key is not an event. The event that caused the check was refused.
  if (action === "check") return incident.unaccepted;
  if (outcome?.kind === "accepted" || outcome?.kind === "refused") return null;
  return { ...event, action, severity, ...(content === undefined ? {} : { content }) };
}
