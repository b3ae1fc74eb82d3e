import type { AttemptAction } from "../model/event.ts";
import type { EventMark, Flight, Incident, Unaccepted } from "../model/incident.ts";
import type { Outcome } from "../model/outcome.ts";
import type { Severity } from "../model/severity.ts";

/**
 * Which event an attempt makes: the one that was attempted last and not accepted, else a new one. Whoever recognises
 * repeats takes the second attempt of an event for nothing new, so two events must never look like one: after a resolve of
 * unknown fate the trigger is another event than the trigger before it, and so is a reminder.
 */
export function eventOf(
  { unaccepted }: Incident,
  attempt: {
    readonly action: AttemptAction;
    readonly severity: Severity;
    readonly content?: string | undefined;
    readonly token: number;
    readonly atMs: number;
  },
): EventMark {
  const { action, severity, content } = attempt;
  if (unaccepted?.action === action && unaccepted.severity === severity && unaccepted.content === content) {
    return { token: unaccepted.token, atMs: unaccepted.atMs };
  }
  return { token: attempt.token, atMs: attempt.atMs };
}

/** What the attempt leaves to be attempted again. Absent outcome: nobody knows what came of it. */
export function unacceptedAfter(incident: Incident, flight: Flight, outcome?: Outcome): Unaccepted | null {
  const { action, severity, content, event } = flight;
  // A question for the key is no event; the one that it is about was refused.
  if (action === "check") return incident.unaccepted;
  if (outcome?.kind === "accepted" || outcome?.kind === "refused") return null;
  return { ...event, action, severity, ...(content === undefined ? {} : { content }) };
}
