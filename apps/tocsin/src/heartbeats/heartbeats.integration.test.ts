import { createHmac } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { routingKey, startService, type TestService } from "../service.fixture.ts";

const webhook = (source: string) => `/api/v1/webhook/alertmanager?source=${source}`;

const alert = (alertname: string, status = "firing", labels: Record<string, string> = {}) => ({
  alerts: [{ status, labels: { alertname, severity: "critical", ...labels }, startsAt: "2026-01-01T00:00:00Z" }],
});

const targets = (url: string) => [
  { name: "pager", type: "pagerduty", url, routing_key: routingKey, filters: { severity: ["info"] } },
  { name: "all", type: "pagerduty", url, routing_key: routingKey.replace("R0", "R9") },
];

const incidentsOf = async (service: TestService, target: string) =>
  (await service.ask("GET", `/api/v1/incidents?target=${target}`)).body.incidents as {
    readonly state: string;
    readonly wanted: { readonly status: string; readonly summary: string };
    readonly dedupKey: string;
  }[];

describe("a silent source", () => {
  test("pages exactly its targets, whatever their filters, and is resolved when it is back", async () => {
    await using service = await startService((url) => ({
      targets: targets(url),
      sources: [{ name: "cron", expect: { every: "1s", targets: ["pager"] } }],
    }));
    const sinceMs = Date.now();
    await service.until("the page was sent", async () =>
      (await incidentsOf(service, "pager")).find(({ state }) => state === "told"),
    );
    expect(Date.now() - sinceMs).toBeLessThan(6_000);
    expect(await incidentsOf(service, "all")).toEqual([]);
    expect((await service.ask("GET", "/metrics")).text).toContain('tocsin_source_silent{source="cron"} 1');
    const { body } = await service.ask("GET", "/api/v1/health");
    expect(body.problems.map((one: { condition: string }) => one.condition)).toContain("source_silent");
    expect((await service.ask("POST", "/api/v1/heartbeats/cron")).body).toEqual({ source: "cron" });
    await service.until("the page was resolved", async () =>
      (await incidentsOf(service, "pager")).find(({ state }) => state === "closed"),
    );
    expect((await incidentsOf(service, "pager")).map(({ wanted }) => wanted.summary)).toEqual([
      "Source cron is silent: nothing arrived for 1s",
    ]);
  });

  test("is back when it reports a change", async () => {
    await using service = await startService((url) => ({
      targets: targets(url),
      sources: [{ name: "ci", expect: { every: "1s", targets: ["pager"] } }],
    }));
    const logged = (event: string) => service.logs.find((line) => JSON.parse(line).event === event);
    await service.until("the source is silent", () => logged("source_silent"));
    expect((await service.ask("POST", "/api/v1/changes?source=ci", { summary: "Deployed" })).status).toBe(202);
    await service.until("the source is back", () => logged("source_back"));
  });

  test("is resolved when a reload no longer expects it", async () => {
    await using service = await startService((url) => ({
      targets: targets(url),
      sources: [{ name: "cron", expect: { every: "1s", targets: ["pager"] } }],
    }));
    await service.until("the page was sent", async () =>
      (await incidentsOf(service, "pager")).find(({ state }) => state === "told"),
    );
    service.next = { ...(service.next as object), sources: [] };
    await service.ask("POST", "/-/reload");
    await service.until("the page was resolved", async () =>
      (await incidentsOf(service, "pager")).find(({ state }) => state === "closed"),
    );
    expect((await service.ask("GET", "/metrics")).text).not.toContain('tocsin_source_silent{source="cron"}');
    expect((await service.ask("POST", "/api/v1/heartbeats/cron")).status).toBe(404);
  });
});

describe("an always-firing alert", () => {
  test("is recorded and never sent, also after targets change; the same alert of another source is sent", async () => {
    await using service = await startService((url) => ({
      targets: targets(url),
      sources: [{ name: "am", expect: { every: "1h", matchers: ['alertname="Watchdog"'], targets: ["pager"] } }],
    }));
    await service.ask("POST", webhook("am"), alert("Watchdog"));
    await service.ask("POST", webhook("am"), alert("Real"));
    const { body } = await service.ask("GET", `/api/v1/explain?matcher=${encodeURIComponent('alertname="Watchdog"')}`);
    expect(body.alerts).toHaveLength(1);
    expect(body.alerts[0].targets).toEqual([
      expect.objectContaining({ target: "pager", state: "not_told", reason: "filtered", wouldTell: false }),
      expect.objectContaining({
        target: "all",
        reason: "filtered",
        detail: expect.stringContaining("heartbeat of its source"),
      }),
    ]);
    // Alertmanager's own fingerprint finds it too.
    const plain = body.alerts[0].fingerprint.split("-").at(-1);
    expect((await service.ask("GET", `/api/v1/explain?fingerprint=${plain}`)).body).toMatchObject({
      labels: { alertname: "Watchdog" },
    });
    service.next = {
      ...(service.next as object),
      targets: [...targets(service.simulatorUrl), { ...targets(service.simulatorUrl)[1], name: "new" }],
    };
    await service.ask("POST", "/-/reload");
    await service.until("the other alert reached the new target", async () => (await incidentsOf(service, "new"))[0]);
    expect((await incidentsOf(service, "new")).map(({ wanted }) => wanted.summary)).toEqual([
      expect.stringContaining("Real"),
    ]);
    await service.ask("POST", webhook("dev"), alert("Watchdog"));
    await service.until("that of another source is sent", async () =>
      (await incidentsOf(service, "all")).find(({ wanted }) => wanted.summary.includes("Watchdog")),
    );
  });
});

const beatOf = (name: string) => `/api/v1/heartbeats/${encodeURIComponent(name)}`;

const token = (name: string, roles = ["ingest"]) => ({ name, token: `secret-of-${name}`, roles });

const signed = (body: string) => ({
  "x-grafana-alerting-signature": createHmac("sha256", "s3cret-of-source").update(body).digest("hex"),
});

describe("POST /api/v1/heartbeats/{name}", () => {
  const sources = [{ name: "cron job/ü", expect: { every: "1h", targets: ["pager"] } }, { name: "plain" }];

  test("without tokens, takes any expected name and answers 404 to others", async () => {
    await using service = await startService((url) => ({ targets: targets(url), sources }));
    expect((await service.ask("POST", beatOf("cron job/ü"))).status).toBe(200);
    expect((await service.ask("POST", beatOf("cron job/ü"), { any: "body" })).status).toBe(200);
    const address = `http://127.0.0.1:${service.tocsin.address.port}${beatOf("cron job/ü")}`;
    for (const type of ["application/x-www-form-urlencoded", "text/plain", "application/json"]) {
      const headers = { "content-type": type };
      expect((await fetch(address, { method: "POST", headers, body: "{ no JSON \u0000" })).status).toBe(200);
    }
    for (const name of ["plain", "unknown", "__proto__", "x".repeat(500)])
      expect((await service.ask("POST", beatOf(name))).status).toBe(404);
  });

  test("with tokens, takes only the name of the token", async () => {
    await using service = await startService((url) => ({
      targets: targets(url),
      server: { listen: "127.0.0.1:0", auth: { tokens: [token("cron"), token("other"), token("reader", ["read"])] } },
      sources: [
        { name: "cron", expect: { every: "1h", targets: ["pager"] } },
        { name: "other", expect: { every: "1h", targets: ["pager"] } },
      ],
    }));
    const ask = async (name: string, of?: string) =>
      (await service.ask("POST", beatOf(name), undefined, of ? { authorization: `Bearer secret-of-${of}` } : {}))
        .status;
    expect(await ask("cron", "cron")).toBe(200);
    expect(await ask("other", "cron")).toBe(403);
    expect(await ask("unknown", "cron")).toBe(403);
    expect(await ask("cron", "reader")).toBe(403);
    expect(await ask("cron")).toBe(401);
  });

  test("demands the signature of a source that signs, also without a body", async () => {
    await using service = await startService((url) => ({
      targets: targets(url),
      sources: [{ name: "signed", hmac: { secret: "s3cret-of-source" }, expect: { every: "1h", targets: ["pager"] } }],
    }));
    expect((await service.ask("POST", beatOf("signed"))).status).toBe(401);
    expect((await service.ask("POST", beatOf("signed"), "{}")).status).toBe(401);
    expect((await service.ask("POST", beatOf("signed"), undefined, signed(""))).status).toBe(200);
    expect((await service.ask("POST", beatOf("signed"), "{}", signed("{}"))).status).toBe(200);
    // Also if no header announces a body.
    const { host, port } = service.tocsin.address;
    const socket = connect(port, host);
    socket.end(`POST ${beatOf("signed")} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
    const [answer] = await once(socket, "data");
    expect(String(answer)).toMatch(/^HTTP\/1.1 401 /);
  });
});

test.each([
  ["a source that no token names", { auth: true, expect: { every: "1m", targets: ["pager"] } }, "sources[0].name"],
  ["no target at all", { expect: { every: "1m" } }, "sources[0].expect.targets"],
  ["a wrong matcher", { expect: { every: "1m", matchers: ["="], targets: ["a"] } }, "sources[0].expect.matchers[0]"],
  ["a time that is too short", { expect: { every: "10ms", targets: ["a"] } }, "sources[0].expect.every"],
])("the configuration is refused with %s", async (_, { auth, expect: written }: any, path) => {
  const starting = startService(() => ({
    server: {
      listen: "127.0.0.1:0",
      ...(auth && { auth: { tokens: [{ name: "other", token: "secret-of-other", roles: ["ingest"] }] } }),
    },
    sources: [{ name: "cron", expect: written }],
  }));
  await expect(starting).rejects.toMatchObject({ issues: [expect.objectContaining({ path })] });
});
