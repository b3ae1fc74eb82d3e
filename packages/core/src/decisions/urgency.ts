import { type AttemptAction, type Urgency, urgency } from "../incidents/event.ts";
import type { Incident } from "../incidents/incident.ts";
import type { Severity } from "../alerts/severity.ts";

const triggerUrgency: Record<Severity, Urgency> = {
  critical: urgency.criticalTrigger,
  error: urgency.errorTrigger,
  warning: urgency.warningTrigger,
  info: urgency.infoTrigger,
};

/** The place of an incident's next event in the order of work. An adopted resolve waits behind everything else. */
export function urgencyOf(incident: Incident, action: AttemptAction): Urgency {
  switch (action) {
    case "change":
      return urgency.change;
    case "resolve":
    case "acknowledge":
      if (incident.adopted && incident.told === null) return urgency.reminder;
      return (incident.told?.severity ?? incident.wanted.severity) === "critical"
        ? urgency.criticalFollowUp
        : urgency.followUp;
    case "trigger":
    case "check":
      return triggerUrgency[incident.wanted.severity];
  }
}
