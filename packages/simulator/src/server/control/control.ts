import { json, queryOf, text } from "../exchange.ts";
import type { SimulatorAnswer, SimulatorRequest } from "../exchange.ts";
import type { FaultSetting } from "../../faults/fault.ts";
import type { LimitSetting } from "../../state/limits.ts";
import type { ModelScript } from "../../models/model-behavior.ts";
import type { ModelRequestRow } from "../../models/models.ts";
import { reportInWords } from "../../oracle/report.ts";
import type { TruthSetting } from "../../oracle/truth.ts";
import { dashboard } from "../../dashboard/dashboard.ts";
import { SettingError } from "../../setting-error.ts";
import type { ManualIncident, SimulatorControls } from "./simulator-controls.ts";
import { overview } from "./overview.ts";
import { setSlackApp, slackControls } from "./slack-controls.ts";
import { expect, isStrings, readBody, readLimit, readObject } from "./read-body.ts";

type Route = (simulator: SimulatorControls, request: SimulatorRequest) => unknown;

/** Any other value is sent as JSON with status 200. */
const controlRoutes: Readonly<Record<string, Route>> = {
  "GET /_sim/incidents": (simulator) => simulator.incidents(),
  "POST /_sim/incidents": (simulator, request) => {
    const given = readObject(request);
    for (const name of ["key", "dedup_key"])
      expect(typeof given[name] === "string" && given[name] !== "", name, "expected a text");
    const id = simulator.openIncident(given as unknown as ManualIncident);
    return id === undefined ? problem(409, "is_open", "an incident with this key is open") : { id };
  },
  "GET /_sim/suppressed": (simulator) => simulator.suppressed(),
  "GET /_sim/changes": (simulator) => simulator.changes(),
  "GET /_sim/messages": (simulator) => simulator.messages(),
  "GET /_sim/deliveries": (simulator) => simulator.deliveries(),
  "GET /_sim/refused": (simulator) => simulator.refused(),
  "GET /_sim/requests": (simulator, { path }) => simulator.requests(readLimit(queryOf(path), 1000)),
  "GET /_sim/over-limit": (simulator) => simulator.overLimit(),

  "GET /_sim/limits": (simulator) => simulator.limits(),
  "POST /_sim/limits": (simulator, request) => {
    simulator.setLimit(readBody(request) as LimitSetting);
    return simulator.limits();
  },

  "GET /_sim/keys": (simulator, { path }) => ({
    keys: simulator.keys(queryOf(path).get("receiver") ?? undefined) ?? null,
  }),
  "POST /_sim/keys": (simulator, request) => {
    const { keys, receiver = "pagerduty" } = readObject(request, "keys");
    expect(keys === null || isStrings(keys), "keys", "expected a list of credentials, or null for any");
    expect(typeof receiver === "string", "receiver", "expected a receiver's name");
    simulator.setKeys(keys ?? undefined, receiver);
    return { keys: simulator.keys(receiver) ?? null };
  },

  "GET /_sim/faults": (simulator) => simulator.faults(),
  "POST /_sim/faults": (simulator, request) => {
    const { faults, script, seed } = readObject(request, "faults");
    expect(seed === undefined || Number.isInteger(seed), "seed", "expected a whole number");
    const settings = typeof script === "string" ? script : (faults as readonly FaultSetting[]);
    simulator.setFaults(settings, seed === undefined ? {} : { seed: seed as number });
    return simulator.faults();
  },
  "DELETE /_sim/faults": (simulator) => {
    simulator.setFaults([]);
    return [];
  },

  "POST /_sim/truth": (simulator, request) => {
    simulator.setTruth(readBody(request) as TruthSetting);
    return {};
  },
  "GET /_sim/report": (simulator, { path }) => {
    const report = simulator.report();
    const words = reportInWords(report);
    return queryOf(path).get("format") === "text" ? text(200, words) : { ...report, words };
  },

  "GET /_sim/slack-app": (simulator) => simulator.slackApp(),
  "POST /_sim/slack-app": setSlackApp,
  "GET /_sim/presses": (simulator) => simulator.presses(),

  "GET /_sim/webhooks": (simulator) => simulator.webhooks(),
  "POST /_sim/webhooks": (simulator, request) => {
    const { url, secrets = [], events = [], receiver = "pagerduty" } = readObject(request);
    expect(receiver === "pagerduty" || receiver === "rootly", "receiver", "expected pagerduty or rootly");
    expect(typeof url === "string" && URL.canParse(url), "url", "expected a URL");
    expect(isStrings(secrets), "secrets", "expected a list of secrets; each gives one signature");
    expect(isStrings(events), "events", 'expected a list such as ["incident.acknowledged"]; empty: all');
    return { id: simulator.subscribe({ url, secrets, events, receiver }) };
  },
  "GET /_sim/models": ({ models }) => ({ script: models.script(), requests: modelRows(models.requests()) }),
  "POST /_sim/models": ({ models }, request) => {
    const { script, apiKey } = readObject(request, "script");
    models.setScript(script as ModelScript);
    expect(apiKey === undefined || apiKey === null || typeof apiKey === "string", "apiKey", "expected a key, or null");
    if (apiKey !== undefined) models.setApiKey(apiKey ?? undefined);
    return { script: models.script() };
  },
  "POST /_sim/webhook-secrets": (simulator, request) => {
    const { name, secrets } = readObject(request);
    expect(typeof name === "string", "name", "expected the name in /webhook/{name}");
    expect(
      secrets === null || isStrings(secrets),
      "secrets",
      'expected a list such as ["whsec_..."], or null for none',
    );
    simulator.setWebhookSecrets(name, secrets ?? undefined);
    return {};
  },

  "POST /_sim/reset": (simulator) => {
    simulator.reset();
    return {};
  },

  "GET /_sim/overview": overview,
  "GET /": () => dashboard(),
};

/** The control API below `/_sim`, and the page. Undefined for any other path. */
export function control(
  simulator: SimulatorControls,
  request: SimulatorRequest,
  path: string,
): SimulatorAnswer | undefined {
  if (path !== "/" && !path.startsWith("/_sim/")) return undefined;
  if (isForeign(request)) return problem(403, "foreign_origin", "asked by a page of another site");
  try {
    const route = `${request.method} ${path}`;
    if (Object.hasOwn(controlRoutes, route)) {
      const said = controlRoutes[route]?.(simulator, request);
      return isAnswer(said) ? said : json(200, said);
    }
    return (
      byPerson(simulator, route) ??
      slackControls(simulator, request, route) ??
      problem(404, "not_found", `${route} is not part of the control API`)
    );
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    return problem(400, error.code, error.message, error.issues);
  }
}

function byPerson(simulator: SimulatorControls, route: string): SimulatorAnswer | undefined {
  const [, lost] = /^DELETE \/_sim\/incidents\/([^/]+)$/.exec(route) ?? [];
  if (lost !== undefined)
    return simulator.loseIncident(lost) ? json(200, {}) : problem(404, "not_found", "no incident has this id");
  const [, id, verb] = /^POST \/_sim\/incidents\/([^/]+)\/(acknowledge|resolve)$/.exec(route) ?? [];
  if (id === undefined) return undefined;
  const isDone = verb === "acknowledge" ? simulator.acknowledge(id) : simulator.resolve(id);
  return isDone ? json(200, {}) : problem(404, "not_found", "no open incident has this id");
}

/** Without the credentials. */
const modelRows = (requests: readonly ModelRequestRow[]) =>
  requests.map(({ api, body, behavior, violations }) => ({ api, body, behavior, violations }));

/** Any page that a person visits could ask a service on loopback; browsers say which page it was. */
function isForeign(request: SimulatorRequest): boolean {
  const { origin, host } = request.headers;
  return origin !== undefined && URL.parse(origin)?.host !== host;
}

const isAnswer = (said: unknown): said is SimulatorAnswer =>
  typeof said === "object" && said !== null && "status" in said && "headers" in said && "body" in said;

const problem = (
  status: number,
  code: string,
  message: string,
  issues: readonly { readonly path: string; readonly message: string }[] = [],
): SimulatorAnswer => json(status, { error: { code, message, issues } });
