import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { postgresPrograms, TestPostgres } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { webhookAlert } from "../support/alerts.ts";
import { dumpOf } from "../support/dump.ts";
import { tempDir } from "../support/temp-dir.ts";
import { echo, runFailingService } from "../support/failing-service.ts";
import { bearer, configFor } from "../support/planted-configuration.ts";
import { findPlantedSecrets, plantedSecrets, plantedTls } from "../support/planted-secrets.ts";
import { Receiver } from "../support/receiver.ts";
import { Service, tocsin } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

const filesOf = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

const sourceOf = (path: string): string => readFileSync(join(import.meta.dirname, path), "utf8");

describe("a planted secret", () => {
  test("exists of every kind, and each is used", () => {
    const names = Object.keys(plantedSecrets);
    expect(names.length).toBeGreaterThanOrEqual(60);
    const used = ["../support/planted-configuration.ts", "../support/failing-service.ts", "secrets.test.ts"]
      .map(sourceOf)
      .join("");
    const inTls = Object.keys(plantedTls).map((name) => `${name}TlsKey`);
    expect(names.filter((name) => !used.includes(`plantedSecrets.${name}`) && !inTls.includes(name))).toEqual([]);
    expect(Object.keys(plantedTls).filter((name) => !used.includes(`plantedTls.${name}`))).toEqual([]);
  });

  test("is found where it was planted", () => {
    for (const [name, secret] of Object.entries(plantedSecrets)) {
      expect(findPlantedSecrets(`a ${secret}.`)).toEqual([name]);
      expect(findPlantedSecrets(Buffer.from(`{"b":"${Buffer.from(`xy${secret}`).toString("base64")}"}`))).toEqual([
        name,
      ]);
    }
    expect(findPlantedSecrets("nothing")).toEqual([]);
  });

  test("is in no log, metric, answer or database byte, however its target or the process fails, nor in a trace or a diagnostic report", async () => {
    await using suffered = await runFailingService();
    const { service, answers, collector } = suffered;
    const { paths, text } = answers;
    expect(paths).toEqual(expect.arrayContaining(["/metrics", "/api/v1/stats", "/api/v1/targets", "/healthz"]));
    expect(text).toContain("pagerduty_publish_errors_total");
    expect(text).toContain("event: incident");
    expect(paths).toEqual(expect.arrayContaining(["/api/v1/reconcile", "/api/v1/session"]));
    for (const said of ["HTTP 401", "HTTP 429", "HTTP 500"]) expect(text).toContain(`"incomplete":"${said}"`);
    expect(findPlantedSecrets(text)).toEqual([]);
    expect(service.output).toContain("attempt_failed");
    // Exports, heartbeats and readings fail in the background, at their own times.
    await waitUntil("each kind of failure is logged", () => {
      const missing = [
        "trace_export_failed",
        "heartbeat_failed",
        "alertmanager_not_counted",
        "request_refused",
        "target_invalid",
      ].filter((event) => !service.output.includes(event));
      if (missing.length > 0) throw new Error(`not yet: ${missing.join(", ")}`);
      return true;
    });
    expect(findPlantedSecrets(service.output)).toEqual([]);
    expect(collector.invalid).toEqual([]);
    expect(collector.text).toContain("tocsin.fingerprint");
    expect(findPlantedSecrets(collector.text)).toEqual([]);
    const report = await suffered.report();
    expect(report).toContain('"nodejsVersion"');
    expect(findPlantedSecrets(report)).toEqual([]);
    const dir = join(service.dir, "data");
    const databases = () => filesOf(dir).filter((file) => !file.endsWith(".key"));
    // While it runs there is a write-ahead log too.
    expect(databases()).toEqual(expect.arrayContaining([join(dir, "tocsin.db"), join(dir, "tocsin.db-wal")]));
    for (const file of databases()) expect([file, findPlantedSecrets(readFileSync(file))]).toEqual([file, []]);
    await service.kill();
    for (const file of databases()) expect([file, findPlantedSecrets(readFileSync(file))]).toEqual([file, []]);
  });

  test("is in no log, metric, answer or row in PostgreSQL, and neither is the ledger's password", async () => {
    const [programs] = postgresPrograms();
    if (!programs) throw new Error("no PostgreSQL: npm brings one for this platform");
    await using postgres = await TestPostgres.open({ programs, password: plantedSecrets.database });
    const url = postgres.url.replace("postgres@", `postgres:${plantedSecrets.database}@`);
    const encryptionKey = [plantedSecrets.encryption, plantedSecrets.formerEncryption].map((key) =>
      Buffer.from(key).toString("base64"),
    );
    await using suffered = await runFailingService({ ledger: { url: `${url}?sslmode=disable`, encryptionKey } });
    const { service, answers } = suffered;
    expect(answers.text).toContain("pagerduty_publish_errors_total");
    expect(findPlantedSecrets(answers.text)).toEqual([]);

    const { tables, text } = await dumpOf(url);
    expect(tables).toEqual(expect.arrayContaining(["alerts", "dead_letters", "endpoints", "history", "incidents"]));
    // It shows what the rows say: the texts of this alert, of its attempts and of what came back.
    for (const word of ["db-1", "invalid event", "LISTEN"]) expect(text).toContain(word);
    expect(findPlantedSecrets(text)).toEqual([]);

    await postgres.stop();
    await waitUntil("it says that its ledger is away", () => service.output.includes("ledger_unavailable"));
    expect(service.output).toContain("attempt_failed");
    expect(findPlantedSecrets(service.output)).toEqual([]);
    await service.kill();
    await expect(service.start()).rejects.toThrow("cannot be opened");
    expect(findPlantedSecrets(service.output)).toEqual([]);
  });

  test("is in nothing that a crash leaves behind", async () => {
    await using receiver = await Receiver.open(echo(202));
    const crash = `process.once("SIGUSR2", () => { throw Object.assign(new Error("at ${plantedSecrets.key}10"), { options: { headers: { authorization: "Bearer ${plantedSecrets.token}" } } }) })`;
    using place = tempDir();
    const preload = join(place.path, "crash.mjs");
    writeFileSync(preload, `import { isMainThread } from "node:worker_threads"; if (isMainThread) ${crash};`);
    await using service = await Service.start({
      config: configFor([receiver]),
      env: { NODE_OPTIONS: `--import=${preload}` },
    });
    expect(await service.stop("SIGUSR2")).toEqual({ code: 1, signal: null });
    expect(service.output).toContain("Uncaught exception");
    expect(findPlantedSecrets(service.output)).toEqual([]);
  });

  test("is in nothing that commands print", async () => {
    await using receiver = await Receiver.open(echo(413));
    await using service = await Service.start({ config: configFor([receiver]) });
    await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts: [webhookAlert("db-1", "firing")] }, bearer);
    await waitUntil("there is a dead letter", async () => {
      const { deadletters } = (await service.get("/api/v1/deadletters", bearer)).body;
      return deadletters.length > 0;
    });
    const here = ["--url", service.url, "--token", plantedSecrets.token];
    const nowhere = ["--url", "http://127.0.0.1:9", "--token", plantedSecrets.token];
    const sending = ["--url", receiver.url, "--routing-key", plantedSecrets.key];
    const commands = [
      ["targets", "list", ...here],
      ["targets", "list", "--json", ...here],
      ["incidents", "list", ...here],
      ["incidents", "show", "1", ...here],
      ["deadletters", "list", ...here],
      ["deadletters", "show", "1", ...here],
      ["explain", "db-1", ...here],
      ["targets", "list", ...nowhere],
      ["targets", "list", "--url", service.url, "--token", plantedSecrets.wrongToken],
      ["config", "check", "--config", service.configFile],
      ["config", "check", "--json", "--config", service.configFile],
      ["send", "trigger", "--summary", "x", ...sending],
      ["send", "trigger", "--summary", "x", "--url", receiver.url, "--routing-key", plantedSecrets.keyOfCommand],
      ["send", "resolve", "--dedup-key", "x", "--url", receiver.url, "--routing-key", plantedSecrets.wrongKey],
    ];
    const printed: string[] = [];
    for (const command of commands) {
      await using run = tocsin(command, { cwd: service.dir });
      await run.ended;
      const text = run.stdout + run.stderr;
      expect(text, "each of them prints something").not.toBe("");
      printed.push(text);
      expect([command[0], command[1], findPlantedSecrets(text)]).toEqual([command[0], command[1], []]);
    }
    expect(printed.join("")).toContain("wrong-key");
  });

  const wrongFiles = [
    [
      "an unknown key",
      JSON.stringify({ routing_key: plantedSecrets.key, server: { auth: { token: plantedSecrets.token } } }),
    ],
    [
      "a token with blanks",
      JSON.stringify({
        server: {
          auth: {
            tokens: [{ name: "a", token: `${plantedSecrets.token} ${plantedSecrets.wrongToken}`, roles: ["read"] }],
          },
        },
      }),
    ],
    [
      "a private key of another certificate",
      JSON.stringify({ server: { tls: { cert: plantedTls.target.cert, key: plantedTls.server.key } } }),
    ],
    [
      "a collector and a heartbeat with wrong URLs",
      JSON.stringify({
        telemetry: {
          traces: { otlp: `ftp://user:${plantedSecrets.otlpPassword}@host/${plantedSecrets.otlpPath}` },
          heartbeat: { url: `user:${plantedSecrets.heartbeatPath}` },
        },
      }),
    ],
    ["a key that is none", JSON.stringify({ ledger: { encryptionKey: plantedSecrets.key } })],
    [
      "YAML that is broken at it",
      `targets:\n  - name: a\n    routing_key: "${plantedSecrets.key}\n  : ${plantedSecrets.token}`,
    ],
    [
      "YAML with a tab before it",
      `targets:\n\t- routing_key: ${plantedSecrets.key}\n  - ${plantedSecrets.token}: ${plantedSecrets.token}: x`,
    ],
  ] as const;

  test.for(wrongFiles)("is in no error about a configuration: %s", async ([, text]) => {
    using place = tempDir();
    writeFileSync(join(place.path, "tocsin.yaml"), text);
    for (const command of [["serve"], ["config", "check"], ["config", "check", "--json"]]) {
      await using run = tocsin(command, { cwd: place.path });
      expect(await run.ended).toEqual({ code: 78, signal: null });
      expect(findPlantedSecrets(run.stdout + run.stderr)).toEqual([]);
    }
  });
});
