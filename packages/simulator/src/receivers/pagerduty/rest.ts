import { json, pathOf, queryOf } from "../../server/exchange.ts";
import type { Call, Receiver, Region, Served, SimulatorRequest } from "../../server/exchange.ts";
import type { SimulatorState } from "../../state/state.ts";
import type { Incident, IncidentStatus } from "../../state/incident-store.ts";
import { isRecord, parseJsonBody, stringOf } from "../../server/json-body.ts";
import {
  alertDocument,
  alertId,
  incidentDocument,
  refuse,
  serviceReference,
  throttled,
  usageHeaders,
} from "./rest-documents.ts";
import { subscriptionsApi } from "./subscriptions-api.ts";

const dayMs = 86_400_000;
const maxInBulk = 250;
/** Lists end there: https://developer.pagerduty.com/docs/pagination. */
const maxListed = 10_000;
const incidentStatuses = ["triggered", "acknowledged", "resolved"];

/**
 * The part of PagerDuty's REST API that two-way sync needs: look up incidents and their alerts, change their status,
 * subscribe to webhooks.
 */
export function pagerdutyRest(state: SimulatorState): Receiver {
  return {
    name: "pagerduty_rest",
    takes: (path) => /^\/(incidents|webhook_subscriptions)(\/|$)/.test(path),
    read: (request, region) => readCall(state, request, region),
  };
}

function readCall(state: SimulatorState, request: SimulatorRequest, region: Region): Call {
  const token = /^(?:Token token=|Bearer )(\S+)$/.exec(request.headers["authorization"] ?? "")?.[1];
  const key = token === undefined ? undefined : state.hasher.hash(token);
  const isKnown = key !== undefined && state.keysOf("pagerduty_rest").has(key);
  return {
    action: request.method.toLowerCase(),
    key,
    charge: isKnown ? { limit: "pagerduty_rest", region, key } : undefined,
    throttled,
    usageHeaders,
    serve(atMs) {
      if (!isKnown) {
        const reason = "must be Token token=... or Bearer, and known";
        return refuse(401, 2006, "Unauthorized", [{ field: "authorization", reason }]);
      }
      // https://developer.pagerduty.com/docs/versioning: another version than 2 does not exist.
      const version = /application\/vnd\.pagerduty\+json;\s*version=(\S+)/.exec(request.headers["accept"] ?? "")?.[1];
      if (version !== undefined && version !== "2") {
        return refuse(400, 2001, "Invalid Input Provided", [{ field: "accept", reason: "must name version=2" }]);
      }
      const path = pathOf(request.path);
      if (path.startsWith("/webhook_subscriptions")) return subscriptionsApi(state, request, path);
      return answer({ state, request, region, atMs, path });
    },
  };
}

interface Visit {
  readonly state: SimulatorState;
  readonly request: SimulatorRequest;
  readonly region: Region;
  readonly atMs: number;
  readonly path: string;
}

function answer(visit: Visit): Served {
  const { request, path } = visit;
  const [, , id, alerts, alert] = path.split("/");
  if (id === undefined) {
    if (request.method === "GET") return listIncidents(visit);
    if (request.method === "PUT") return changeMany(visit);
  }
  const incident = id === undefined ? undefined : find(visit, id);
  if (incident === undefined) return refuse(404, 2100, "Not Found");
  const route = `${request.method} ${alerts ?? ""}${alert === undefined ? "" : "/id"}`;
  switch (route) {
    case "GET ":
      return { answer: json(200, { incident: incidentDocument(incident) }), effect: "read" };
    case "PUT ":
      return changeOne(visit, incident);
    case "GET alerts":
      return listAlerts(visit, incident);
    case "GET alerts/id":
      if (alert !== alertId(incident)) return refuse(404, 2100, "Not Found");
      return { answer: json(200, { alert: alertDocument(incident) }), effect: "read" };
  }
  return refuse(404, 2100, "Not Found");
}

/** Finds an incident by id or by number. */
function find({ state, region }: Visit, id: string): Incident | undefined {
  const incident =
    state.incidents.get(id) ??
    (/^\d+$/.test(id) ? [...state.incidents.all()].find((one) => String(one.number) === id) : undefined);
  return incident?.receiver === "pagerduty" && incident.region === region ? incident : undefined;
}

/** The page that a list's query asks for: at most 100 rows, and none beyond the first 10,000. */
function readPage(query: URLSearchParams): { readonly limit: number; readonly offset: number } | Served {
  const limit = Number(query.get("limit") ?? 25);
  const offset = Number(query.get("offset") ?? 0);
  if (!(limit >= 0 && limit <= 100)) return refuse(400, 2001, "limit must be at most 100");
  if (!(offset >= 0)) return refuse(400, 2001, "offset must not be negative");
  if (offset + limit > maxListed) return refuse(400, 2001, `offset and limit must be at most ${maxListed} together`);
  return { limit, offset };
}

function listOf(name: string, query: URLSearchParams, found: readonly Incident[], show: (one: Incident) => unknown) {
  const page = readPage(query);
  if ("answer" in page) return page;
  const { limit, offset } = page;
  const shown = found.slice(offset, offset + limit);
  const more = offset + shown.length < found.length;
  const total = query.get("total") === "true" ? found.length : null;
  return { answer: json(200, { [name]: shown.map(show), limit, offset, more, total }), effect: "read" };
}

/** Grouping is not simulated: an incident has one alert. */
function listAlerts({ request }: Visit, incident: Incident): Served {
  const query = queryOf(request.path);
  const wanted = query.get("alert_key");
  const statuses = query.getAll("statuses[]");
  const status = incident.status === "resolved" ? "resolved" : "triggered";
  const isListed =
    (wanted === null || wanted === incident.dedupKey) && (statuses.length === 0 || statuses.includes(status));
  return listOf("alerts", query, isListed ? [incident] : [], alertDocument);
}

/** Lists incidents of the last month by default. An empty `incident_key` is ignored, so every open incident is listed. */
function listIncidents({ state, request, region, atMs }: Visit): Served {
  const query = queryOf(request.path);
  const isAll = query.get("date_range") === "all";
  const sinceMs = isAll ? -Infinity : Date.parse(query.get("since") ?? "") || atMs - 30 * dayMs;
  const untilMs = isAll ? Infinity : Date.parse(query.get("until") ?? "") || Infinity;
  const statuses = query.getAll("statuses[]");
  const services = query.getAll("service_ids[]");
  const key = query.get("incident_key") ?? "";
  const isListed = (incident: Incident): boolean =>
    incident.receiver === "pagerduty" &&
    incident.region === region &&
    incident.openedAtMs >= sinceMs &&
    incident.openedAtMs <= untilMs &&
    (statuses.length === 0 || statuses.includes(incident.status)) &&
    (services.length === 0 || services.includes(serviceReference(incident).id)) &&
    (key === "" ? !query.has("incident_key") || incident.status !== "resolved" : incident.dedupKey === key);
  const found = Array.from(state.incidents.all()).filter(isListed);
  // Incidents are kept in the order in which they were opened.
  const newestFirst = query.get("sort_by")?.split(",").includes("created_at:desc") === true;
  return listOf("incidents", query, newestFirst ? found.toReversed() : found, incidentDocument);
}

function changeOne(visit: Visit, incident: Incident): Served {
  const body = readBody(visit.request);
  if ("answer" in body) return body;
  const change = isRecord(body.value["incident"]) ? body.value["incident"] : {};
  const refused = checkChange(change, incident);
  if (refused !== undefined) return refused;
  move(visit, incident, change["status"] as IncidentStatus);
  return {
    answer: json(200, { incident: incidentDocument(incident) }),
    effect: incident.status,
    dedupKey: incident.dedupKey,
  };
}

/** Changes all incidents or none. */
function changeMany(visit: Visit): Served {
  const body = readBody(visit.request);
  if ("answer" in body) return body;
  const changes = Array.isArray(body.value["incidents"]) ? body.value["incidents"].filter(isRecord) : [];
  if (changes.length > maxInBulk) return refuse(413, 2001, `At most ${maxInBulk} incidents at a time`);
  const pairs = changes.map((change) => ({ change, incident: find(visit, stringOf(change["id"]) ?? "") }));
  for (const { change, incident } of pairs) {
    if (incident === undefined) return refuse(404, 2100, "Not Found");
    const refused = checkChange(change, incident);
    if (refused !== undefined) return refused;
  }
  const moved = pairs.flatMap(({ change, incident }) => {
    if (incident === undefined) return [];
    move(visit, incident, change["status"] as IncidentStatus);
    return [incidentDocument(incident)];
  });
  return { answer: json(200, { incidents: moved }), effect: "updated" };
}

function checkChange(change: Readonly<Record<string, unknown>>, incident: Incident): Served | undefined {
  const { type, status } = change;
  if (type !== "incident_reference" && type !== "incident") {
    return refuse(400, 2001, "Invalid Input Provided", [
      { field: "incident.type", reason: "must be incident_reference" },
    ]);
  }
  if (!incidentStatuses.includes(status as string)) {
    const reason = `must be one of ${incidentStatuses.join(", ")}`;
    return refuse(400, 2001, "Invalid Input Provided", [{ field: "incident.status", reason }]);
  }
  if (status === "resolved" && incident.status === "resolved") return refuse(400, 1001, "Incident Already Resolved");
  if (status === "acknowledged" && incident.status === "acknowledged") {
    return refuse(400, 1002, "Incident Already Acknowledged");
  }
  return undefined;
}

/** Setting a resolved incident to triggered or acknowledged reopens it. */
function move({ state, atMs }: Visit, incident: Incident, status: IncidentStatus): void {
  const verbs = { triggered: "reopen", acknowledged: "acknowledge", resolved: "resolve" };
  state.incidents.append(incident, { atMs, action: verbs[status], by: "person" }, status);
}

function readBody(request: SimulatorRequest): { readonly value: Record<string, unknown> } | Served {
  if (!/^\S+@\S+$/.test(request.headers["from"] ?? "")) {
    const reason = "must be the e-mail address of a user";
    return refuse(400, 2001, "Invalid Input Provided", [{ field: "from", reason }]);
  }
  const parsed = parseJsonBody(request, ["application/json"]);
  if ("violation" in parsed) return refuse(400, 2001, "Invalid Input Provided", [parsed.violation]);
  return isRecord(parsed.value) ? { value: parsed.value } : refuse(400, 2001, "Invalid Input Provided");
}
