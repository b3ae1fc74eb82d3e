import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { webhookAlert } from "./lib/alerts.ts";
import { temporaryDirectory } from "./lib/place.ts";
import { Receiver, type Reply } from "./lib/receiver.ts";
import { Service, tocsin } from "./lib/tocsin.ts";
import { until } from "./lib/until.ts";

const planted = {
  /** Two more characters make a key of it, one for each target. */
  key: "PLANTEDkey0123456789abcdefABCD",
  otherKey: "PLANTEDother56789abcdefABCDEF012",
  wrongKey: "PLANTEDwrong-not-thirty-two-characters",
  header: "PLANTEDheader-of-a-proxy",
  signing: "PLANTEDsigning0123456789abcdefABCDEF0123",
  bearer: "PLANTEDbearer-of-a-webhook",
  path: "PLANTEDpath-of-a-webhook",
  query: "PLANTEDquery-of-a-webhook",
  token: "PLANTEDtoken-for-operators",
  wrongToken: "PLANTEDtoken-of-nobody",
} as const;

/** Which of the planted secrets stand in these bytes: as they are, or in one of the usual spellings. */
function found(bytes: Buffer | string): string[] {
  const text = typeof bytes === "string" ? bytes : bytes.toString("latin1");
  return Object.entries(planted).flatMap(([name, secret]) => {
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

/** Answers with this status, and says back all that it was told. */
const echo =
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
  "what is no HTTP": (request, _response, body) => void request.socket.end(`${body}\r\n\r\n`),
};

const bearer = { authorization: `Bearer ${planted.token}` };

/** A service whose every target is told with a planted secret, or is wrong and holds one. */
const configFor = (receivers: readonly Receiver[]) => ({
  server: {
    auth: { tokens: [{ name: "operator", token: planted.token, roles: ["ingest", "read", "operate"] }] },
  },
  telemetry: { logs: { level: "trace" } },
  delivery: { retry: { initial: "100ms", max: "200ms" } },
  targets: [
    ...receivers.map(({ url }, index) => ({
      name: `target-${index}`,
      type: "pagerduty",
      url,
      routing_key: `${planted.key}${index + 10}`,
    })),
    ...receivers.map(({ url }, index) => ({
      name: `hook-${index}`,
      type: "webhook",
      url: `${url}/${planted.path}?sig=${planted.query}`,
      signing_secret: `whsec_${planted.signing}`,
      headers: { Authorization: `Bearer ${planted.bearer}` },
    })),
    { name: "wrong-hook", type: "webhook", url: "http://169.254.169.254", signing_secret: [planted.signing] },
    {
      name: "by-header",
      type: "pagerduty",
      url: receivers[0]?.url,
      headers: { Authorization: `Bearer ${planted.otherKey}`, "X-Proxy": planted.header },
    },
    { name: "wrong-key", type: "pagerduty", url: "http://127.0.0.1", routing_key: planted.wrongKey },
    { name: "wrong-name", type: "pagerduty", url: "http://127.0.0.1", routing_kee: planted.otherKey },
    { name: "wrong-url", type: "pagerduty", url: `https://user:${planted.key}@:0/${planted.wrongKey}` },
    { name: "wrong-type", type: "pagerduty", headers: planted.header, routing_key: [planted.key] },
    planted.otherKey,
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
    service.get("/api/v1/incidents", { authorization: `Bearer ${planted.wrongToken}` }),
    service.get(`/api/v1/explain?fingerprint=x`, bearer),
  ]);
  const text = [front, ...answers, ...asked]
    .map((one) => `${JSON.stringify([...one.headers])}\n${one.text}`)
    .join("\n");
  return { paths, text };
}

const filesOf = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

describe("a planted secret", () => {
  test("is found where it stands", () => {
    for (const [name, secret] of Object.entries(planted)) {
      expect(found(`a ${secret}.`)).toEqual([name]);
      expect(found(Buffer.from(`{"b":"${Buffer.from(`xy${secret}`).toString("base64")}"}`))).toEqual([name]);
    }
    expect(found("nothing")).toEqual([]);
  });

  test("stands in no log, metric, answer or database byte, however its target fails, and the process too", async () => {
    await using stack = new AsyncDisposableStack();
    const open = async (reply: Reply) => stack.use(await Receiver.open(reply));
    const healthy = await open(echo(202));
    const failing = await Promise.all(Object.values(failures).map(open));
    await using service = await Service.start({ config: configFor([healthy, ...failing]) });
    const say = (status: "firing" | "resolved") =>
      service.ask("POST", "/api/v1/webhook/alertmanager", { alerts: [webhookAlert("db-1", status)] }, bearer);
    await say("firing");
    for (const [index, name] of Object.keys(failures).entries())
      await until(`both targets met ${name}`, () => (failing[index]?.count ?? 0) > 1);
    await until("something is dead", async () => {
      const { deadletters } = (await service.get("/api/v1/deadletters", bearer)).body;
      return deadletters.length >= 2;
    });
    const before = healthy.count;
    await say("resolved");
    await until("the resolve is told", () => healthy.count > before);

    const { paths, text } = await allAnswers(service);
    expect(paths).toEqual(expect.arrayContaining(["/metrics", "/api/v1/stats", "/api/v1/targets", "/healthz"]));
    expect(text).toContain("pagerduty_publish_errors_total");
    expect(found(text)).toEqual([]);
    expect(service.output).toContain("a target did not accept an event");
    expect(found(service.output)).toEqual([]);
    const dir = join(service.dir, "data");
    const databases = () => filesOf(dir).filter((file) => !file.endsWith(".key"));
    // While it runs there is a write-ahead log too.
    expect(databases()).toEqual(expect.arrayContaining([join(dir, "tocsin.db"), join(dir, "tocsin.db-wal")]));
    for (const file of databases()) expect([file, found(readFileSync(file))]).toEqual([file, []]);
    await service.kill();
    for (const file of databases()) expect([file, found(readFileSync(file))]).toEqual([file, []]);
  });

  test("stands in nothing that a crash leaves behind", async () => {
    await using receiver = await Receiver.open(echo(202));
    const crash = `process.once("SIGUSR2", () => { throw Object.assign(new Error("at ${planted.key}10"), { options: { headers: { authorization: "Bearer ${planted.token}" } } }) })`;
    using place = temporaryDirectory();
    const preload = join(place.path, "crash.mjs");
    writeFileSync(preload, `import { isMainThread } from "node:worker_threads"; if (isMainThread) ${crash};`);
    await using service = await Service.start({
      config: configFor([receiver]),
      env: { NODE_OPTIONS: `--import=${preload}` },
    });
    expect(await service.stop("SIGUSR2")).toEqual({ code: 1, signal: null });
    expect(service.output).toContain("nobody caught this");
    expect(found(service.output)).toEqual([]);
  });

  test("stands in nothing that commands print", async () => {
    await using receiver = await Receiver.open(echo(413));
    await using service = await Service.start({ config: configFor([receiver]) });
    await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts: [webhookAlert("db-1", "firing")] }, bearer);
    await until("there is a dead letter", async () => {
      const { deadletters } = (await service.get("/api/v1/deadletters", bearer)).body;
      return deadletters.length > 0;
    });
    const here = ["--url", service.url, "--token", planted.token];
    const nowhere = ["--url", "http://127.0.0.1:9", "--token", planted.token];
    const sending = ["--url", receiver.url, "--routing-key", planted.key];
    const commands = [
      ["targets", "list", ...here],
      ["targets", "list", "--json", ...here],
      ["incidents", "list", ...here],
      ["incidents", "show", "1", ...here],
      ["deadletters", "list", ...here],
      ["deadletters", "show", "1", ...here],
      ["explain", "db-1", ...here],
      ["targets", "list", ...nowhere],
      ["targets", "list", "--url", service.url, "--token", planted.wrongToken],
      ["config", "check", "--config", service.configFile],
      ["config", "check", "--json", "--config", service.configFile],
      ["send", "trigger", "--summary", "x", ...sending],
      ["send", "resolve", "--dedup-key", "x", "--url", receiver.url, "--routing-key", planted.wrongKey],
    ];
    const printed: string[] = [];
    for (const command of commands) {
      await using run = tocsin(command, { cwd: service.dir });
      await run.ended;
      const text = run.stdout + run.stderr;
      expect(text, "each of them prints something").not.toBe("");
      printed.push(text);
      expect([command[0], command[1], found(text)]).toEqual([command[0], command[1], []]);
    }
    expect(printed.join("")).toContain("wrong-key");
  });

  const wrongFiles = [
    ["an unknown key", JSON.stringify({ routing_key: planted.key, server: { auth: { token: planted.token } } })],
    [
      "a token with blanks",
      JSON.stringify({
        server: { auth: { tokens: [{ name: "a", token: `${planted.token} ${planted.wrongToken}`, roles: ["read"] }] } },
      }),
    ],
    ["a key that is none", JSON.stringify({ ledger: { encryptionKey: planted.key } })],
    ["YAML that is broken at it", `targets:\n  - name: a\n    routing_key: "${planted.key}\n  : ${planted.token}`],
    [
      "YAML with a tab before it",
      `targets:\n\t- routing_key: ${planted.key}\n  - ${planted.token}: ${planted.token}: x`,
    ],
  ] as const;

  test.for(wrongFiles)("stands in no complaint about a configuration: %s", async ([, text]) => {
    using place = temporaryDirectory();
    writeFileSync(join(place.path, "tocsin.yaml"), text);
    for (const command of [["serve"], ["config", "check"], ["config", "check", "--json"]]) {
      await using run = tocsin(command, { cwd: place.path });
      expect(await run.ended).toEqual({ code: 78, signal: null });
      expect(found(run.stdout + run.stderr)).toEqual([]);
    }
  });
});
