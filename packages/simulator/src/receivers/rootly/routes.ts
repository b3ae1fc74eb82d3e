import type { Schema } from "../schema.ts";
import * as alerts from "./alerts.ts";
import * as incidents from "./incidents.ts";
import { document, page } from "./rootly-documents.ts";
import * as schema from "./rootly-schema.ts";
import type { Handle } from "./visit.ts";

export interface Route {
  readonly method: string;
  /** Its only group is the id. */
  readonly path: RegExp;
  /** Its name in the journal. */
  readonly action: string;
  /** Absent: no body is read. */
  readonly schema?: Schema;
  /** A call without any body is fine. */
  readonly bodyOptional?: boolean;
  /** Alert creation has a limit of its own. */
  readonly limit?: "rootly";
  readonly handle: Handle;
}

/** Fixed lists, for alerts and incidents name these by id. Position decides an urgency's meaning. */
const urgencies = ["High", "Medium", "Low"].map((name, index) => ({
  id: `urgency-${name.toLowerCase()}`,
  type: "alert_urgencies",
  attributes: { name, description: name, position: index + 1, ...born() },
}));
const severities = ["critical", "high", "medium", "low"].map((name, index) => ({
  id: `severity-${name}`,
  type: "severities",
  attributes: { name, slug: name, severity: name, position: index + 1, ...born() },
}));

function born() {
  return { created_at: "2026-01-01T00:00:00.000Z", updated_at: "2026-01-01T00:00:00.000Z" };
}

const list =
  (resources: readonly { readonly id: string }[]): Handle =>
  ({ query }) => ({ answer: document(200, page(resources, query)), effect: "read" });

const alertPath = (rest: string): RegExp => new RegExp(`^/v1/alerts/([^/]+)${rest}$`);
const incidentPath = (rest: string): RegExp => new RegExp(`^/v1/incidents/([^/]+)${rest}$`);

const move = (verb: string, status: string, message?: string): Route => ({
  method: "PUT",
  path: incidentPath(`/${verb}`),
  action: verb,
  schema: schema.moveIncident(message),
  handle: incidents.moveTo(status),
});

/** The documented operations that concern alerts and incidents. */
export const rootlyRoutes: readonly Route[] = [
  {
    method: "POST",
    path: /^\/v1\/alerts$/,
    action: "trigger",
    schema: schema.newAlert,
    limit: "rootly",
    handle: alerts.createAlert,
  },
  { method: "GET", path: /^\/v1\/alerts$/, action: "list", handle: alerts.listAlerts },
  { method: "GET", path: alertPath(""), action: "read", handle: alerts.readAlert },
  { method: "PATCH", path: alertPath(""), action: "update", schema: schema.updateAlert, handle: alerts.updateAlert },
  { method: "POST", path: alertPath("/acknowledge"), action: "acknowledge", handle: alerts.acknowledgeAlert },
  {
    method: "POST",
    path: alertPath("/resolve"),
    action: "resolve",
    schema: schema.resolveAlert,
    bodyOptional: true,
    handle: alerts.resolveAlert,
  },
  {
    method: "POST",
    path: alertPath("/snooze"),
    action: "snooze",
    schema: schema.snoozeAlert,
    handle: alerts.snoozeAlert,
  },
  {
    method: "POST",
    path: alertPath("/escalate"),
    action: "escalate",
    schema: schema.escalateAlert,
    bodyOptional: true,
    handle: alerts.escalateAlert,
  },
  {
    method: "POST",
    path: /^\/v1\/incidents$/,
    action: "trigger",
    schema: schema.newIncident,
    handle: incidents.createIncident,
  },
  { method: "GET", path: /^\/v1\/incidents$/, action: "list", handle: incidents.listIncidents },
  { method: "GET", path: incidentPath(""), action: "read", handle: incidents.readIncident },
  {
    method: "PUT",
    path: incidentPath(""),
    action: "update",
    schema: schema.updateIncident,
    handle: incidents.updateIncident,
  },
  move("mitigate", "mitigated", "mitigation_message"),
  move("resolve", "resolved", "resolution_message"),
  move("cancel", "cancelled", "cancellation_message"),
  { method: "GET", path: /^\/v1\/alert_urgencies$/, action: "list", handle: list(urgencies) },
  { method: "GET", path: /^\/v1\/severities$/, action: "list", handle: list(severities) },
];
