import { json, pathOf, queryOf, text } from "./exchange.ts";
import type { SimulatorAnswer, SimulatorRequest } from "./exchange.ts";
import type { FaultSetting } from "./faults/fault.ts";
import { isRecord } from "./json-body.ts";
import type { LimitSetting } from "./limits.ts";
import { reportInWords } from "./oracle/report.ts";
import type { TruthSetting } from "./oracle/truth.ts";
import { SettingError } from "./setting-error.ts";
import type { Simulator } from "./simulator.ts";

/** The control API below `/_sim`. Undefined for any other path. */
export function control(simulator: Simulator, request: SimulatorRequest, path: string): SimulatorAnswer | undefined {
  if (!path.startsWith("/_sim/")) return undefined;
  try {
    return answer(simulator, request, path.slice("/_sim".length));
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    return json(400, { error: { code: error.code, message: error.message, issues: error.issues } });
  }
}

function answer(simulator: Simulator, request: SimulatorRequest, path: string): SimulatorAnswer {
  switch (`${request.method} ${path}`) {
    case "GET /incidents":
      return json(200, simulator.incidents());
    case "GET /changes":
      return json(200, simulator.changes());
    case "GET /messages":
      return json(200, simulator.messages());
    case "GET /deliveries":
      return json(200, simulator.deliveries());
    case "POST /webhook-secrets":
      return setWebhookSecrets(simulator, bodyOf(request));
    case "GET /webhooks":
      return json(200, simulator.webhooks());
    case "POST /webhooks":
      return subscribe(simulator, bodyOf(request));
    case "GET /refused":
      return json(200, simulator.refused());
    case "GET /requests":
      return json(200, simulator.requests(readLimit(request)));
    case "GET /limits":
      return json(200, simulator.limits());
    case "POST /limits":
      simulator.setLimit(bodyOf(request) as LimitSetting);
      return json(200, simulator.limits());
    case "GET /faults":
      return json(200, simulator.faults());
    case "POST /faults":
      return setFaults(simulator, bodyOf(request));
    case "DELETE /faults":
      simulator.setFaults([]);
      return json(200, simulator.faults());
    case "POST /truth":
      simulator.setTruth(bodyOf(request) as TruthSetting);
      return json(200, {});
    case "GET /report":
      return report(simulator, request);
    case "GET /keys":
      return json(200, { keys: simulator.keys() ?? null });
    case "POST /keys":
      return setKeys(simulator, bodyOf(request));
    case "POST /reset":
      simulator.reset();
      return json(200, {});
  }
  const person = /^\/incidents\/([^/]+)\/(acknowledge|resolve)$/.exec(path);
  if (person?.[1] !== undefined && request.method === "POST") {
    const done = person[2] === "acknowledge" ? simulator.acknowledge(person[1]) : simulator.resolve(person[1]);
    return done ? json(200, {}) : problem(404, "not_found", "no open incident has this id");
  }
  return problem(404, "not_found", `${request.method} ${pathOf(request.path)} is not part of the control API`);
}

/** JSON, or words for `?format=text`. */
function report(simulator: Simulator, request: SimulatorRequest): SimulatorAnswer {
  const found = simulator.report();
  const words = reportInWords(found);
  return queryOf(request.path).get("format") === "text" ? text(200, words) : json(200, { ...found, words });
}

function setKeys(simulator: Simulator, body: unknown): SimulatorAnswer {
  const keys = isRecord(body) ? body["keys"] : body;
  const receiver = isRecord(body) && typeof body["receiver"] === "string" ? body["receiver"] : "pagerduty";
  if (keys !== null && !(Array.isArray(keys) && keys.every((key) => typeof key === "string"))) {
    throw new SettingError([{ path: "keys", message: "expected a list of credentials, or null for any" }]);
  }
  simulator.setKeys(keys ?? undefined, receiver);
  return json(200, { keys: simulator.keys(receiver) ?? null });
}

/** `{ "name": "oncall", "secrets": ["whsec_..."] }`, or `null` for none. */
function setWebhookSecrets(simulator: Simulator, body: unknown): SimulatorAnswer {
  const { name, secrets } = isRecord(body) ? body : {};
  const areStrings = Array.isArray(secrets) && secrets.every((secret) => typeof secret === "string");
  if (typeof name !== "string" || !(areStrings || secrets === null)) {
    throw new SettingError([{ path: "", message: 'expected { "name": "...", "secrets": ["whsec_..."] or null }' }]);
  }
  simulator.setWebhookSecrets(name, areStrings ? secrets : undefined);
  return json(200, {});
}

/** `{ "url": "http://...", "secrets": ["..."], "events": [...] }` */
function subscribe(simulator: Simulator, body: unknown): SimulatorAnswer {
  const { url, secrets = [], events = [] } = isRecord(body) ? body : {};
  const areStrings = [secrets, events].every(
    (list) => Array.isArray(list) && list.every((one) => typeof one === "string"),
  );
  if (typeof url !== "string" || !URL.canParse(url) || !areStrings) {
    throw new SettingError([{ path: "", message: 'expected { "url": "http://...", "secrets": ["..."] }' }]);
  }
  return json(200, { id: simulator.subscribe({ url, secrets: secrets as string[], events: events as string[] }) });
}

/** `{ "faults": [...] }`, `{ "script": "..." }`, both with an optional `seed`; or the bare list. */
function setFaults(simulator: Simulator, body: unknown): SimulatorAnswer {
  const { faults, script, seed } = isRecord(body) ? body : { faults: body };
  if (seed !== undefined && !Number.isInteger(seed)) {
    throw new SettingError([{ path: "seed", message: "expected a whole number" }]);
  }
  const options = seed === undefined ? {} : { seed: seed as number };
  simulator.setFaults(typeof script === "string" ? script : (faults as FaultSetting[]), options);
  return json(200, simulator.faults());
}

function readLimit(request: SimulatorRequest): number {
  const limit = Number(queryOf(request.path).get("limit") ?? 1000);
  if (!Number.isInteger(limit) || limit < 0) {
    throw new SettingError([{ path: "limit", message: "expected a whole number" }]);
  }
  return limit;
}

function bodyOf(request: SimulatorRequest): unknown {
  const source = typeof request.body === "string" ? request.body : Buffer.from(request.body).toString("utf8");
  try {
    return JSON.parse(source);
  } catch {
    throw new SettingError([{ path: "", message: "expected JSON" }]);
  }
}

const problem = (status: number, code: string, message: string): SimulatorAnswer =>
  json(status, { error: { code, message, issues: [] } });
