import { json } from "../../server/exchange.ts";
import type { Served, SimulatorAnswer, Violation } from "../../server/exchange.ts";
import type { Incident } from "../../state/incident-store.ts";
import type { Usage } from "../../state/rate-limiter.ts";

/** PagerDuty's REST errors. */
export const refuse = (
  status: number,
  code: number,
  message: string,
  violations: readonly Violation[] = [],
): Served => {
  const found = violations.length > 0 ? violations : [{ field: "incident", reason: message }];
  const errors = found.map((one) => one.reason);
  return { answer: json(status, { error: { message, code, errors } }), violations: found };
};

export const throttled = (): SimulatorAnswer => json(429, { error: { message: "Rate Limit Exceeded", code: 2020 } });

/** Headers of every answer. The reset is in seconds from now. */
export const usageHeaders = ({ limit, used, nowMs, resetAtMs }: Usage): Record<string, string> => ({
  "ratelimit-limit": String(limit),
  "ratelimit-remaining": String(Math.max(0, limit - used)),
  "ratelimit-reset": String(Math.max(0, Math.ceil((resetAtMs - nowMs) / 1000))),
});

const iso = (atMs: number | undefined): string | null => (atMs === undefined ? null : new Date(atMs).toISOString());

/** One service for each routing key. */
export const serviceReference = (incident: Incident) => ({
  id: `P${incident.key.slice(0, 6).toUpperCase()}`,
  type: "service_reference",
  summary: `Service of key ${incident.key}`,
  self: null,
  html_url: null,
});

export const incidentReference = (incident: Incident) => ({
  id: incident.id,
  type: "incident_reference",
  summary: `[#${incident.number}] ${incident.title}`,
  self: `https://api.pagerduty.invalid/incidents/${incident.id}`,
  html_url: `https://tocsin.pagerduty.invalid/incidents/${incident.id}`,
});

/** An incident that has alerts has no key of its own: the key belongs to its alert. */
export const incidentDocument = (incident: Incident) => ({
  ...incidentReference(incident),
  type: "incident",
  incident_number: incident.number,
  title: incident.title,
  status: incident.status,
  incident_key: null,
  created_at: iso(incident.openedAtMs),
  resolved_at: iso(incident.resolvedAtMs),
  ...lastStatusChange(incident),
  urgency: incident.severity === "warning" || incident.severity === "info" ? "low" : "high",
  service: serviceReference(incident),
  alert_counts: {
    all: 1,
    triggered: incident.status === "resolved" ? 0 : 1,
    resolved: incident.status === "resolved" ? 1 : 0,
  },
});

/** A person or the service changed it, as the log tells. */
function lastStatusChange(incident: Incident) {
  const last = incident.log.findLast(({ action }) => statusActions.includes(action));
  const byPerson = { id: "PERSON1", type: "user_reference", summary: "A person" };
  return {
    last_status_change_at: iso(last?.atMs ?? incident.openedAtMs),
    last_status_change_by: last?.by === "person" ? byPerson : serviceReference(incident),
  };
}

const statusActions: readonly string[] = ["acknowledge", "resolve", "reopen"];

export const alertId = (incident: Incident): string => `A${incident.id.slice(1)}`;

/** An alert is only triggered or resolved. Grouping is not simulated: one alert, one incident. */
export const alertDocument = (incident: Incident) => ({
  id: alertId(incident),
  type: "alert",
  summary: incident.summary,
  alert_key: incident.dedupKey,
  status: incident.status === "resolved" ? "resolved" : "triggered",
  severity: incident.severity,
  suppressed: false,
  created_at: iso(incident.openedAtMs),
  incident: incidentReference(incident),
  service: serviceReference(incident),
  body: { type: "alert_body", details: incident.log[0]?.details ?? null },
});
