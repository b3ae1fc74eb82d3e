import { json, pathOf } from "../../server/exchange.ts";
import type {
  Call,
  Receiver,
  Region,
  Served,
  SimulatorAnswer,
  SimulatorRequest,
  Violation,
} from "../../server/exchange.ts";
import type { SimulatorState } from "../../state/state.ts";
import type { Identity, Incident } from "../../state/incident-store.ts";
import { isRecord, parseJsonBody, stringOf } from "../../server/json-body.ts";
import { violations } from "../schema.ts";
import type { Schema } from "../schema.ts";
import { fingerprint } from "./fingerprint.ts";

/** Alertmanager's default `resolve_timeout`: how long an alert without an end stays firing. */
const resolveTimeoutMs = 5 * 60_000;

const alertsPath = "/api/v2/alerts";
const probePaths = ["/-/healthy", "/-/ready"];

const postableAlert: Schema = {
  type: "object",
  properties: {
    labels: { type: "object" },
    annotations: { type: "object" },
    startsAt: { type: "string", format: "date-time" },
    endsAt: { type: "string", format: "date-time" },
    generatorURL: { type: "string" },
  },
  required: ["labels"],
};

const empty = (status: number, headers: Record<string, string> = {}): SimulatorAnswer => ({
  status,
  headers,
  body: "",
});

/**
 * Alertmanager's API v2. The label set identifies an alert. It ends when it is posted with an end in the past, or
 * when its end passes without another post.
 */
export function alertmanagerAlerts(state: SimulatorState): Receiver {
  return {
    name: "alertmanager",
    takes: (path) => path === alertsPath || probePaths.includes(path),
    read(request, region) {
      if (!probePaths.includes(pathOf(request.path))) return readCall(state, request, region);
      return { action: "probe", throttled: () => empty(429), serve: () => ({ answer: empty(200), effect: "read" }) };
    },
    tick(atMs) {
      for (const incident of state.incidents.all()) expire(state, incident, atMs);
    },
  };
}

/** Ends an alert whose end has passed without a repeat. */
function expire(state: SimulatorState, incident: Incident, atMs: number): void {
  if (incident.receiver !== "alertmanager" || incident.status === "resolved") return;
  const last = incident.log.at(-1);
  const endMs = instant(last?.details?.["endsAt"]) ?? (last?.atMs ?? 0) + resolveTimeoutMs;
  if (endMs > atMs) return;
  state.incidents.append(incident, { atMs: endMs, action: "resolve", details: { reason: "timeout" } }, "resolved");
}

function readCall(state: SimulatorState, request: SimulatorRequest, region: Region): Call {
  const key = state.hasher.hash(request.headers["authorization"] ?? "");
  return {
    action: "alerts",
    key,
    throttled: () => empty(429),
    serve(atMs) {
      if (request.method === "GET") return { answer: json(200, active(state)), effect: "read" };
      if (request.method !== "POST") {
        return {
          answer: empty(405, { allow: "GET, POST" }),
          violations: [{ field: "method", reason: "must be GET or POST" }],
        };
      }
      const parsed = parseJsonBody(request, ["application/json"]);
      if ("violation" in parsed) return refuse([parsed.violation]);
      if (!Array.isArray(parsed.value)) return refuse([{ field: "body", reason: "must be an array of alerts" }]);
      const found: Violation[] = [];
      for (const [index, alert] of parsed.value.entries()) {
        found.push(...take(state, { key, region, atMs }, alert, `[${index}]`));
      }
      // Valid members of a batch are stored even if others are invalid.
      return found.length === 0 ? { answer: empty(200), effect: "stored" } : refuse(found);
    },
  };
}

const refuse = (found: readonly Violation[]): Served => ({
  // Alertmanager's error body is a JSON string.
  answer: json(400, found.map((one) => one.reason).join("; ")),
  violations: found,
});

function take(
  state: SimulatorState,
  from: { readonly key: string; readonly region: Region; readonly atMs: number },
  alert: unknown,
  at: string,
): Violation[] {
  const found = violations(postableAlert, alert, at);
  if (found.length > 0 || !isRecord(alert)) return found;
  const labels = isRecord(alert["labels"]) ? alert["labels"] : {};
  const named: Record<string, string> = {};
  for (const [name, value] of Object.entries(labels)) {
    if (typeof value !== "string") return [{ field: `${at}.labels.${name}`, reason: "must be a string" }];
    // A label with an empty value is no label.
    if (value !== "") named[name] = value;
  }
  if (Object.keys(named).length === 0) return [{ field: `${at}.labels`, reason: "at least one label pair required" }];
  const { atMs } = from;
  const endsMs = instant(alert["endsAt"]);
  const startsMs = instant(alert["startsAt"]) ?? Math.min(endsMs ?? atMs, atMs);
  if (endsMs !== undefined && endsMs < startsMs) {
    return [{ field: `${at}.endsAt`, reason: "start time must be before end time" }];
  }

  const identity: Identity = {
    receiver: "alertmanager",
    region: from.region,
    key: from.key,
    dedupKey: fingerprint(named),
  };
  const before = state.incidents.findOpen(identity);
  if (before !== undefined) expire(state, before, atMs);
  const open = state.incidents.findOpen(identity);
  if (endsMs !== undefined && endsMs <= atMs) {
    if (open !== undefined) state.incidents.append(open, { atMs, action: "resolve" }, "resolved");
    return [];
  }
  const annotations = isRecord(alert["annotations"]) ? alert["annotations"] : {};
  const entry = {
    atMs,
    action: "trigger",
    severity: named["severity"],
    summary: stringOf(annotations["summary"]) ?? named["alertname"],
    details: { labels: named, annotations, startsAt: alert["startsAt"], endsAt: alert["endsAt"] },
  };
  if (open === undefined) state.incidents.open(identity, entry);
  else state.incidents.append(open, entry);
  return [];
}

/** Go's zero time counts as absent. */
const instant = (value: unknown): number | undefined =>
  typeof value !== "string" || value.startsWith("0001-01-01T00:00:00") ? undefined : Date.parse(value);

const active = (state: SimulatorState) =>
  Array.from(state.incidents.all())
    .filter((incident) => incident.receiver === "alertmanager" && incident.status !== "resolved")
    .map((incident) => ({
      fingerprint: incident.dedupKey,
      startsAt: new Date(incident.openedAtMs).toISOString(),
      status: { state: "active", silencedBy: [], inhibitedBy: [] },
      ...incident.log.at(-1)?.details,
    }));
