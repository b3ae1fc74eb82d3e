import { webhookAlert } from "./alerts.ts";
import { Listener } from "./listener.ts";
import { Receiver, type Reply } from "./receiver.ts";
import { Service } from "./tocsin.ts";
import { waitUntil } from "./wait-until.ts";

/** All secrets in the configuration of a service; none of them may appear anywhere. */
export const plantedSecrets = {
  /** Two more characters make a key of it, one for each target. */
  key: "PLANTEDkey0123456789abcdefABCD",
  otherKey: "PLANTEDother56789abcdefABCDEF012",
  wrongKey: "PLANTEDwrong-not-thirty-two-characters",
  header: "PLANTEDheader-of-a-proxy",
  signing: "PLANTEDsigning0123456789abcdefABCDEF0123",
  bearer: "PLANTEDbearer-of-a-webhook",
  path: "PLANTEDpath-of-a-webhook",
  query: "PLANTEDquery-of-a-webhook",
  slackHook: "PLANTEDslackhook0123456789",
  slackBot: "xoxb-PLANTEDslackbot-0123456789",
  rootly: "PLANTEDrootly-api-key",
  proxy: "PLANTEDpassword-of-a-proxy",
  database: "PLANTEDpassword-of-a-database",
  encryption: "PLANTEDencryption-key-of-32-byte",
  token: "PLANTEDtoken-for-operators",
  wrongToken: "PLANTEDtoken-of-nobody",
} as const;

/** Which of the planted secrets stand in these bytes: as they are, or in one of the usual spellings. */
export function findPlantedSecrets(bytes: Buffer | string): string[] {
  const text = typeof bytes === "string" ? bytes : bytes.toString("latin1");
  return Object.entries(plantedSecrets).flatMap(([name, secret]) => {
    const hex = Buffer.from(secret).toString("hex");
    // Three alignments, each without the characters that depend on what stands beside it.
    const base64 = [0, 1, 2].map((shift) =>
      Buffer.from("\0".repeat(shift) + secret)
        .toString("base64")
        .slice(4, -4),
    );
    const spellings = [secret, secret.toLowerCase(), hex, ...base64];
    return spellings.some((spelling) => text.includes(spelling)) ? [name] : [];
  });
}

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
    signing_secret: `whsec_${plantedSecrets.signing}`,
    headers: { Authorization: `Bearer ${plantedSecrets.bearer}` },
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
    notification_targets: [{ type: "Service", id: "service-1" }],
  },
];

/** A configuration in which every target has a planted secret, or is invalid and contains one. */
export const configFor = (receivers: readonly Receiver[]) => ({
  server: {
    auth: { tokens: [{ name: "operator", token: plantedSecrets.token, roles: ["ingest", "read", "operate"] }] },
  },
  telemetry: { logs: { level: "trace" } },
  delivery: { retry: { initial: "100ms", max: "200ms" } },
  targets: [
    ...receivers.flatMap(targetsAt),
    { name: "by-proxy", type: "webhook", url: "http://receiver.invalid/hook", allow_insecure: true },
    { name: "wrong-hook", type: "webhook", url: "http://169.254.169.254", signing_secret: [plantedSecrets.signing] },
    {
      name: "by-header",
      type: "pagerduty",
      url: receivers[0]?.url,
      headers: { Authorization: `Bearer ${plantedSecrets.otherKey}`, "X-Proxy": plantedSecrets.header },
    },
    { name: "wrong-key", type: "pagerduty", url: "http://127.0.0.1", routing_key: plantedSecrets.wrongKey },
    { name: "wrong-name", type: "pagerduty", url: "http://127.0.0.1", routing_kee: plantedSecrets.otherKey },
    { name: "wrong-url", type: "pagerduty", url: `https://user:${plantedSecrets.key}@:0/${plantedSecrets.wrongKey}` },
    { name: "wrong-type", type: "pagerduty", headers: plantedSecrets.header, routing_key: [plantedSecrets.key] },
    plantedSecrets.otherKey,
  ],
});

/** All that the service answers to whoever may read everything. */
async function allAnswers(service: Service): Promise<{ readonly paths: string[]; readonly text: string }> {
  const front = await service.get("/", bearer);
  const patterns = Array.from(front.text.matchAll(/^GET +(\/\S*)/gm), ([, path]) => path ?? "");
  const { incidents } = (await service.get("/api/v1/incidents?limit=100", bearer)).body;
  const { deadletters } = (await service.get("/api/v1/deadletters?limit=100", bearer)).body;
  const { targets } = (await service.get("/api/v1/targets", bearer)).body;
  const paths = patterns.flatMap((pattern) => {
    if (pattern.startsWith("/api/v1/incidents/:")) return incidents.map(({ id }: any) => `/api/v1/incidents/${id}`);
    if (pattern.startsWith("/api/v1/deadletters/:"))
      return deadletters.map(({ id }: any) => `/api/v1/deadletters/${id}`);
    if (pattern.startsWith("/api/v1/targets/:"))
      return targets.map(({ name }: any) => `/api/v1/targets/${encodeURIComponent(name)}`);
    if (pattern === "/api/v1/explain")
      return incidents.map(({ dedupKey }: any) => `/api/v1/explain?fingerprint=${dedupKey}`);
    return pattern.includes("stream") ? [] : [pattern];
  });
  const answers = await Promise.all(paths.map((path: string) => service.get(path, bearer)));
  const asked = await Promise.all([
    service.ask("POST", "/api/v1/explain", webhookAlert("new", "firing"), bearer),
    service.ask("POST", "/-/reload", undefined, bearer),
    service.ask("POST", "/api/v1/targets/refresh", undefined, bearer),
    service.get("/api/v1/incidents"),
    service.get("/api/v1/incidents", { authorization: `Bearer ${plantedSecrets.wrongToken}` }),
    service.get(`/api/v1/explain?fingerprint=x`, bearer),
  ]);
  const text = [front, ...answers, ...asked]
    .map((one) => `${JSON.stringify([...one.headers])}\n${one.text}`)
    .join("\n");
  return { paths, text };
}

/** For the program: the way to all that is not on this machine. */
const environment = (proxy: Receiver) => ({
  HTTP_PROXY: proxy.url.replace("//", `//operator:${plantedSecrets.proxy}@`),
});

export interface FailingService extends AsyncDisposable {
  readonly service: Service;
  /** All that it answered. */
  readonly answers: { readonly paths: readonly string[]; readonly text: string };
}

/** A service that tells an alert and its end to receivers which fail in every way, and is asked for everything then. */
export async function runFailingService({ ledger }: { readonly ledger?: object } = {}): Promise<FailingService> {
  await using stack = new AsyncDisposableStack();
  const open = async (reply: Reply) => stack.use(await Receiver.open(reply));
  const [healthy, ...failing] = await Promise.all([echo(202), ...Object.values(failures)].map(open));
  const proxy = await open(echo(502));
  if (!healthy) throw new Error("the first is well");
  const receivers = [healthy, ...failing];
  const config = { ...configFor(receivers), ...(ledger && { ledger }) };
  const service = stack.use(await Service.start({ config, env: environment(proxy) }));
  const listener = stack.use(await Listener.open(service, { headers: bearer }));
  const say = (status: "firing" | "resolved") =>
    service.ask("POST", "/api/v1/webhook/alertmanager", { alerts: [webhookAlert("db-1", status)] }, bearer);
  await say("firing");
  const valid = receivers.flatMap(targetsAt).map(({ name }) => name);
  await waitUntil("all targets have delivered or failed as their receiver does", async () => {
    const { incidents } = (await service.get("/api/v1/incidents?limit=100", bearer)).body;
    const tried = new Set(incidents.filter(({ attempts }: any) => attempts > 0).map(({ target }: any) => target));
    const untried = [...valid, "by-proxy", "by-header"].filter((name) => !tried.has(name));
    if (untried.length > 0) throw new Error(`not yet: ${untried.join(", ")}`);
    return true;
  });
  await waitUntil("something is dead", async () => {
    const { deadletters } = (await service.get("/api/v1/deadletters", bearer)).body;
    return deadletters.length >= 2;
  });
  const before = healthy.count;
  await say("resolved");
  await waitUntil("the resolve is delivered", () => healthy.count > before);
  await waitUntil("the end is heard of", () => listener.of("db-1").some(({ state }) => state === "closed"));
  const { paths, text } = await allAnswers(service);
  const answers = { paths, text: text + listener.text };
  const kept = stack.move();
  return { service, answers, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
