import type { Served } from "../../server/exchange.ts";
import type { IncidentStatus, LogEntry } from "../../state/incident-store.ts";
import { isRecord, stringOf } from "../../server/json-body.ts";
import { alertResource, alertStatus, document, notFound, page, refuse } from "./rootly-documents.ts";
import type { Handle, Visit } from "./visit.ts";

/**
 * `POST /v1/alerts`. Alerts with the same deduplication key are one alert until it is resolved. A duplicate is counted; it
 * neither changes the open alert nor pages again.
 */
export const createAlert: Handle = (visit) => {
  const { state, attributes, atMs } = visit;
  const dedupKey = stringOf(attributes["deduplication_key"]) ?? state.makeUuid();
  const identity = { receiver: "rootly", region: visit.region, key: visit.key, dedupKey };
  const entry: LogEntry = {
    atMs,
    action: "trigger",
    summary: stringOf(attributes["summary"]),
    severity: severityLabel(attributes["labels"]),
    details: attributes,
  };
  const open = state.incidents.findOpen(identity);
  const incident = open ?? state.incidents.open(identity, entry);
  if (open !== undefined) {
    // The log marks a repeat with the same content, so that the oracle can find needless repeats.
    const severity = entry.severity === open.severity ? entry.severity : undefined;
    const summary = entry.summary === open.summary ? entry.summary : undefined;
    state.incidents.append(open, { atMs, action: "trigger", severity, summary });
  }
  const answer = document(201, { data: alertResource(incident) });
  return { answer, effect: open === undefined ? "opened" : "logged", dedupKey };
};

export const listAlerts: Handle = ({ state, key, query }) => {
  const mine = Array.from(state.incidents.all()).filter(
    (incident) => incident.receiver === "rootly" && incident.key === key && !incident.dedupKey.startsWith("incidents/"),
  );
  // The cursor is the last alert of the page, so a change of status does not shift the next page.
  const after = query.get("page[after]");
  const rows = mine
    .slice(after === null ? 0 : mine.findIndex(({ id }) => id === after) + 1)
    .filter((incident) => passes(query, "status", alertStatus(incident)) && passes(query, "source", "api"));
  return { answer: document(200, page(rows.map(alertResource), query)), effect: "read" };
};

/** `filter[field]`, and with an operator in a second pair of brackets. */
function passes(query: URLSearchParams, field: string, value: string): boolean {
  const among = (list: string | null) => list?.split(",").includes(value);
  const asked = [query.get(`filter[${field}]`), query.get(`filter[${field}][eq]`), query.get(`filter[${field}][in]`)];
  const refused = [query.get(`filter[${field}][not_eq]`), query.get(`filter[${field}][not_in]`)];
  return asked.every((list) => among(list) !== false) && refused.every((list) => among(list) !== true);
}

export const readAlert: Handle = (visit) => onAlert(visit, (incident) => seen(incident));

export const updateAlert: Handle = (visit) =>
  onAlert(visit, (incident) => {
    const { atMs, attributes } = visit;
    const [summary, severity] = [stringOf(attributes["summary"]), severityLabel(attributes["labels"])];
    visit.state.incidents.append(incident, { atMs, action: "update", summary, severity, details: attributes });
    return { ...seen(incident), effect: "updated" };
  });

export const acknowledgeAlert: Handle = (visit) =>
  onAlert(visit, (incident) => {
    const status = alertStatus(incident);
    if (status === "open" || status === "resolved") {
      return refuse(400, [{ field: "status", reason: `Cannot acknowledge an alert that is ${status}` }]);
    }
    return move(visit, incident, "acknowledge", "acknowledged");
  });

export const resolveAlert: Handle = (visit) =>
  onAlert(visit, (incident) => move(visit, incident, "resolve", "resolved"));

export const snoozeAlert: Handle = (visit) => note(visit, "snooze");

export const escalateAlert: Handle = (visit) => note(visit, "escalate");

type Alert = Parameters<typeof alertResource>[0];

function onAlert(visit: Visit, then: (incident: Alert) => Served): Served {
  const incident = visit.state.incidents.get(visit.id ?? "");
  const isMine = incident?.receiver === "rootly" && incident.key === visit.key && incident.region === visit.region;
  if (incident === undefined || !isMine) return notFound();
  return { dedupKey: incident.dedupKey, ...then(incident) };
}

const seen = (incident: Alert): Served => ({
  answer: document(200, { data: alertResource(incident) }),
  effect: "read",
});

function move(visit: Visit, incident: Alert, action: string, status: IncidentStatus): Served {
  if (incident.status === "resolved") return { ...seen(incident), effect: "dropped" };
  visit.state.incidents.append(incident, { atMs: visit.atMs, action, details: visit.attributes }, status);
  return { ...seen(incident), effect: status };
}

const note = (visit: Visit, action: string): Served =>
  onAlert(visit, (incident) => {
    if (incident.status === "resolved") {
      return refuse(400, [{ field: "status", reason: `Cannot ${action} an alert that is resolved` }]);
    }
    visit.state.incidents.append(incident, { atMs: visit.atMs, action });
    return { ...seen(incident), effect: "logged" };
  });

function severityLabel(labels: unknown): string | undefined {
  const label: unknown = Array.isArray(labels)
    ? labels.find((one: unknown) => isRecord(one) && one["key"] === "severity")
    : undefined;
  return isRecord(label) ? stringOf(label["value"]) : undefined;
}
