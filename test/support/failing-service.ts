import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Collector } from "@tocsin/test";
import { webhookAlert } from "./alerts.ts";
import { Listener } from "./listener.ts";
import { bearer, configFor, moreTargets, type Others, targetsAt } from "./planted-configuration.ts";
import { plantedSecrets } from "./planted-secrets.ts";
import { Receiver, type Reply } from "./receiver.ts";
import { tempDir } from "./temp-dir.ts";
import { Service } from "./tocsin.ts";
import { waitUntil } from "./wait-until.ts";

/** Answers with this status, and repeats the whole request. */
export const echo =
  (status: number, headers: Record<string, string> = {}): Reply =>
  (request, response, body) => {
    const said = `${JSON.stringify(request.headers)} ${request.url} ${body}`;
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify({ status: "invalid event", message: said, errors: [said] }));
  };

/** Every way in which a receiver lets an attempt fail. */
const failures: Readonly<Record<string, Reply>> = {
  "a 400 to whatever comes": echo(400),
  "a 400 to this event alone": (request, response, body) =>
    echo(body.includes('"trigger"') ? 400 : 202)(request, response, body),
  "401": echo(401),
  "403": echo(403),
  "404": echo(404),
  "413": echo(413),
  "429": echo(429, { "retry-after": "1" }),
  "500": echo(500),
  "a redirect": (request, response, body) =>
    void response.writeHead(302, { location: `http://127.0.0.1:9/?${encodeURIComponent(body)}` }).end(body),
  "a reset": (request) => void request.socket.resetAndDestroy(),
  "an answer cut short": (request, response, body) => {
    response.writeHead(202, { "content-length": "100000" });
    response.write(body);
    setImmediate(() => request.socket.resetAndDestroy());
  },
  "no answer": () => {},
  "an answer that is not HTTP": (request, _response, body) => void request.socket.end(`${body}\r\n\r\n`),
};

/** The files that the configuration names. */
function writeFiles(dir: string, url: string, others: Others): void {
  const write = (name: string, text: string) => writeFileSync(join(dir, name), text);
  mkdirSync(join(dir, "targets.d"));
  write("key.txt", plantedSecrets.keyInFile);
  write("rest.txt", plantedSecrets.restTokenInFile);
  write("bot.txt", plantedSecrets.slackBotInFile);
  write("hmac.txt", plantedSecrets.hmacInFile);
  write("beside.txt", plantedSecrets.keyBesideDirectory);
  const found = { type: "pagerduty", url };
  write(
    "targets.d/found.json",
    JSON.stringify({ ...found, name: "found", routing_key: plantedSecrets.keyInDirectory }),
  );
  write("targets.d/beside.json", JSON.stringify({ ...found, name: "beside", routing_key: { file: "../beside.txt" } }));
  write("targets.d/broken.json", `{ "name": "broken", "routing_key": "${plantedSecrets.keyInBrokenFile}, }`);
  const { kubernetes: server } = others;
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "here",
    clusters: [{ name: "here", cluster: { server } }],
    users: [{ name: "me", user: { token: plantedSecrets.kubernetes } }],
    contexts: [{ name: "here", context: { cluster: "here", user: "me" } }],
  };
  write("kubeconfig", JSON.stringify(kubeconfig));
}

/** All that the service answers to whoever may read everything. */
async function allAnswers(
  service: Service,
  config: { readonly targets: readonly unknown[] },
): Promise<{ readonly paths: string[]; readonly text: string }> {
  const front = await service.get("/", bearer);
  const patterns = Array.from(front.text.matchAll(/^GET +(\/\S*)/gm), ([, path]) => path ?? "");
  const { incidents } = (await service.get("/api/v1/incidents?limit=100", bearer)).body;
  const { deadletters } = (await service.get("/api/v1/deadletters?limit=100", bearer)).body;
  const { targets } = (await service.get("/api/v1/targets", bearer)).body;
  const all = patterns.flatMap((pattern) => {
    if (pattern.startsWith("/api/v1/incidents/:")) return incidents.map(({ id }: any) => `/api/v1/incidents/${id}`);
    if (pattern.startsWith("/api/v1/deadletters/:"))
      return deadletters.map(({ id }: any) => `/api/v1/deadletters/${id}`);
    if (pattern.startsWith("/api/v1/targets/:"))
      return targets.map(({ name }: any) => `/api/v1/targets/${encodeURIComponent(name)}`);
    if (pattern === "/api/v1/explain")
      return incidents.map(({ dedupKey }: any) => `/api/v1/explain?fingerprint=${dedupKey}`);
    return pattern.includes("stream") ? [] : [pattern];
  });
  // Before the comparison is read. Its receivers' APIs repeat the token.
  const compared = await comparison(service);
  // Many incidents are of one alert.
  const paths = [...new Set<string>(all)];
  const answers = await Promise.all(paths.map((path) => service.get(path, bearer)));
  const asked = await Promise.all([
    service.ask("POST", "/api/v1/explain", webhookAlert("new", "firing"), bearer),
    service.ask("POST", "/-/reload", undefined, bearer),
    service.ask("POST", "/api/v1/targets/refresh", undefined, bearer),
    service.get("/api/v1/incidents"),
    service.get("/api/v1/incidents", { authorization: `Bearer ${plantedSecrets.wrongToken}` }),
    service.get(`/api/v1/explain?fingerprint=x`, bearer),
    service.ask("POST", "/api/v1/changes/from/hub", { ref: "x" }),
    service.ask("POST", "/api/v1/changes/from/cd", {}, { authorization: `Bearer ${plantedSecrets.changeSource}` }),
    service.ask("POST", `/api/v1/changes/from/${plantedSecrets.changeSource}`, {}),
    service.ask("POST", "/api/v1/callbacks/pd", {}, { "x-pagerduty-signature": `v1=${plantedSecrets.callback}` }),
    service.ask("POST", "/api/v1/callbacks/chat", {}, { "x-slack-signature": `v0=${plantedSecrets.callbackOfSlack}` }),
    service.ask("POST", `/api/v1/callbacks/${plantedSecrets.callback}`, {}),
    service.ask("POST", "/api/v1/session", { token: plantedSecrets.token }),
    service.ask("POST", "/api/v1/session", { token: plantedSecrets.wrongToken }),
    service.ask("POST", "/api/v1/reconcile/apply?target=shadow", undefined, bearer),
    ...[...config.targets, { ...moreTargets("")[0], type: "nothing" }].map((target) =>
      service.ask("POST", "/api/v1/explain", { alert: webhookAlert("new", "firing"), target }, bearer),
    ),
  ]);
  // After the dead letters were read.
  const [letter] = deadletters;
  const replayed = [
    await service.ask("POST", "/api/v1/deadletters/replay", { dryRun: true }, bearer),
    await service.ask("POST", `/api/v1/deadletters/${letter.id}/replay`, undefined, bearer),
    await service.get(`/api/v1/deadletters/${letter.id}`, bearer),
    await service.ask("DELETE", "/api/v1/session"),
  ];
  const text = [front, ...answers, ...asked, ...compared, ...replayed]
    .map((one) => `${JSON.stringify([...one.headers])}\n${one.text}`)
    .join("\n");
  return { paths, text };
}

/** Targets at receivers whose answer to a look-up comes soon: an echo, a status, a redirect, a part of an answer. */
const comparedTargets = [0, 1, 2, 3, 5, 6, 7, 9, 11].map((index) => `target=target-${index}`).join("&");

/** Compares the incidents with receivers, and waits for the end. */
async function comparison(service: Service) {
  const begun = await service.ask("POST", `/api/v1/reconcile/apply?${comparedTargets}`, undefined, bearer);
  const ended = await waitUntil(
    "the comparison ends",
    async () => {
      const last = await service.get("/api/v1/reconcile", bearer);
      return last.body.running === false && last;
    },
    { withinMs: 120_000, everyMs: 500 },
  );
  return [begun, ended];
}

/** Diagnostic reports are written into this directory on SIGUSR2. */
const reportsOf = (dir: string): string => join(dir, "reports");

/** The environment of the program: proxies, secrets that the configuration names, and diagnostic reports. */
const environment = (proxy: Receiver, dir: string) => ({
  HTTP_PROXY: proxy.url.replace("//", `//operator:${plantedSecrets.proxy}@`),
  HTTPS_PROXY: proxy.url.replace("//", `//operator:${plantedSecrets.secureProxy}@`),
  PLANTED_KEY: plantedSecrets.keyInVariable,
  PLANTED_API_KEY: plantedSecrets.rootlyInVariable,
  PLANTED_HMAC: plantedSecrets.hmacInVariable,
  NODE_OPTIONS: `--report-on-signal --report-signal=SIGUSR2 --report-directory=${reportsOf(dir)}`,
});

export interface FailingService extends AsyncDisposable {
  readonly service: Service;
  /** All that it answered. */
  readonly answers: { readonly paths: readonly string[]; readonly text: string };
  /** Receives its traces. */
  readonly collector: Collector;
  /** Makes it write a diagnostic report, and returns that. */
  report(): Promise<string>;
}

/**
 * A service with all planted secrets that delivers an alert and its end to receivers which fail in every way. Then all its
 * endpoints are requested.
 */
export async function runFailingService({ ledger }: { readonly ledger?: object } = {}): Promise<FailingService> {
  await using stack = new AsyncDisposableStack();
  const open = async (reply: Reply) => stack.use(await Receiver.open(reply));
  const [healthy, ...failing] = await Promise.all([echo(202), ...Object.values(failures)].map(open));
  if (!healthy) throw new Error("the first receiver is healthy");
  const [proxy, alertmanager, heartbeat, kubernetes] = [
    await open(echo(502)),
    await open(echo(500)),
    await open(echo(500)),
    await open(echo(401)),
  ];
  const collector = stack.use(await Collector.open());
  const others = {
    alertmanager: alertmanager.url,
    collector: collector.url,
    heartbeat: heartbeat.url,
    kubernetes: kubernetes.url,
  };
  const receivers = [healthy, ...failing];
  const { path: dir } = stack.use(tempDir());
  mkdirSync(reportsOf(dir));
  writeFiles(dir, healthy.url, others);
  const config = { ...configFor(receivers, others), ...(ledger && { ledger }) };
  const service = stack.use(await Service.start({ config, dir, env: environment(proxy, dir) }));
  const listener = stack.use(await Listener.open(service, { headers: bearer }));
  const send = (status: "firing" | "resolved") =>
    service.ask("POST", "/api/v1/webhook/alertmanager", { alerts: [webhookAlert("db-1", status)] }, bearer);
  await send("firing");
  const valid = [...receivers.flatMap(targetsAt), ...moreTargets("")].map(({ name }) => name);
  const attempted = [...valid.filter((name) => name !== "shadow" && name !== "disabled"), "found", "beside"];
  await waitUntil("all targets have delivered or failed as their receiver does", async () => {
    const { incidents } = (await service.get("/api/v1/incidents?limit=500", bearer)).body;
    const tried = new Set(incidents.filter(({ attempts }: any) => attempts > 0).map(({ target }: any) => target));
    const untried = attempted.filter((name) => !tried.has(name));
    if (untried.length > 0) throw new Error(`not yet: ${untried.join(", ")}`);
    return true;
  });
  await waitUntil("something is dead", async () => {
    const { deadletters } = (await service.get("/api/v1/deadletters", bearer)).body;
    return deadletters.length >= 2;
  });
  await waitUntil("the other services were called", () =>
    [alertmanager, heartbeat, kubernetes, proxy].every(({ count }) => count > 0),
  );
  await waitUntil("attempts are traced", () => collector.spans.some(({ name }) => name === "attempt"));
  collector.respond = (response) => void response.writeHead(400).end(`no: ${collector.authorization}`);
  const before = healthy.count;
  await send("resolved");
  await waitUntil("the resolve is delivered", () => healthy.count > before);
  await waitUntil("the stream has the end", () => listener.of("db-1").some(({ state }) => state === "closed"));
  // Requests that are refused, and a reload with a rotated key and without one target.
  const signature = { "x-grafana-alerting-signature": "0".repeat(64) };
  const signed = { authorization: `Bearer ${plantedSecrets.tokenOfSender}`, ...signature };
  const refused = await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts: [] }, signed);
  const forbidden = await service.ask("POST", "/-/reload", undefined, {
    authorization: `Bearer ${plantedSecrets.tokenOfReader}`,
  });
  const [first, ...targets] = config.targets.filter((one) => (one as { name?: string }).name !== "removed");
  const rotated = { ...(first as object), routing_key: `${plantedSecrets.rotatedKey}10` };
  service.configure({ ...config, targets: [rotated, ...targets] });
  const { paths, text } = await allAnswers(service, config);
  const kept = stack.move();
  return {
    service,
    answers: { paths, text: text + listener.text + refused.text + forbidden.text },
    collector,
    async report() {
      service.process.signal("SIGUSR2");
      let report = "";
      await waitUntil("the diagnostic report is written", () => {
        const [name] = readdirSync(reportsOf(dir));
        report = name === undefined ? "" : readFileSync(join(reportsOf(dir), name), "utf8");
        return report.trimEnd().endsWith("}");
      });
      return report;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
