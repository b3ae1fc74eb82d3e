import type { Incident } from "../incidents/incident.ts";
import type { DueTerms } from "./next-action.ts";

/**
 * When the incident is also sent to the fallback; null: never. A critical counts as undelivered until a trigger is certainly
 * accepted. If a person acknowledged its alerts at another target, nobody else has to be called.
 */
export const fallbackDueAtMs = (incident: Incident, terms: DueTerms): number | null =>
  terms.fallbackAfterMs !== undefined &&
  incident.kind === "alert" &&
  incident.wanted.status === "firing" &&
  incident.wanted.severity === "critical" &&
  !incident.wanted.acknowledged &&
  incident.state !== "not_told" &&
  !incident.opened &&
  !incident.fellBack
    ? incident.acceptedAtMs + terms.fallbackAfterMs
    : null;
