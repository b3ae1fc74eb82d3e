import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compose } from "../../compose.ts";
import { readConfig } from "../../config/config.ts";
import { routingKey, startService, type TestService } from "../../service.fixture.ts";

const alertOf = (fingerprint: string, labels: object = {}) => ({
  status: "firing",
  fingerprint,
  labels: { alertname: "DiskFull", severity: "critical", ...labels },
  startsAt: "2026-11-23T10:00:00Z",
});
const raise = (service: TestService, ...alerts: unknown[]) =>
  service.ask("POST", "/api/v1/webhook/alertmanager", { alerts });
const told = (service: TestService, dedupKey: string) =>
  service.until(`${dedupKey} is told`, () => service.simulator.incidents().find((one) => one.dedup_key === dedupKey));

/** A service that discovers targets in one directory. */
async function startWatching(files: Record<string, (url: string) => unknown>) {
  const directory = mkdtempSync(join(tmpdir(), "tocsin-discovered-"));
  const write = (name: string, content: unknown) => writeFileSync(join(directory, name), JSON.stringify(content));
  const service = await startService((url) => {
    for (const [name, content] of Object.entries(files)) write(name, content(url));
    return { targets: [], discovery: { files: [directory] } };
  });
  await service.until("it is ready", async () => (await service.ask("GET", "/readyz")).status === 200 || undefined);
  return {
    service,
    directory,
    write,
    targets: async () => (await service.ask("GET", "/api/v1/targets")).body,
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
const pager = (url: string, more: object = {}) => ({
  name: "pager",
  type: "pagerduty",
  url,
  routing_key: routingKey,
  ...more,
});

test("targets of files are in use when the service is ready, and name their files", async () => {
  await using watching = await startWatching({ "a.json": pager, "b.yaml": (url) => ({ ...pager(url), url: "ftp:x" }) });
  const { service, directory } = watching;
  expect(await watching.targets()).toMatchObject({
    targets: [
      { name: "pager", source: "files", place: join(directory, "a.json"), state: "ready" },
      {
        state: "invalid",
        inForce: "nothing",
        place: join(directory, "b.yaml"),
        errors: [{ path: "url" }, { path: "name" }],
      },
    ],
    discovery: [{ source: "files", where: directory, state: "synced", error: null, staleSince: null }],
  });
  await raise(service, alertOf("a"));
  await told(service, "a");
  const metrics = (await service.ask("GET", "/metrics")).text;
  expect(metrics).toMatch(/^tocsin_targets\{source="files",state="ready"\} 1$/m);
  expect(metrics).toContain(`tocsin_discovery_last_sync_timestamp_seconds{source="files",where="${directory}"} `);
  expect(metrics).toContain(`tocsin_discovery_stale{source="files",where="${directory}"} 0`);
  expect(metrics).toMatch(/^tocsin_discovery_lag_seconds_count\{source="files"\} 1$/m);
});

test("an added target receives the alerts that fire already, and only those that its filters allow", async () => {
  await using watching = await startWatching({});
  const { service } = watching;
  await raise(service, alertOf("mine", { team: "a" }), alertOf("theirs", { team: "b" }));
  watching.write("late.json", pager(service.simulatorUrl, { filters: { labels: { team: "a" } } }));
  await told(service, "mine");
  expect(service.simulator.incidents()).toHaveLength(1);
});

test("a broken file with the name of a valid target does not affect that target: it is paged, its key can be rotated, it can be deleted", async () => {
  const typo = (url: string) => pager(url, { filters: { severty: "info" } });
  await using watching = await startWatching({ "a.json": typo, "b.json": pager });
  const { service } = watching;
  const shown = async () =>
    (await watching.targets()).targets.map(({ name, state }: Record<string, string>) => [name, state]);
  expect(await shown()).toEqual([
    [`pager (${join(watching.directory, "a.json")})`, "invalid"],
    ["pager", "ready"],
  ]);
  await raise(service, alertOf("a"));
  await told(service, "a");
  watching.write("b.json", pager(service.simulatorUrl, { routing_key: "N".repeat(32) }));
  const keys = () => new Set(service.simulator.incidents().map(({ key }) => key));
  await service.until("an alert is sent with the new key", async () => {
    await raise(service, alertOf(`b-${Date.now()}`));
    return keys().size === 2 || undefined;
  });
  rmSync(join(watching.directory, "b.json"));
  await service.until("the deleted target is gone", async () => (await shown()).length === 1 || undefined);
  expect(await shown()).toEqual([["pager", "invalid"]]);
  await raise(service, alertOf("after"));
  const { body } = await service.ask("GET", "/api/v1/explain?fingerprint=after");
  expect(body.targets).toMatchObject([{ target: "pager", state: "not_told", reason: "target_invalid" }]);
});

test("a target that breaks stays in use in its last valid version, also after a restart, and says so", async () => {
  await using watching = await startWatching({ "a.json": pager });
  const { service } = watching;
  watching.write("a.json", { ...pager(service.simulatorUrl), filters: { severty: "info" } });
  const broken = {
    targets: [{ name: "pager", state: "invalid", inForce: "last_valid", errors: [{ path: "filters.severty" }] }],
  };
  await service.until("it is seen to be broken", async () => {
    const { targets } = await watching.targets();
    return targets[0].state === "invalid" || undefined;
  });
  expect(await watching.targets()).toMatchObject(broken);
  await service.tocsin.stop();

  const config = readConfig(service.next, { dir: service.dir, env: {} });
  const again = await compose(config, { writeLog: () => {}, env: {}, reread: () => config });
  try {
    const base = `http://127.0.0.1:${again.address.port}`;
    await service.until("it is ready", async () => (await fetch(`${base}/readyz`)).ok || undefined);
    expect(await (await fetch(`${base}/api/v1/targets`)).json()).toMatchObject(broken);
    await fetch(`${base}/api/v1/webhook/alertmanager`, {
      method: "POST",
      body: JSON.stringify({ alerts: [alertOf("after")] }),
    });
    await told(service, "after");
  } finally {
    await again.stop();
  }
});

test("a refresh reads the current files and reports those that cannot be read", async () => {
  await using watching = await startWatching({});
  const { service } = watching;
  watching.write("a.json", pager(service.simulatorUrl));
  const { status, body } = await service.ask("POST", "/api/v1/targets/refresh");
  expect([status, body.targets[0].name]).toEqual([200, "pager"]);
  rmSync(watching.directory, { recursive: true });
  const gone = await service.ask("POST", "/api/v1/targets/refresh");
  expect(gone.body).toMatchObject({
    targets: [{ name: "pager", state: "ready" }],
    discovery: [{ state: "stale", error: "no such directory", staleSince: expect.any(String) }],
  });
  expect((await service.ask("GET", "/metrics")).text).toMatch(
    /^tocsin_discovery_errors_total\{source="files",operation="list",reason="unreadable"\} \d+$/m,
  );
});
