import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { startService } from "../service.fixture.ts";

/** A receiver with one URL that accepts events from every sender with the token. */
async function openReceiver() {
  /** Number of accepted events, by the header `x-target`. */
  const accepted = new Map<string, number>();
  const server = createServer((request, response) => {
    request.resume();
    const authorized = request.headers.authorization === "Bearer good";
    const target = String(request.headers["x-target"]);
    if (authorized) accepted.set(target, (accepted.get(target) ?? 0) + 1);
    response.writeHead(authorized ? 200 : 401).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`,
    accepted,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const alerts = (count: number, severity: string) =>
  Array.from({ length: count }, (_, n) => ({
    status: "firing",
    fingerprint: `${severity}-${n}`,
    labels: { alertname: "DiskFull", severity, instance: `db-${n}` },
    annotations: {},
    startsAt: new Date().toISOString(),
  }));

describe.each(["webhook", "alertmanager", "pagerduty"])("%s targets at one URL", (type) => {
  const good = { headers: { Authorization: "Bearer good", "X-Target": "good" } };

  test("do not share the refusal of a wrong credential", async () => {
    await using receiver = await openReceiver();
    const at = { type, url: receiver.url };
    await using service = await startService(() => ({
      targets: [
        { ...at, name: "none" },
        { ...at, name: "wrong", headers: { Authorization: "Bearer wrong" } },
        { ...at, name: "good", ...good },
      ],
    }));
    const states = async () => {
      const { body } = await service.ask("GET", "/api/v1/targets");
      return (body.targets as { state: string }[]).map(({ state }) => state);
    };
    const accepting = type === "pagerduty" ? "degraded" : "ready";
    await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts: alerts(1, "warning") });
    await service.until("the others are refused", async () => {
      const now = await states();
      return now.filter((state) => state === "unauthorized").length === 2 ? now : undefined;
    });
    await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts: alerts(1, "critical") });
    await service.until("the good one got both", () => receiver.accepted.get("good") === 2 || undefined);
    expect(await states()).toEqual(["unauthorized", "unauthorized", accepting]);
  });

  test.each([{ enabled: false }, { mode: "shadow" }])("do not share the limit of one that is %j", async (state) => {
    await using receiver = await openReceiver();
    const at = { type, url: receiver.url, ...good };
    await using service = await startService(() => ({
      targets: [
        { ...at, name: "idle", ...state, rate_limit: { limit: 1, per: "24h" } },
        { ...at, name: "good", rate_limit: { limit: 100, per: "60s" } },
      ],
    }));
    await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts: alerts(10, "warning") });
    const all = await service.until("all arrive", () => receiver.accepted.get("good") === 10 || undefined);
    expect(all).toBe(true);
  });

  test("with other credentials do not share a limit", async () => {
    await using receiver = await openReceiver();
    const at = { type, url: receiver.url };
    await using service = await startService(() => ({
      targets: [
        { ...at, name: "tight", rate_limit: { limit: 1, per: "24h" } },
        { ...at, name: "good", ...good, rate_limit: { limit: 100, per: "60s" } },
      ],
    }));
    await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts: alerts(10, "warning") });
    const all = await service.until("all arrive", () => receiver.accepted.get("good") === 10 || undefined);
    expect(all).toBe(true);
  });
});
