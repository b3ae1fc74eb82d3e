import { randomBytes } from "node:crypto";
import { Agent, request } from "node:http";
import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startService, type TestService } from "../../service.fixture.ts";

let service: TestService;
beforeAll(async () => {
  service = await startService(() => ({ server: { listen: "127.0.0.1:0", maxBodyBytes: 1_048_576 } }));
});
afterAll(() => service[Symbol.asyncDispose]());

const webhook = "/api/v1/webhook/alertmanager";
const direct = "/api/v2/alerts";

const firing = (name: string, more: object = {}) => ({
  status: "firing",
  labels: { alertname: name, severity: "critical" },
  annotations: { summary: `${name} is wrong` },
  startsAt: new Date(Date.now() - 1_000).toISOString(),
  fingerprint: name,
  ...more,
});

const posted = (name: string, more: object = {}) => ({
  labels: { alertname: name, severity: "critical" },
  startsAt: new Date(Date.now() - 1_000).toISOString(),
  endsAt: new Date(Date.now() + 240_000).toISOString(),
  ...more,
});

/** Waits until the simulator has an incident of the alert, and returns it. */
const told = (dedupKey: string, status = "triggered") =>
  service.until(`${dedupKey} is ${status}`, () =>
    service.simulator.incidents().find((incident) => incident.dedup_key === dedupKey && incident.status === status),
  );

describe("the webhook", () => {
  test("answers what it recorded, and notifies targets", async () => {
    const { status, body } = await service.ask("POST", webhook, {
      version: "4",
      alerts: [firing("one"), firing("two")],
    });
    expect([status, body]).toEqual([200, { accepted: 2, duplicates: 0, rejected: 0, skewed: 0 }]);
    expect((await told("one")).summary).toBe("one is wrong");
    await told("two");
  });

  test("accepts PUT as it accepts POST", async () => {
    const { status, body } = await service.ask("PUT", webhook, { version: "1", orgId: 1, alerts: [firing("put")] });
    expect([status, body]).toEqual([200, { accepted: 1, duplicates: 0, rejected: 0, skewed: 0 }]);
    await told("put");
    const wrong = await service.ask("GET", webhook);
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST, PUT"]);
    expect((await service.ask("PUT", direct, [])).status).toBe(405);
  });

  test("counts duplicates", async () => {
    const alert = firing("known");
    await service.ask("POST", webhook, { alerts: [alert] });
    const { body } = await service.ask("POST", webhook, { alerts: [alert, alert] });
    expect(body).toMatchObject({ accepted: 0, duplicates: 2 });
  });

  test("records the valid alerts of a batch and names the mistakes of the others", async () => {
    const { status, body } = await service.ask("POST", webhook, {
      alerts: [firing("valid"), firing("x", { labels: { a: 5 } }), firing("y", { startsAt: "soon" })],
    });
    expect([status, body]).toEqual([
      200,
      {
        accepted: 1,
        duplicates: 0,
        rejected: 2,
        skewed: 0,
        issues: [
          { path: "alerts[1].labels.a", message: "expected a string" },
          { path: "alerts[2].startsAt", message: 'expected a time such as "2026-01-31T12:00:00Z"' },
        ],
      },
    ]);
    await told("valid");
  });

  test("responds 400 if no alert is valid", async () => {
    const { status, body } = await service.ask("POST", webhook, { alerts: [5] });
    expect([status, body]).toEqual([
      400,
      {
        error: {
          code: "invalid_alerts",
          message: "no alert could be recorded",
          issues: [{ path: "alerts[0]", message: "expected an object" }],
        },
      },
    ]);
  });

  test("accepts an empty list", async () => {
    const { status, body } = await service.ask("POST", webhook, { alerts: [] });
    expect([status, body]).toEqual([200, { accepted: 0, duplicates: 0, rejected: 0, skewed: 0 }]);
  });

  test("counts times that differ from ours by a year, and records the alert", async () => {
    const startsAt = new Date(Date.now() + 365 * 86_400_000).toISOString();
    const { body } = await service.ask("POST", webhook, { alerts: [firing("ahead", { startsAt })] });
    expect(body).toMatchObject({ accepted: 1, skewed: 1 });
    await told("ahead");
  });

  test("resolves what it delivered", async () => {
    const alert = firing("ending");
    await service.ask("POST", webhook, { alerts: [alert] });
    await told("ending");
    await service.ask("POST", webhook, {
      alerts: [{ ...alert, status: "resolved", endsAt: new Date().toISOString() }],
    });
    expect((await told("ending", "resolved")).events.map(({ action }) => action)).toEqual(["trigger", "resolve"]);
  });

  test.each(["text/plain", "application/octet-stream", "application/vnd.api+json", "x"])(
    "reads JSON with the content type %s",
    async (type) => {
      const { status } = await service.ask(
        "POST",
        webhook,
        { alerts: [firing(`type-${type}`)] },
        { "content-type": type },
      );
      expect(status).toBe(200);
    },
  );

  test("reads its source from the query, and refuses one that is too long", async () => {
    const { body } = await service.ask("POST", `${webhook}?source=berlin`, { alerts: [firing("sourced")] });
    expect(body).toMatchObject({ accepted: 1 });
    const explained = await service.ask("GET", "/api/v1/explain?fingerprint=sourced");
    expect(explained.body.claims).toMatchObject([{ source: "berlin", status: "firing" }]);
    const { status, body: refused } = await service.ask("POST", `${webhook}?source=${"x".repeat(101)}`, { alerts: [] });
    expect([status, refused.error.issues[0].path]).toEqual([400, "source"]);
  });
});

describe("direct input", () => {
  test("gets Alertmanager's response: 200 with an empty body", async () => {
    const { status, text } = await service.ask("POST", direct, [posted("direct")]);
    expect([status, text]).toEqual([200, ""]);
    await service.until("the alert is sent", () =>
      service.simulator.incidents().find(({ summary }) => summary.includes("[direct]")),
    );
  });

  test("responds 400 after it recorded the valid alerts", async () => {
    const { status, body } = await service.ask("POST", direct, [
      posted("direct-valid"),
      posted("direct-wrong", { endsAt: "2001-01-01T00:00:00Z" }),
    ]);
    expect([status, body]).toEqual([
      400,
      "1 alerts were recorded, 1 were not: alerts[1].endsAt: must not be before startsAt",
    ]);
    await service.until("the valid one is sent", () =>
      service.simulator.incidents().find(({ summary }) => summary.includes("[direct-valid]")),
    );
  });

  test("responds 400 if no alert is valid", async () => {
    const { status, body } = await service.ask("POST", direct, { alerts: [] });
    expect([status, body]).toEqual([400, "no alert could be recorded: expected a list of alerts"]);
  });
});

describe("unusual input", () => {
  test.each(["", "{", "[1,", "nul", "\0", '{"alerts":[}', "[".repeat(30), "\ud800"])(
    "that is not JSON gets 400 (%#)",
    async (body) => {
      const answer = await service.ask("POST", webhook, body);
      expect([answer.status, answer.body.error.issues.length]).toEqual([400, 1]);
      const other = await service.ask("POST", direct, body);
      expect([other.status, other.body]).toEqual([400, expect.stringContaining("expected ")]);
    },
  );

  test.each(["[".repeat(33), '{"alerts":'.repeat(100_000)])("that is nested too deeply gets 413 (%#)", async (body) => {
    for (const path of [webhook, direct]) expect((await service.ask("POST", path, body)).status).toBe(413);
  });

  test("over the limit gets 413, and the service continues", async () => {
    const { status, body } = await service.ask("POST", webhook, { alerts: [firing("x".repeat(1_100_000))] });
    expect([status, body.error.code]).toEqual([413, "body_too_large"]);
    expect((await service.ask("GET", "/healthz")).status).toBe(200);
  });

  test("in texts and names is sent, and the simulator refuses events that PagerDuty would refuse", async () => {
    const alert = {
      ...firing("hostile"),
      annotations: { summary: `\u0007${"🔔".repeat(10_000)}\ud83d`, description: "a\0b" },
    };
    const labels = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`label-${index}`, "v".repeat(50)]));
    const body = JSON.stringify({ alerts: [{ ...alert, labels: { ...alert.labels, ...labels } }] });
    const answer = await service.ask("POST", webhook, body.replace('"label-0"', '"__proto__"'));
    expect(answer.body).toEqual({ accepted: 1, duplicates: 0, rejected: 0, skewed: 0 });
    await told("hostile");
    expect(service.simulator.refused()).toEqual([]);
    expect(Object.hasOwn(Object.prototype, "label-0")).toBe(false);
    const explained = await service.ask("GET", "/api/v1/explain?fingerprint=hostile");
    expect(explained.text).toContain('"__proto__":"v');
  });
});

const batchOf = (name: string) => JSON.stringify({ alerts: [firing(name)] });
const sendEncoded = async (encoding: string, body: Uint8Array<ArrayBuffer> | string, path = webhook) => {
  const { host, port } = service.tocsin.address;
  const headers = { "content-encoding": encoding };
  const answer = await fetch(`http://${host}:${port}${path}`, { method: "POST", headers, body });
  return { status: answer.status, accepts: answer.headers.get("accept-encoding"), text: await answer.text() };
};

/** Returns an empty batch of this many bytes, compressed. */
const blanks = (bytes: number) => gzipSync(`{"alerts":[]${" ".repeat(bytes - 13)}}`);

describe("a compressed body", () => {
  test.each<[string, (text: string) => Uint8Array<ArrayBuffer> | string]>([
    ["gzip", gzipSync],
    ["GZIP", gzipSync],
    ["x-gzip", gzipSync],
    ["identity, gzip", gzipSync],
    ["deflate", deflateSync],
    ["deflate", deflateRawSync],
    ["identity", (text) => text],
    ["", (text) => text],
  ])("in the encoding %j is read", async (encoding, compress) => {
    const { status, text } = await sendEncoded(encoding, compress(batchOf("compressed")));
    expect([status, JSON.parse(text).rejected]).toEqual([200, 0]);
  });

  test.each(["br", "zstd", "compress", "gzip, gzip", "deflate, gzip", "x"])(
    "in the encoding %j gets 415 with the supported encodings",
    async (encoding) => {
      const { status, accepts } = await sendEncoded(encoding, batchOf("compressed"));
      expect([status, accepts]).toEqual([415, "gzip, deflate"]);
    },
  );

  test.each([gzipSync("[]").subarray(0, 20), Buffer.from("not gzip"), Buffer.from([0x1f, 0x8b])])(
    "that is broken gets 400 (%#)",
    async (body) => {
      for (const encoding of ["gzip", "deflate"]) expect((await sendEncoded(encoding, body)).status).toBe(400);
    },
  );

  test("may be as large as the limit after decompression, but not larger", async () => {
    expect((await sendEncoded("gzip", blanks(1_048_576))).status).toBe(200);
    expect((await sendEncoded("gzip", blanks(1_048_577))).status).toBe(413);
    expect((await sendEncoded("gzip", blanks(30_000_000), direct)).status).toBe(413);
  });

  test("may not be larger than the limit before decompression", async () => {
    const stored = gzipSync(randomBytes(1_048_577), { level: 0 });
    expect((await sendEncoded("gzip", stored)).status).toBe(413);
    expect((await service.ask("GET", "/healthz")).status).toBe(200);
  });
});

describe("a body that is too large", () => {
  test.each([
    ["announced by its length", { "content-length": "2000000" }],
    ["sent in chunks", { "transfer-encoding": "chunked" }],
  ])("%s gets 413 while it is still being sent, and the connection stays open", async (_name, headers) => {
    const { host, port } = service.tocsin.address;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = (path: string, method: string, more: object, body: string) =>
      new Promise<number>((resolve, reject) => {
        const sending = request({ host, port, path, method, agent, ...more }, (answer) => {
          answer.resume().once("end", () => resolve(answer.statusCode ?? 0));
        });
        sending.once("error", reject).end(body);
      });
    expect(await ask(direct, "POST", { headers }, " ".repeat(2_000_000))).toBe(413);
    expect(await ask("/healthz", "GET", {}, "")).toBe(200);
    agent.destroy();
  });
});
