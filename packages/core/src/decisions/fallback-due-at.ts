import type { Incident } from "../incidents/incident.ts";
import type { DueTerms } from "./next-action.ts";

/** When the fallback hears of it; null: never. A critical counts as untold until a trigger was certainly accepted. */
export const fallbackDueAtMs = (incident: Incident, terms: DueTerms): number | null =>
  terms.fallbackAfterMs !== undefined &&
  incident.kind === "alert" &&
  incident.wanted.status === "firing" &&
  incident.wanted.severity === "critical" &&
  incident.state !== "not_told" &&
  !incident.opened &&
  !incident.fellBack
    ? incident.acceptedAtMs + terms.fallbackAfterMs
    : null;
