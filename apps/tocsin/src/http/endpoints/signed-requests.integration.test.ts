import { createHmac } from "node:crypto";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startService, type TestService } from "../../service.fixture.ts";

const header = "x-grafana-alerting-signature";
const secret = "grafana-signing-secret";
const sources = [
  { name: "grafana", hmac: { secret } },
  { name: "timed", hmac: { secret: "another-secret", header: "X-Signature", timestampHeader: "X-Time" } },
];

let open: TestService;
let guarded: TestService;
beforeAll(async () => {
  open = await startService(() => ({ sources }));
  guarded = await startService(() => ({
    server: {
      listen: "127.0.0.1:0",
      auth: {
        tokens: [
          { name: "grafana", token: "grafana-token", roles: ["ingest"] },
          { name: "timed", token: "timed-token", roles: ["ingest"] },
          { name: "prometheus", token: "prometheus-token", roles: ["ingest"] },
          { name: "other", token: "other-token", roles: ["ingest"] },
          { name: "people", token: "people-token", roles: ["read"] },
        ],
      },
    },
    sources,
  }));
});
afterAll(async () => {
  await open[Symbol.asyncDispose]();
  await guarded[Symbol.asyncDispose]();
});
beforeEach(() => {
  open.logs.length = 0;
});

const webhook = "/api/v1/webhook/alertmanager?source=grafana";
const signed = (body: string | Uint8Array, key = secret) => createHmac("sha256", key).update(body).digest("hex");

/** With blanks and a trailing newline, so that a signature over the parsed body would not match. */
const bodyOf = (fingerprint: string, alerts = 1) =>
  `{ "orgId": 1, "alerts": [${Array.from({ length: alerts }, (_, n) =>
    JSON.stringify({
      status: "firing",
      labels: { alertname: fingerprint, n: `${n}` },
      fingerprint: `${fingerprint}${n}`,
    }),
  ).join(" , ")}] }\n`;

const firing = async (service: TestService, headers = {}) => {
  const { body } = await service.ask("GET", "/api/v1/stats", undefined, headers);
  return body.alerts.firing as number;
};

async function refusedCount(service: TestService): Promise<number> {
  const { text } = await service.ask("GET", "/metrics");
  return Number(/^tocsin_requests_refused_total\{reason="unauthorized"\} (\d+)$/m.exec(text)?.[1]);
}

describe("a source that demands a signature", () => {
  test.each(["POST", "PUT"])("accepts a signed %s", async (method) => {
    const body = bodyOf(`signed-${method}`);
    const { status, body: answer } = await open.ask(method, webhook, body, { [header]: signed(body) });
    expect([status, answer.accepted]).toEqual([200, 1]);
  });

  test.each<[string, string, string, Record<string, string>]>([
    ["POST", webhook, "is missing", {}],
    ["PUT", webhook, "is missing", {}],
    ["POST", "/api/v2/alerts?source=grafana", "is missing", {}],
    ["POST", "/api/v1/changes?source=grafana", "is missing", {}],
    ["POST", "/api/v1//webhook/alertmanager/?source=other&source=grafana", "is missing", {}],
    ["POST", webhook, "is not a SHA-256 in hex", { [header]: "sha256=x" }],
    ["POST", webhook, "does not match", { [header]: signed(bodyOf("unsigned"), "wrong") }],
    ["POST", webhook, "does not match", { [header]: signed(JSON.stringify(JSON.parse(bodyOf("unsigned")))) }],
    ["POST", "/api/v1/webhook/alertmanager?source=timed", "X-Signature is missing", { [header]: signed("x") }],
  ])("answers 401 to %s %s if the signature %s", async (method, path, reason, headers) => {
    const [before, counted] = [await firing(open), await refusedCount(open)];
    const { status, text } = await open.ask(method, path, bodyOf("unsigned"), headers);
    expect([status, text]).toEqual([401, expect.stringContaining(reason)]);
    expect([await firing(open), await refusedCount(open)]).toEqual([before, counted + 1]);
    expect(open.logs.join("")).not.toContain(secret);
  });

  test("accepts a signed change", async () => {
    const body = '{ "summary": "Deployed" }\n';
    const path = "/api/v1/changes?source=grafana";
    expect((await open.ask("POST", path, body, { [header]: signed(body) })).status).toBe(202);
    expect((await open.ask("POST", path, body.trim(), { [header]: signed(body) })).status).toBe(401);
  });

  test("logs the reason of a refusal", async () => {
    const fresh = await startService(() => ({ sources }));
    try {
      await fresh.ask("POST", webhook, bodyOf("unsigned"));
      const lines = fresh.logs.map((line) => JSON.parse(line)).filter(({ event }) => event === "request_refused");
      expect(lines).toMatchObject([
        {
          level: "warn",
          reason: "unauthorized",
          status: 401,
          msg: 'Refused a request: the source "grafana" demands signed requests, and the header X-Grafana-Alerting-Signature is missing',
        },
      ]);
    } finally {
      await fresh[Symbol.asyncDispose]();
    }
  });

  test.each([
    ["no body", undefined],
    ["an empty body", ""],
    ["a body that is not JSON", "{"],
  ])("answers 401 to %s without a signature", async (_, body) => {
    expect((await open.ask("POST", webhook, body)).status).toBe(401);
  });

  test("checks the bytes as received, before it decompresses them", async () => {
    const body = gzipSync(bodyOf("compressed"));
    const send = (signature: string) =>
      fetch(`http://${open.tocsin.address.host}:${open.tocsin.address.port}${webhook}`, {
        method: "POST",
        body,
        headers: { "content-encoding": "gzip", [header]: signature },
      });
    expect((await send(signed(bodyOf("compressed")))).status).toBe(401);
    expect((await send(signed(body))).status).toBe(200);
  });

  test("checks a body that is too large to parse at once", async () => {
    const body = bodyOf("large", 5_000);
    const before = await firing(open);
    expect((await open.ask("POST", webhook, body)).status).toBe(401);
    expect(await firing(open)).toBe(before);
    expect((await open.ask("POST", webhook, body, { [header]: signed(body) })).body).toMatchObject({ accepted: 5_000 });
  });

  test("accepts a signed time of the last minutes only", async () => {
    const body = bodyOf("timed");
    const send = (seconds: number) =>
      open.ask("POST", "/api/v1/webhook/alertmanager?source=timed", body, {
        "x-time": `${seconds}`,
        "x-signature": signed(`${seconds}:${body}`, "another-secret"),
      });
    const now = Math.floor(Date.now() / 1_000);
    expect((await send(now - 600)).body.error.message).toContain("differs by more than 5 minutes");
    expect((await send(now)).status).toBe(200);
  });

  test("needs none of other sources", async () => {
    expect((await open.ask("POST", "/api/v1/webhook/alertmanager", bodyOf("free"))).status).toBe(200);
  });

  test("uses a changed secret after a reload, and never shows it", async () => {
    const body = bodyOf("rotated");
    const before = open.next;
    open.next = { ...(before as object), sources: [{ name: "grafana", hmac: { secret: "rotated-secret" } }] };
    await open.tocsin.reload();
    expect((await open.ask("POST", webhook, body, { [header]: signed(body) })).status).toBe(401);
    expect((await open.ask("POST", webhook, body, { [header]: signed(body, "rotated-secret") })).status).toBe(200);
    // The log names the path of a request without an endpoint.
    await open.ask("GET", "/nowhere/rotated-secret");
    expect(open.logs.join("")).toContain("/nowhere/");
    expect(open.logs.join("")).not.toContain("rotated-secret");
    open.next = before;
    await open.tocsin.reload();
  });
});

const bearer = (name: string) => ({ authorization: `Bearer ${name}-token` });
const post = (body: string, headers: Record<string, string>, source = "") =>
  guarded.ask("POST", `/api/v1/webhook/alertmanager?source=${source}`, body, headers);

describe("with tokens, the source is the name of the token", () => {
  test("so a request cannot avoid the signature by naming another source", async () => {
    expect((await post(bodyOf("avoided"), bearer("grafana"), "other")).status).toBe(401);
    const basic = Buffer.from("any:grafana-token").toString("base64");
    expect((await post(bodyOf("avoided"), { authorization: `Basic ${basic}` }, "other")).status).toBe(401);
    expect(await firing(guarded, bearer("people"))).toBe(0);
  });

  test("and a signature does not replace the token", async () => {
    const body = bodyOf("no-token");
    expect((await post(body, { [header]: signed(body) }, "grafana")).status).toBe(401);
    expect((await post(body, { [header]: signed(body), ...bearer("grafana") })).status).toBe(200);
    expect((await post(bodyOf("free"), bearer("prometheus"), "grafana")).status).toBe(200);
  });

  test("so a resolve ends no alert of another token, even if the request names its source", async () => {
    const before = await firing(guarded, bearer("people"));
    const body = bodyOf("kept");
    const resolve = body.replace("firing", "resolved");
    expect((await post(body, bearer("prometheus"))).status).toBe(200);
    expect((await post(resolve, bearer("other"))).status).toBe(200);
    expect((await post(resolve, bearer("other"), "prometheus")).status).toBe(200);
    expect(await firing(guarded, bearer("people"))).toBe(before + 1);
    expect((await post(resolve, bearer("prometheus"))).status).toBe(200);
    expect(await firing(guarded, bearer("people"))).toBe(before);
  });
});
