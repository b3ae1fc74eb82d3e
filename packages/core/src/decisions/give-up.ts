import type { Incident } from "../incidents/incident.ts";

/** Makes an incident a dead letter: it is sent again only if its desired state changes or an operator replays it. */
export const giveUp = (incident: Incident, reason: "dead_invalid" | "dead_expired"): Incident => ({
  ...incident,
  state: "dead",
  reason,
  dueAtMs: null,
});
