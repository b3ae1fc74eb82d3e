import { rmSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startService, type TestService } from "../service.fixture.ts";

const path = "/ping/0c1b9a6e-secret-uuid";

/** A dead man's switch. */
async function openSwitch() {
  const requests: Pick<IncomingMessage, "method" | "url">[] = [];
  const state = { status: 200 };
  const server = createServer(({ method, url }, response) => {
    requests.push({ method, url });
    response.writeHead(state.status).end(`not ${url}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    requests,
    state,
    url: `http://127.0.0.1:${port}${path}?key=query-secret`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const more = (service: TestService, requests: readonly unknown[], count: number) => {
  const before = requests.length;
  return service.until(`${count} more requests`, () => (requests.length >= before + count ? true : undefined));
};

test("the heartbeat leaves at each interval, goes on through a reload and a dead target, and ends with the ledger", async () => {
  await using deadMan = await openSwitch();
  await using service = await startService(() => ({
    targets: [{ name: "dead", type: "webhook", url: "http://127.0.0.1:9/hook" }],
    telemetry: { logs: { level: "debug" }, heartbeat: { url: deadMan.url, every: "1s" } },
  }));
  await service.ask("POST", "/api/v1/webhook/alertmanager", {
    alerts: [{ status: "firing", labels: { alertname: "A", severity: "critical" }, startsAt: "2026-01-01T00:00:00Z" }],
  });
  await more(service, deadMan.requests, 2);
  expect(deadMan.requests[0]).toEqual({ method: "GET", url: `${path}?key=query-secret` });
  await service.ask("POST", "/-/reload");
  await more(service, deadMan.requests, 2);
  rmSync(join(service.dir, "tocsin.db"));
  await service.until("it is not ready", async () =>
    (await service.ask("GET", "/readyz")).status === 503 ? true : undefined,
  );
  const withheld = () => service.logs.filter((line) => line.includes("heartbeat_withheld")).length;
  await service.until("a heartbeat is withheld", () => withheld() > 0 || undefined);
  const count = deadMan.requests.length;
  await service.until("more are withheld", () => withheld() > 2 || undefined);
  expect(deadMan.requests).toHaveLength(count);
});

test("a failure is logged once and shown by doctor, without the URL", async () => {
  await using deadMan = await openSwitch();
  deadMan.state.status = 500;
  await using service = await startService(() => ({
    telemetry: { logs: { level: "debug" }, heartbeat: { url: deadMan.url, every: "1s" } },
  }));
  await more(service, deadMan.requests, 3);
  const { body, text } = await service.ask("GET", "/api/v1/health");
  expect(body.problems).toEqual([expect.objectContaining({ condition: "heartbeat_failing", severity: "warning" })]);
  const logs = service.logs.join("\n");
  expect(logs.match(/heartbeat_failed/g)).toHaveLength(1);
  for (const secret of ["secret-uuid", "query-secret"]) expect(logs + text).not.toContain(secret);
  deadMan.state.status = 204;
  await service.until("it has recovered", async () =>
    (await service.ask("GET", "/api/v1/health")).body.ok ? true : undefined,
  );
  expect(service.logs.join("\n")).toContain("heartbeat_recovered");
});

test.each([["ftp://host/path"], ["not a url"], ["http://user:password@host/"]])(
  "a configuration with the URL %s is refused, and the message does not quote the URL",
  async (url) => {
    const starting = startService(() => ({ telemetry: { heartbeat: { url } } }));
    const error = await starting.then(
      () => undefined,
      (failure: Error & { issues: { path: string }[] }) => failure,
    );
    expect(error?.issues.map((issue) => issue.path)).toEqual(["telemetry.heartbeat.url"]);
    expect(JSON.stringify(error?.issues)).not.toContain(url);
  },
);
