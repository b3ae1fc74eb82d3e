import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Collector } from "@tocsin/test";
import { webhookAlert } from "./alerts.ts";
import { Listener } from "./listener.ts";
import { plantedSecrets, plantedTls } from "./planted-secrets.ts";
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

export const bearer = { authorization: `Bearer ${plantedSecrets.token}` };

/** The targets at one receiver: one of each type, each with planted secrets. */
const targetsAt = ({ url }: Receiver, index: number) => [
  { name: `target-${index}`, type: "pagerduty", url, routing_key: `${plantedSecrets.key}${index + 10}` },
  {
    name: `hook-${index}`,
    type: "webhook",
    url: `${url}/${plantedSecrets.path}?sig=${plantedSecrets.query}`,
    signing_secret: [`whsec_${plantedSecrets.signing}`, `whsec_${plantedSecrets.formerSigning}`],
    headers: { Authorization: `Bearer ${plantedSecrets.bearer}`, Cookie: `session=${plantedSecrets.cookie}` },
    send_traceparent: true,
  },
  {
    name: `slack-${index}`,
    type: "slack",
    webhook_url: `${url}/services/T0001/B0001/${plantedSecrets.slackHook}${index}`,
  },
  { name: `bot-${index}`, type: "slack", url, bot_token: `${plantedSecrets.slackBot}-${index}`, channel: "C0001" },
  {
    name: `rootly-${index}`,
    type: "rootly",
    url,
    api_key: `${plantedSecrets.rootly}-${index}`,
    headers: { "X-Proxy": plantedSecrets.rootlyHeader },
    notification_targets: [{ type: "Service", id: "service-1" }],
  },
  {
    name: `alertmanager-${index}`,
    type: "alertmanager",
    url: `${url}/${plantedSecrets.alertmanagerPath}`,
    headers: {
      Authorization: `Bearer ${plantedSecrets.alertmanagerBearer}`,
      "X-Scope-OrgID": plantedSecrets.alertmanagerTenant,
    },
  },
];

const basic = Buffer.from(`user:${plantedSecrets.basic}`).toString("base64");

/** Targets that need one more way to have a secret, at a receiver. */
const moreTargets = (url: string) => [
  {
    name: "by-header",
    type: "pagerduty",
    url,
    headers: { Authorization: `Bearer ${plantedSecrets.otherKey}`, "X-Proxy": plantedSecrets.header },
  },
  { name: "by-variable", type: "pagerduty", url, routing_key: { env: "PLANTED_KEY" } },
  { name: "by-file", type: "pagerduty", url, routing_key: { file: "key.txt" } },
  { name: "fallback", type: "pagerduty", url, routing_key: plantedSecrets.keyOfFallback },
  { name: "shadow", type: "pagerduty", mode: "shadow", url, routing_key: plantedSecrets.keyOfShadow },
  { name: "disabled", type: "pagerduty", enabled: false, url, routing_key: plantedSecrets.keyOfDisabled },
  { name: "by-basic", type: "webhook", url, headers: { Authorization: `Basic ${basic}` } },
  { name: "removed", type: "webhook", url: `${url}/${plantedSecrets.formerPath}` },
  { name: "by-tls", type: "webhook", url: "https://127.0.0.1:9", tls: plantedTls.target, fallback: "fallback" },
  { name: "bot-by-file", type: "slack", url, bot_token: { file: "bot.txt" }, channel: "C0001" },
  {
    name: "slack-by-proxy",
    type: "slack",
    webhook_url: `${url}/services/T0001/B0001/${plantedSecrets.slackHook}x`,
    headers: { "X-Proxy": plantedSecrets.slackHeader },
  },
  {
    name: "rootly-by-variable",
    type: "rootly",
    url,
    api_key: { env: "PLANTED_API_KEY" },
    notification_targets: [{ type: "Service", id: "s" }],
  },
  { name: "by-proxy", type: "webhook", url: "http://receiver.invalid/hook", allow_insecure: true },
  { name: "by-secure-proxy", type: "webhook", url: "https://receiver.invalid/hook" },
];

const invalidTargets = [
  { name: "wrong-hook", type: "webhook", url: "http://169.254.169.254", signing_secret: [plantedSecrets.wrongSigning] },
  { name: "wrong-key", type: "pagerduty", url: "http://127.0.0.1", routing_key: plantedSecrets.wrongKey },
  { name: "wrong-name", type: "pagerduty", url: "http://127.0.0.1", routing_kee: plantedSecrets.unknownField },
  {
    name: "wrong-url",
    type: "pagerduty",
    url: `https://user:${plantedSecrets.urlPassword}@:0/${plantedSecrets.urlPath}`,
  },
  {
    name: "user-in-url",
    type: "webhook",
    url: `https://user:${plantedSecrets.urlPassword}@host/${plantedSecrets.urlPath}`,
  },
  {
    name: "wrong-type",
    type: "pagerduty",
    headers: plantedSecrets.wrongHeaders,
    routing_key: [plantedSecrets.keyInList],
  },
  plantedSecrets.bareText,
];

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** Services that Tocsin calls besides targets. Each repeats the whole request, and fails. */
export interface Others {
  readonly alertmanager: string;
  readonly collector: string;
  readonly heartbeat: string;
  readonly kubernetes: string;
}

/** A configuration in which every target has a planted secret, or is invalid and contains one. */
export const configFor = (
  receivers: readonly Receiver[],
  others?: Others,
): Record<string, unknown> & { readonly targets: readonly unknown[] } => ({
  server: {
    auth: {
      tokens: [
        { name: "operator", token: plantedSecrets.token, roles: ["ingest", "read", "operate"] },
        { name: "signed", token: plantedSecrets.tokenOfSender, roles: ["ingest"] },
        { name: "signed-by-file", token: `${plantedSecrets.tokenOfSender}-by-file`, roles: ["ingest"] },
        { name: "signed-by-variable", token: `${plantedSecrets.tokenOfSender}-by-variable`, roles: ["ingest"] },
        { name: "reader", token: plantedSecrets.tokenOfReader, roles: ["read"] },
      ],
    },
  },
  ledger: { encryptionKey: [base64(plantedSecrets.encryption), base64(plantedSecrets.formerEncryption)] },
  telemetry: {
    logs: { level: "trace" },
    ...(others && {
      traces: { otlp: `${withPassword(others.collector, plantedSecrets.otlpPassword)}/${plantedSecrets.otlpPath}` },
      heartbeat: {
        url: `${others.heartbeat}/${plantedSecrets.heartbeatPath}?${plantedSecrets.heartbeatQuery}`,
        every: "1s",
      },
    }),
  },
  ...(others && {
    sources: [
      {
        name: "read",
        alertmanager: {
          urls: [
            withPassword(others.alertmanager, plantedSecrets.readerPassword),
            withPassword(others.alertmanager, plantedSecrets.otherReaderPassword),
          ],
          every: "1s",
          headers: { "X-Scope-OrgID": plantedSecrets.readerHeader },
        },
      },
      {
        name: "read-by-tls",
        alertmanager: {
          urls: ["https://127.0.0.1:9"],
          every: "1s",
          headers: { Authorization: `Bearer ${plantedSecrets.readerAuthorization}` },
          tls: plantedTls.reader,
        },
      },
      { name: "signed", hmac: { secret: plantedSecrets.hmac } },
      { name: "signed-by-file", hmac: { secret: { file: "hmac.txt" } } },
      { name: "signed-by-variable", hmac: { secret: { env: "PLANTED_HMAC" } } },
    ],
    changes: {
      sources: [
        { name: "hub", type: "github", secrets: [plantedSecrets.changeSource] },
        { name: "cd", type: "argocd", secrets: [plantedSecrets.wrongToken, plantedSecrets.changeSource] },
        {
          name: "lab",
          type: "gitlab",
          secrets: [`whsec_${Buffer.from(plantedSecrets.changeSigning).toString("base64")}`],
        },
      ],
    },
    discovery: {
      files: ["targets.d"],
      kubernetes: { enabled: true, namespaces: ["default"], kubeconfig: "kubeconfig" },
    },
  }),
  delivery: { retry: { initial: "100ms", max: "200ms" } },
  targets: [
    ...[...receivers.flatMap(targetsAt), ...(others ? moreTargets(receivers[0]?.url ?? "") : [])].map((target) => ({
      ...target,
      timeout: "2s",
    })),
    ...invalidTargets,
  ],
});

const withPassword = (url: string, password: string): string => url.replace("//", `//user:${password}@`);

/** The files that the configuration names. */
function writeFiles(dir: string, url: string, others: Others): void {
  const write = (name: string, text: string) => writeFileSync(join(dir, name), text);
  mkdirSync(join(dir, "targets.d"));
  write("key.txt", plantedSecrets.keyInFile);
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
async function allAnswers(service: Service): Promise<{ readonly paths: string[]; readonly text: string }> {
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
  ]);
  const text = [front, ...answers, ...asked]
    .map((one) => `${JSON.stringify([...one.headers])}\n${one.text}`)
    .join("\n");
  return { paths, text };
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
  const { paths, text } = await allAnswers(service);
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
