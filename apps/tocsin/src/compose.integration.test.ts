import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compose } from "./compose.ts";
import { readConfig } from "./config/config.ts";
import { routingKey, startService, type TestService } from "./service.fixture.ts";

const alertOf = (fingerprint: string, status = "firing", severity = "critical") => ({
  status,
  fingerprint,
  labels: { alertname: "DiskFull", severity },
  annotations: { summary: `${fingerprint} is full` },
  startsAt: "2026-11-23T10:00:00Z",
});
const post = (service: TestService, ...alerts: unknown[]) =>
  service.ask("POST", "/api/v1/webhook/alertmanager", { alerts });
const reload = (service: TestService) => service.ask("POST", "/-/reload");

/** Returns the simulator's incident of an alert, once it is in this state. */
const incident = (service: TestService, dedupKey: string, status = "triggered") =>
  service.until(`${dedupKey} is ${status}`, () =>
    service.simulator.incidents().find((one) => one.dedup_key === dedupKey && one.status === status),
  );

const metric = async (service: TestService, name: string) =>
  new RegExp(`^${name} (.*)$`, "m").exec((await service.ask("GET", "/metrics")).text)?.[1];

describe("a service", () => {
  test("starts and stops twice in one process with the same ledger, and keeps its delivered state", async () => {
    await using service = await startService();
    await post(service, alertOf("kept"));
    await incident(service, "kept");
    await service.tocsin.stop();
    const config = readConfig(service.next, { dir: service.dir, env: {} });
    const again = await compose(config, { writeLog: () => {}, env: {}, reread: () => config });
    try {
      const base = `http://127.0.0.1:${again.address.port}/api/v1`;
      const resolved = JSON.stringify({ alerts: [alertOf("kept", "resolved")] });
      expect((await fetch(`${base}/webhook/alertmanager`, { method: "POST", body: resolved })).status).toBe(200);
      await incident(service, "kept", "resolved");
    } finally {
      await again.stop();
      await again.stop();
    }
  });

  test("reports why it cannot start, and leaves nothing behind", async () => {
    await using service = await startService();
    const { address } = service.tocsin;
    const start = (input: object, env: Record<string, string> = {}) => {
      const config = readConfig(input, { dir: service.dir, env: {} });
      return compose(config, { writeLog: () => {}, env, reread: () => config });
    };
    const taken = { server: { listen: `127.0.0.1:${address.port}` }, ledger: { url: "sqlite:other.db" } };
    await expect(start(taken)).rejects.toThrow(
      `cannot listen on 127.0.0.1:${address.port}: the address is already in use`,
    );
    const free = { server: { listen: "127.0.0.1:0" }, ledger: { url: "sqlite:other.db" } };
    await (await start(free)).stop();
    const unknown = { https_proxy: "socks5://user:secret@proxy" };
    await expect(start(free, unknown)).rejects.toThrow(/^https_proxy must be an http or https URL, such as "[^"]*"$/);
    mkdirSync(join(service.dir, "folder"));
    const folder = { server: { listen: "127.0.0.1:0" }, ledger: { url: "sqlite:folder" } };
    await expect(start(folder)).rejects.toThrow(/the ledger .*folder cannot be opened/);
    writeFileSync(join(service.dir, "third.db.key"), "broken");
    const wrongKey = { server: { listen: "127.0.0.1:0" }, ledger: { url: "sqlite:third.db" } };
    await expect(start(wrongKey)).rejects.toThrow("holds no key");
  });

  test("sends to targets on this machine without the proxy of the environment", async () => {
    await using service = await startService();
    await service.tocsin.stop();
    const config = readConfig(service.next, { dir: service.dir, env: {} });
    // No process listens there.
    const env = { HTTP_PROXY: "127.0.0.1:1", HTTPS_PROXY: "127.0.0.1:1" };
    const again = await compose(config, { writeLog: () => {}, env, reread: () => config });
    try {
      const url = `http://127.0.0.1:${again.address.port}/api/v1/webhook/alertmanager`;
      await fetch(url, { method: "POST", body: JSON.stringify({ alerts: [alertOf("near")] }) });
      expect(await incident(service, "near")).toMatchObject({ status: "triggered" });
    } finally {
      await again.stop();
    }
  });

  test("says what happened and what to do if the key file of an old ledger is missing", async () => {
    await using service = await startService();
    await post(service, alertOf("before"));
    await incident(service, "before");
    await service.tocsin.stop();
    const config = readConfig(service.next, { dir: service.dir, env: {} });
    rmSync(join(service.dir, "tocsin.db.key"));
    const logs: string[] = [];
    const again = await compose(config, { writeLog: (line) => logs.push(line), env: {}, reread: () => config });
    const ask = async (path: string, body?: unknown) => {
      const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
      const response = await fetch(`http://127.0.0.1:${again.address.port}${path}`, sent);
      // oxlint-disable-next-line typescript/no-explicit-any -- an answer of any endpoint
      return (await response.json()) as any;
    };
    try {
      const lost = logs.filter((line) => line.includes("ledger_key_lost"));
      expect(lost).toEqual([
        expect.stringMatching(/key file was missing.*orphaned_key: restore .*tocsin\.db\.key from a backup/),
      ]);
      const { warnings } = await service.until("it is ready", async () => {
        const body = await ask("/readyz");
        return body.status === "ready" ? body : undefined;
      });
      expect(warnings).toEqual([expect.stringContaining("key file was missing at the start")]);
      await ask("/api/v1/webhook/alertmanager", { alerts: [alertOf("before", "resolved")] });
      const row = await service.until("its resolve waits", async () => {
        const { targets } = await ask("/api/v1/explain?fingerprint=before");
        return targets[0].reason === "orphaned_key" ? targets[0] : undefined;
      });
      expect(row.detail).toMatch(
        /cannot decrypt the credential .* the ledger's key was lost\. Restore the key file .* manually$/,
      );
      const failed = logs.filter((line) => line.includes("attempt_failed"));
      expect(failed).toEqual([expect.stringContaining("the ledger's key was lost")]);
    } finally {
      await again.stop();
    }
  });
});

describe("a reload", () => {
  test("sends the alerts that fire already to an added target", async () => {
    await using service = await startService(() => ({ targets: [] }));
    await post(service, alertOf("since-before"));
    expect(service.simulator.incidents()).toEqual([]);
    service.next = {
      ...(service.next as object),
      targets: [{ name: "late", type: "pagerduty", url: service.simulatorUrl, routing_key: routingKey }],
    };
    const { status, body } = await reload(service);
    expect([status, body]).toEqual([200, { status: "reloaded", needsRestart: [] }]);
    await incident(service, "since-before");
  });

  test("resolves incidents where they were opened, after its key is rotated, its filter edited, the target disabled or removed", async () => {
    await using service = await startService();
    const written = service.next as { targets: readonly object[] };
    const targets = (change: object) => ({ ...written, targets: [{ ...written.targets[0], ...change }] });
    const changes = [
      targets({ routing_key: "R0TATED00000000000000000000000000".slice(0, 32) }),
      targets({ filters: { severity: ["info"] } }),
      targets({ enabled: false }),
      { ...written, targets: [] },
    ];
    for (const [index, change] of changes.entries()) {
      service.next = written;
      await reload(service);
      await post(service, alertOf(`open-${index}`));
      const { key } = await incident(service, `open-${index}`);
      service.next = change;
      expect((await reload(service)).status).toBe(200);
      await post(service, alertOf(`open-${index}`, "resolved"));
      const ended = await incident(service, `open-${index}`, "resolved");
      expect([index, ended.key]).toEqual([index, key]);
    }
    expect(service.simulator.incidents()).toHaveLength(changes.length);
  });

  test("with a wrong configuration keeps the previous one, and reports it in the response, the metrics and the log", async () => {
    await using service = await startService();
    const good = service.next as object;
    service.next = { ...good, delivery: { retry: { max: 5 } }, frobnicate: true };
    const { status, body } = await reload(service);
    expect([status, body.error.code]).toEqual([500, "reload_failed"]);
    expect(body.error.issues.map(({ path }: { path: string }) => path)).toEqual(["delivery.retry.max", "frobnicate"]);
    expect((await service.ask("POST", "/api/v1/targets/refresh")).status).toBe(500);
    expect(await metric(service, "tocsin_config_last_reload_successful")).toBe("0");
    expect(service.logs.join("")).toContain("keeping the previous configuration");
    await post(service, alertOf("still-told"));
    await incident(service, "still-told");
    service.next = good;
    expect((await reload(service)).status).toBe(200);
    expect(await metric(service, "tocsin_config_last_reload_successful")).toBe("1");
  });

  test("keeps the last valid version of a target that became invalid, and applies the other changes", async () => {
    await using service = await startService();
    const written = service.next as { targets: readonly object[] };
    const second = {
      name: "second",
      type: "pagerduty",
      url: service.simulatorUrl,
      routing_key: "SEC0NDSEC0NDSEC0NDSEC0NDSEC0ND00",
    };
    service.next = { ...written, targets: [{ ...written.targets[0], filters: { severty: ["info"] } }, second] };
    const answer = await reload(service);
    expect([answer.status, answer.body.error]).toMatchObject([
      500,
      { code: "reload_failed", issues: [{ path: "targets[0].filters.severty" }] },
    ]);
    expect(answer.body.error.message).toContain("everything else was");
    expect((await service.ask("POST", "/api/v1/targets/refresh")).status).toBe(200);
    expect(await metric(service, "tocsin_config_last_reload_successful")).toBe("0");
    expect(service.logs.join("")).toContain('"event":"config_reload_incomplete"');
    const { body } = await service.ask("GET", "/api/v1/targets");
    expect(body.targets).toMatchObject([
      { name: "pager", state: "invalid", inForce: "last_valid", errors: [{ path: "targets[0].filters.severty" }] },
      { name: "second", state: "ready" },
    ]);
    expect(await metric(service, 'tocsin_targets\\{source="config",state="invalid"\\}')).toBe("1");
    await post(service, alertOf("both"));
    await service.until("both are told", () => (service.simulator.incidents().length === 2 ? true : undefined));
    service.next = { ...written, targets: [...written.targets, second] };
    expect((await reload(service)).status).toBe(200);
    expect(await metric(service, "tocsin_config_last_reload_successful")).toBe("1");
  });

  test("refuses a second target with the same name, and keeps the first in use", async () => {
    await using service = await startService();
    const written = service.next as { targets: readonly object[] };
    service.next = { ...written, targets: [...written.targets, ...written.targets] };
    await reload(service);
    const { body } = await service.ask("GET", "/api/v1/targets");
    expect(body.targets).toMatchObject([
      { name: "pager", state: "ready" },
      { name: "pager (targets[1])", state: "invalid", errors: [{ path: "targets[1].name" }] },
    ]);
  });

  test("changes tokens and the log level at once, and names the keys that need a restart", async () => {
    await using service = await startService();
    service.next = {
      ...(service.next as object),
      server: { listen: "127.0.0.1:1", auth: { tokens: [{ name: "me", token: "new-token", roles: ["operate"] }] } },
      delivery: { concurrency: 3 },
      telemetry: { logs: { level: "warn" } },
    };
    const { host, port } = service.tocsin.address;
    const stream = await fetch(`http://${host}:${port}/api/v1/events/stream`);
    expect((await reload(service)).body.needsRestart).toEqual(["server.listen", "delivery.concurrency"]);
    expect(service.logs.join("")).toMatch(/"event":"restart_needed","keys":\["server.listen","delivery.concurrency"\]/);
    expect((await reload(service)).status).toBe(401);
    // The stream ended: its listener must authenticate when it connects again.
    expect(await stream.text()).toContain("retry");
    expect((await service.ask("GET", "/api/v1/events/stream")).status).toBe(401);
    expect((await service.ask("POST", "/-/reload", undefined, { authorization: "Bearer new-token" })).status).toBe(200);
    expect(service.tocsin.log.level).toBe("warn");
  });
});

test("no planted secret appears in a log, a metric, a response or the database files", async () => {
  const token = "planted-token-0123456789";
  const key = "P1ANTEDP1ANTEDP1ANTEDP1ANTED0000";
  const header = "planted-header-value-4711";
  const secrets = [token, key, header, key.toLowerCase(), Buffer.from(key).toString("base64")];
  const all: string[] = [];
  await using service = await startService((url) => ({
    server: {
      listen: "127.0.0.1:0",
      auth: { tokens: [{ name: "all", token, roles: ["ingest", "read", "operate"] }] },
    },
    targets: [
      { name: "good", type: "pagerduty", url, routing_key: key, headers: { "X-Proxy-Auth": header } },
      {
        name: "refused",
        type: "pagerduty",
        url: "http://127.0.0.1:9",
        routing_key: key,
        headers: { "X-Proxy-Auth": header },
      },
      { name: "wrong", type: "pagerduty", url, routing_key: `${key}!`, headers: { Authorization: header } },
    ],
  }));
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await service.ask(method, path, body, { authorization: `Bearer ${token}` });
    all.push(answer.text, JSON.stringify([...answer.headers]));
    return answer;
  };
  service.simulator.setFaults([{ kind: "answer", status: 400 }]);
  await ask("POST", "/api/v1/webhook/alertmanager", { alerts: [alertOf("a"), alertOf("b", "resolved")] });
  await service.until("an attempt failed", async () => {
    const { body } = await ask("GET", "/api/v1/incidents");
    return body.incidents.some(({ attempts }: { attempts: number }) => attempts > 1) || undefined;
  });
  service.simulator.setFaults([]);
  await ask("POST", "/api/v1/explain", alertOf("c"));
  const { body } = await ask("GET", "/api/v1/incidents");
  for (const { id } of body.incidents) await ask("GET", `/api/v1/incidents/${id}`);
  for (const path of ["explain?fingerprint=a", "targets", "targets/good", "deadletters", "stats"])
    await ask("GET", `/api/v1/${path}`);
  for (const path of ["/metrics", "/", "/readyz"]) await ask("GET", path);
  service.next = { targets: [{ name: "good", routing_key: key, [key]: 1 }] };
  await ask("POST", "/-/reload");
  await service.tocsin.stop();

  const files = readdirSync(service.dir).filter((name) => statSync(join(service.dir, name)).isFile());
  expect(files).toContain("tocsin.db");
  const text = [...all, ...service.logs, ...files.map((name) => readFileSync(join(service.dir, name), "latin1"))].join(
    "\n",
  );
  expect(text).toContain("DiskFull");
  for (const secret of secrets) expect([secret, text.includes(secret)]).toEqual([secret, false]);
});

test("its own API is refused as a target: the reason says so, and nothing arrives there", async () => {
  await using service = await startService();
  const { host, port } = service.tocsin.address;
  const own = { name: "self", type: "webhook", url: `http://${host}:${port}/api/v1/incidents/1/resolve` };
  const written = (service.next as { targets: unknown[] }).targets;
  service.next = { ...(service.next as object), targets: [...written, own] };
  await service.ask("POST", "/-/reload");
  const self = (await service.ask("GET", "/api/v1/targets/self")).body;
  expect(self).toMatchObject({ state: "invalid", reason: "self_target", errors: [{ path: "targets[1].url" }] });
  const alert = { status: "firing", fingerprint: "a", labels: { alertname: "A", severity: "critical" } };
  await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts: [alert] });
  await service.until("the pager gets it", () => service.simulator.incidents()[0]);
  expect(service.simulator.incidents()[0]?.status).toBe("triggered");
  const { targets } = (await service.ask("GET", "/api/v1/explain?fingerprint=a")).body;
  expect(targets).toContainEqual(expect.objectContaining({ target: "self", state: "not_told", reason: "self_target" }));
});

test("a sender that never completes its request does not keep the service from stopping", async () => {
  await using service = await startService();
  const { host, port } = service.tocsin.address;
  const socket = connect(port, host);
  socket.on("error", () => {});
  socket.write("POST /api/v2/alerts HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n[");
  await service.until("it is connected", async () => {
    const { text } = await service.ask("GET", "/healthz");
    return text && socket.bytesWritten > 0 ? true : undefined;
  });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  await service.tocsin.stop();
  await closed;
  expect(socket.destroyed).toBe(true);
});
