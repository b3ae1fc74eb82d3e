import type { Served } from "../../server/exchange.ts";
import { stringOf } from "../../server/json-body.ts";
import { document, incidentResource, notFound, page } from "./rootly-documents.ts";
import type { Handle, Visit } from "./visit.ts";

const ended = ["resolved", "closed", "cancelled", "completed"];

/** `POST /v1/incidents`: no idempotency key, so every call is another incident. */
export const createIncident: Handle = ({ state, region, key, attributes, atMs }) => {
  const identity = { receiver: "rootly", region, key, dedupKey: `incidents/${state.makeUuid()}` };
  const entry = {
    atMs,
    action: "trigger",
    summary: stringOf(attributes["title"]) ?? "Untitled incident",
    details: attributes,
  };
  const incident = state.incidents.open(identity, entry);
  return { answer: document(201, { data: incidentResource(incident) }), effect: "opened", dedupKey: identity.dedupKey };
};

export const listIncidents: Handle = ({ state, key, query }) => {
  const rows = Array.from(state.incidents.all()).filter(
    (incident) => incident.receiver === "rootly" && incident.key === key && incident.dedupKey.startsWith("incidents/"),
  );
  return { answer: document(200, page(rows.map(incidentResource), query)), effect: "read" };
};

export const readIncident: Handle = (visit) => onIncident(visit, () => "read");

export const updateIncident: Handle = (visit) => onIncident(visit, (id) => change(visit, id, visit.attributes));

/** `PUT /v1/incidents/{id}/resolve` and its like. */
export const moveTo =
  (status: string): Handle =>
  (visit) =>
    onIncident(visit, (id) => change(visit, id, { ...visit.attributes, status }));

function change(visit: Visit, id: string, attributes: Readonly<Record<string, unknown>>): string {
  const incident = visit.state.incidents.get(id);
  if (incident === undefined) return "dropped";
  const status = stringOf(attributes["status"]) ?? "";
  const next = ended.includes(status)
    ? "resolved"
    : status === "acknowledged" || status === "mitigated"
      ? "acknowledged"
      : status === ""
        ? incident.status
        : "triggered";
  visit.state.incidents.append(incident, { atMs: visit.atMs, action: status || "update", details: attributes }, next);
  return next === incident.status ? "updated" : next;
}

function onIncident(visit: Visit, then: (id: string) => string): Served {
  const incident = visit.state.incidents.get(visit.id ?? "");
  const isMine = incident?.receiver === "rootly" && incident.key === visit.key && incident.region === visit.region;
  if (incident === undefined || !isMine || !incident.dedupKey.startsWith("incidents/")) return notFound();
  const effect = then(incident.id);
  return { answer: document(200, { data: incidentResource(incident) }), effect, dedupKey: incident.dedupKey };
}
