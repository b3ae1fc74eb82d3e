import { json, pathOf } from "../../server/exchange.ts";
import type { Call, Receiver, Region, Served, SimulatorRequest, Violation } from "../../server/exchange.ts";
import type { Delivery, SimulatorState } from "../../state/state.ts";
import type { Identity } from "../../state/incident-store.ts";
import { isRecord, parseJson, stringOf } from "../../server/json-body.ts";
import { signatureViolations } from "./signature.ts";

const maxIds = 100_000;

/**
 * `/webhook/{name}`: takes any body. If the name has secrets, the signature must be right. A delivery whose
 * `webhook-id` was seen before has no further effect. A JSON body that names a dedup key and a status also opens and
 * closes an incident, so that the oracle can judge it.
 */
export function webhook(state: SimulatorState): Receiver {
  const seen = new Set<string>();
  return {
    name: "webhook",
    takes: (path) => /^\/webhook\/[^/]+$/.test(path),
    read: (request, region) => readCall(state, seen, request, region),
    forget: () => seen.clear(),
  };
}

const refuse = (status: number, found: readonly Violation[]): Served => ({
  answer: json(status, { error: found.map(({ field, reason }) => `${field} ${reason}`).join("; ") }),
  violations: found,
});

function readCall(state: SimulatorState, seen: Set<string>, request: SimulatorRequest, region: Region): Call {
  const name = decodeName(pathOf(request.path).slice("/webhook/".length));
  const key = state.hasher.hash(`webhook/${name}`);
  const id = request.headers["webhook-id"];
  const said = read(request);
  return {
    action: said.action ?? "deliver",
    key,
    dedupKey: said.dedupKey,
    throttled: () => json(429, { error: "too many requests" }),
    serve(atMs, clockMs) {
      if (request.method !== "POST" && request.method !== "PUT") {
        return refuse(405, [{ field: "method", reason: "must be POST or PUT" }]);
      }
      const secrets = state.webhookSecrets.get(name);
      const found = secrets === undefined ? [] : signatureViolations(request, secrets, clockMs);
      if (found.length > 0) return refuse(401, found);
      const isRepeat = id !== undefined && seen.has(`${name} ${id}`);
      const delivery: Delivery = { atMs, name, id, repeat: isRepeat, signed: secrets !== undefined, body: said.body };
      state.deliveries.add(delivery);
      if (isRepeat) return { answer: json(200, { status: "ok" }), effect: "repeated" };
      if (id !== undefined) remember(seen, `${name} ${id}`);
      const effect = follow(state, { receiver: "webhook", region, key, dedupKey: said.dedupKey ?? "" }, said, atMs);
      return { answer: json(200, { status: "ok" }), effect };
    },
  };
}

const decodeName = (name: string): string => {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
};

interface Said {
  readonly body: unknown;
  readonly action?: "trigger" | "acknowledge" | "resolve" | undefined;
  readonly dedupKey?: string | undefined;
  readonly severity?: string | undefined;
  readonly summary?: string | undefined;
}

const actions: Readonly<Record<string, "trigger" | "acknowledge" | "resolve">> = {
  trigger: "trigger",
  triggered: "trigger",
  firing: "trigger",
  acknowledge: "acknowledge",
  acknowledged: "acknowledge",
  resolve: "resolve",
  resolved: "resolve",
};

/** Reads dedup key and status from a body, by the field names that senders commonly use. */
function read(request: SimulatorRequest): Said {
  const parsed = parseJson(request.body);
  // A body that is not JSON is kept as text.
  const body = "value" in parsed ? parsed.value : Buffer.from(request.body).toString("utf8");
  if (!isRecord(body)) return { body };
  const from = isRecord(body["data"]) ? { ...body, ...body["data"] } : body;
  const first = (...names: string[]): string | undefined =>
    names.map((name) => stringOf(from[name])).find((one) => one !== undefined);
  const word = first("event_action", "action", "event", "status") ?? stringOf(body["type"])?.split(".").at(-1) ?? "";
  return {
    body,
    action: Object.hasOwn(actions, word) ? actions[word] : undefined,
    dedupKey: first("dedup_key", "dedupKey", "fingerprint"),
    severity: first("severity"),
    summary: first("summary", "title"),
  };
}

function follow(state: SimulatorState, identity: Identity, said: Said, atMs: number): string {
  if (said.action === undefined || said.dedupKey === undefined) return "delivered";
  const open = state.incidents.findOpen(identity);
  const entry = { atMs, action: said.action, severity: said.severity, summary: said.summary };
  if (said.action !== "trigger") {
    if (open === undefined) return "dropped";
    const status = said.action === "resolve" ? "resolved" : "acknowledged";
    state.incidents.append(open, { atMs, action: said.action }, status);
    return status;
  }
  if (open === undefined) state.incidents.open(identity, entry);
  else state.incidents.append(open, entry);
  return open === undefined ? "opened" : "logged";
}

function remember(seen: Set<string>, id: string): void {
  seen.add(id);
  if (seen.size <= maxIds) return;
  const oldest = seen.values().next();
  if (oldest.done !== true) seen.delete(oldest.value);
}
