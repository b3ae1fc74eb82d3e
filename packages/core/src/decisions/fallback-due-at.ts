import type { Incident } from "../incidents/incident.ts";
import { confirmDueAtMs } from "./confirm-by.ts";
import type { DueTerms } from "./next-action.ts";

/**
 * When the incident is also sent to the fallback; null: never. A critical counts as undelivered until a trigger is certainly
 * accepted, and again if its receiver does not confirm it in time. If a person acknowledged its alerts at another target, nobody
 * else has to be called.
 */
export function fallbackDueAtMs(incident: Incident, terms: DueTerms): number | null {
  // Without a fallback, the time is needed too: the critical becomes a problem that Tocsin reports.
  if (incident.opened) return confirmDueAtMs(incident) ?? null;
  return terms.fallbackAfterMs !== undefined &&
    incident.kind === "alert" &&
    incident.wanted.status === "firing" &&
    incident.wanted.severity === "critical" &&
    !incident.wanted.acknowledged &&
    incident.state !== "not_told" &&
    !incident.fellBack
    ? incident.acceptedAtMs + terms.fallbackAfterMs
    : null;
}
