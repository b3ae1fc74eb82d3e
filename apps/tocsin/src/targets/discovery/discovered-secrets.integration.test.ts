import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { compose } from "../../compose.ts";
import { readConfig } from "../../config/config.ts";
import { startService, type TestService } from "../../service.fixture.ts";
import { ApiServer } from "../../kubernetes/api-server.fixture.ts";

const keyOf = (name: string) => `${name}SECRETSECRETSECRETSECRETSECRET00`.slice(0, 32);
const alertOf = (fingerprint: string, labels: object = {}) => ({
  status: "firing",
  fingerprint,
  labels: { alertname: "DiskFull", severity: "critical", ...labels },
  startsAt: "2026-11-23T10:00:00Z",
});
const raise = (service: TestService, ...alerts: unknown[]) =>
  service.ask("POST", "/api/v1/webhook/alertmanager", { alerts });
const told = (service: TestService, dedupKey: string, count = 1) =>
  service.until(`${dedupKey} is delivered to ${count} targets`, () => {
    const incidents = service.simulator.incidents().filter((one) => one.dedup_key === dedupKey);
    return incidents.length === count || undefined;
  });

/** A service that discovers targets in two namespaces of a test cluster of its own. */
async function startInCluster(
  fill: (server: ApiServer, url: string) => void,
  policy: object | null = { allowLoopback: true },
) {
  const server = await ApiServer.start();
  const dir = mkdtempSync(join(tmpdir(), "tocsin-cluster-"));
  const discovery = {
    kubernetes: { enabled: true, namespaces: ["shop", "ops"], kubeconfig: server.kubeconfig(dir) },
  };
  const service = await startService((url) => {
    fill(server, url);
    return { targets: [], discovery: { ...discovery, ...(policy && { policy }) } };
  });
  const put = (namespace: string, name: string, target: object = {}) =>
    server.put(namespace, `${name}-secret`, {
      "target.json": JSON.stringify({ name, type: "pagerduty", url: service.simulatorUrl, ...target }),
      routing_key: `${keyOf(name)}\n`,
    });
  await service.until("it is ready", async () => (await service.ask("GET", "/readyz")).status === 200 || undefined);
  return {
    server,
    service,
    discovery,
    put,
    get: async (path: string) => (await service.ask("GET", `/api/v1/${path}`)).body,
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      rmSync(dir, { recursive: true });
    },
  };
}
const pager = (url: string, name: string, more: object = {}) => ({
  "target.json": JSON.stringify({ name, type: "pagerduty", url, ...more }),
  routing_key: keyOf(name),
});

test("targets from Secrets in several namespaces receive alerts, and are found by namespace and name or by the short name", async () => {
  await using cluster = await startInCluster((server, url) => {
    server.put("shop", "pager-secret", pager(url, "pager"));
    server.put("ops", "pager-secret", { ...pager(url, "pager"), routing_key: keyOf("ops") });
    server.put("ops", "other-secret", pager(url, "other", { filters: { severity: "info" } }));
    server.put("ops", "broken", { "target.json": "{" });
  });
  const { service } = cluster;
  expect(await cluster.get("targets")).toMatchObject({
    targets: [
      { name: "shop/pager", source: "kubernetes", place: "shop/pager-secret", state: "ready" },
      { name: "ops/broken", state: "invalid", errors: [{ path: "target.json" }] },
      { name: "ops/other", state: "ready" },
      { name: "ops/pager", place: "ops/pager-secret", state: "ready" },
    ],
    discovery: [
      { source: "kubernetes", where: "shop", state: "synced", syncedAt: expect.any(String) },
      { source: "kubernetes", where: "ops", state: "synced", error: null },
    ],
  });
  await raise(service, alertOf("a"));
  await told(service, "a", 2);
  for (const path of ["targets/other", "targets/ops/other", "targets/ops%2Fother"])
    expect((await cluster.get(path)).name).toBe("ops/other");
  expect((await cluster.get("targets/pager")).error.code).toBe("not_found");
  const metrics = (await service.ask("GET", "/metrics")).text;
  expect(metrics).toMatch(/^tocsin_targets\{source="kubernetes",state="ready"\} 3$/m);
  expect(metrics).toMatch(/^tocsin_discovery_last_sync_timestamp_seconds\{source="kubernetes",where="shop"\} \d+/m);
  expect(metrics).toMatch(/^pagerduty_events_published_total\{publisher="shop\/pager",event_type="trigger"\} 1$/m);
});

test("a created Secret receives the alerts that fire already; a deleted one receives their resolves", async () => {
  await using cluster = await startInCluster(() => {});
  const { service, server } = cluster;
  await raise(service, alertOf("since-before"));
  cluster.put("shop", "late");
  await told(service, "since-before");
  server.delete("shop", "late-secret");
  await service.until("it is gone", async () => (await cluster.get("targets")).targets.length === 0 || undefined);
  await raise(service, { ...alertOf("since-before"), status: "resolved" });
  await service.until("it is resolved", () => service.simulator.incidents()[0]?.status === "resolved" || undefined);
  expect(service.simulator.incidents()).toHaveLength(1);
});

test("a rotated key is used at once, also when the API failed in between", async () => {
  await using cluster = await startInCluster((server, url) => server.put("shop", "pager-secret", pager(url, "pager")));
  const { service, server } = cluster;
  server.faults.list = { kind: "status", code: 500 };
  server.cut();
  server.put("shop", "pager-secret", pager(service.simulatorUrl, "pager", { routing_key: keyOf("rotated") }));
  await service.until("it is stale", async () => {
    const { discovery } = await cluster.get("targets");
    return discovery[0].state === "stale" || undefined;
  });
  expect((await cluster.get("targets")).targets).toMatchObject([{ name: "shop/pager", state: "ready" }]);
  await raise(service, alertOf("before"));
  await told(service, "before");
  delete server.faults.list;
  const rotated = async () => {
    await raise(service, alertOf(`after-${Math.random()}`));
    const keys = new Set(service.simulator.incidents().map(({ key }) => key));
    return keys.size === 2 || undefined;
  };
  await service.until("the new key is used", rotated);
});

test("the last known targets are used if the API cannot be reached at the start; no key is stored in clear text", async () => {
  await using cluster = await startInCluster((server, url) => {
    server.put("shop", "pager-secret", pager(url, "pager"));
    server.put("shop", "second-secret", pager(url, "second"));
  });
  const { service, server } = cluster;
  const { targets } = await cluster.get("targets");
  const answers = [JSON.stringify(targets), (await service.ask("GET", "/metrics")).text];
  await service.tocsin.stop();
  await server.down();

  const config = readConfig(service.next, { dir: service.dir, env: {} });
  const again = await compose(config, { writeLog: (line) => service.logs.push(line), env: {}, reread: () => config });
  try {
    const base = `http://127.0.0.1:${again.address.port}`;
    await service.until("it is ready", async () => (await fetch(`${base}/readyz`)).ok || undefined);
    const text = await (await fetch(`${base}/api/v1/targets`)).text();
    const now = JSON.parse(text) as { targets: unknown; discovery: { state: string }[] };
    expect(now.targets).toEqual(targets);
    expect(now.discovery.map(({ state }) => state)).toEqual(["unread", "unread"]);
    await fetch(`${base}/api/v1/webhook/alertmanager`, {
      method: "POST",
      body: JSON.stringify({ alerts: [alertOf("meanwhile")] }),
    });
    await told(service, "meanwhile", 2);
    // The API is back, and one of the targets is gone.
    server.store.delete("shop", "second-secret");
    await server.up();
    await service.until("it is seen", async () => {
      const { targets: seen } = (await (await fetch(`${base}/api/v1/targets`)).json()) as { targets: unknown[] };
      return seen.length === 1 || undefined;
    });
    answers.push(text, await (await fetch(`${base}/metrics`)).text());
  } finally {
    await again.stop();
  }
  const stored = readdirSync(service.dir)
    .filter((file) => !file.endsWith(".key"))
    .map((file) => readFileSync(join(service.dir, file), "latin1"));
  for (const secret of [keyOf("pager"), keyOf("second"), "token-1", Buffer.from(keyOf("pager")).toString("base64")]) {
    for (const text of [...stored, ...service.logs, ...answers]) expect(text).not.toContain(secret);
  }
});

test("a Secret that points to this machine is refused, with the line that would allow it, and receives nothing", async () => {
  await using cluster = await startInCluster((server, url) => {
    server.put("shop", "pager-secret", pager(url, "pager"));
  }, null);
  const { service } = cluster;
  const message = expect.stringContaining("add `policy: { allowLoopback: true }` under `discovery` in tocsin.yaml");
  const [target] = (await cluster.get("targets")).targets;
  expect(target).toMatchObject({
    name: "shop/pager",
    state: "invalid",
    errors: [{ path: "url", message }],
  });
  const logged = service.logs.filter((line) => line.includes('"event":"target_refused"'));
  expect(logged).toHaveLength(1);
  expect(logged[0]).toContain("allowLoopback: true");
  await raise(service, alertOf("a"));
  expect(service.simulator.requests()).toEqual([]);
  service.next = {
    ...(service.next as object),
    discovery: { ...cluster.discovery, policy: { allowLoopback: true } },
  };
  await service.ask("POST", "/-/reload");
  await told(service, "a");
});

test("incidents stay open at a target while the policy refuses it, and are resolved when it is allowed again", async () => {
  await using cluster = await startInCluster((server, url) => {
    server.put("shop", "pager-secret", pager(url, "pager"));
  });
  const { service } = cluster;
  const reload = async (policy: object | undefined) => {
    service.next = { ...(service.next as object), discovery: { ...cluster.discovery, ...(policy && { policy }) } };
    expect((await service.ask("POST", "/-/reload")).status).toBe(200);
  };
  await raise(service, alertOf("a"));
  await told(service, "a");
  await reload(undefined);
  await raise(service, { ...alertOf("a"), status: "resolved" });
  const reasonOf = async () => (await cluster.get("incidents")).incidents[0].reason;
  await service.until("its end waits", async () => (await reasonOf()) === "orphaned_key" || undefined);
  expect(service.simulator.requests()).toHaveLength(1);
  await reload({ allowLoopback: true });
  await service.until("its end is sent", () => service.simulator.incidents()[0]?.status === "resolved" || undefined);
});

test("a namespace can be added without a restart, and a removed one removes its targets", async () => {
  await using cluster = await startInCluster((server, url) => {
    server.put("shop", "pager-secret", pager(url, "pager"));
    server.put("late", "pager-secret", { ...pager(url, "pager"), routing_key: keyOf("late") });
  });
  const { service } = cluster;
  const reload = async (...namespaces: string[]) => {
    const kubernetes = { ...cluster.discovery.kubernetes, namespaces };
    service.next = { ...(service.next as object), discovery: { kubernetes, policy: { allowLoopback: true } } };
    expect((await service.ask("POST", "/-/reload")).body).toEqual({ status: "reloaded", needsRestart: [] });
  };
  const names = async () => (await cluster.get("targets")).targets.map(({ name }: { name: string }) => name).join();
  expect(await names()).toBe("shop/pager");
  await reload("shop", "late");
  await service.until("it is found", async () => (await names()) === "shop/pager,late/pager" || undefined);
  await raise(service, alertOf("a"));
  await told(service, "a", 2);
  cluster.put("late", "second");
  await service.until("it is watched", async () => (await names()).includes("late/second") || undefined);
  await reload("late");
  expect(await names()).toBe("late/pager,late/second");
  const metrics = (await service.ask("GET", "/metrics")).text;
  expect(metrics.match(/^tocsin_discovery_(stale|last_sync\w+)\{.*\}/gm)).toEqual([
    'tocsin_discovery_last_sync_timestamp_seconds{source="kubernetes",where="late"}',
    'tocsin_discovery_stale{source="kubernetes",where="late"}',
  ]);
  await raise(service, { ...alertOf("a"), status: "resolved" });
  await service.until("both are resolved", () => {
    const open = service.simulator.incidents().filter(({ status }) => status !== "resolved");
    return open.length === 0 || undefined;
  });
});

test("a changed kubeconfig, label or interval is used without a restart, and the targets found stay in use meanwhile", async () => {
  await using cluster = await startInCluster((server, url) => {
    server.put("shop", "pager-secret", pager(url, "pager"));
    server.put("shop", "other-secret", pager(url, "other"), { team: "x" });
  });
  const { service } = cluster;
  const names = async () => (await cluster.get("targets")).targets.map(({ name }: { name: string }) => name).join();
  const reload = async (more: object) => {
    const kubernetes = { ...cluster.discovery.kubernetes, ...more };
    service.next = { ...(service.next as object), discovery: { kubernetes, policy: { allowLoopback: true } } };
    expect((await service.ask("POST", "/-/reload")).body.needsRestart).toEqual([]);
  };
  await reload({ labelSelector: "team=x" });
  // The reload answers only after the new place was read.
  expect(await names()).toBe("shop/other");
  // The kubeconfig at the same path now names another server; the old server still runs.
  await using second = await ApiServer.start();
  second.put("shop", "moved-secret", pager(service.simulatorUrl, "moved"), { team: "x" });
  second.kubeconfig(dirname(cluster.discovery.kubernetes.kubeconfig));
  // A reload by signal does not wait for places of targets.
  await service.tocsin.reload();
  expect(await names()).toBe("shop/other");
  await service.until("the moved one is found", async () => (await names()) === "shop/moved" || undefined);
});
