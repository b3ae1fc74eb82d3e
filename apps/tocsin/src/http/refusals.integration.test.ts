import { request } from "node:http";
import { connect } from "node:net";
import { VirtualClock } from "@tocsin/test";
import type { FastifyRequest } from "fastify";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { LogThrottle } from "../telemetry/log-throttle.ts";
import { startService, type TestService } from "../service.fixture.ts";
import { badRequest, unavailable } from "./problem.ts";
import { refusalLogRule, refusalReasons, Refusals } from "./refusals.ts";

const webhook = "/api/v1/webhook/alertmanager";
const token = { authorization: "Bearer all" };

let open: TestService;
let guarded: TestService;
beforeAll(async () => {
  open = await startService(() => ({ server: { listen: "127.0.0.1:0", maxBodyBytes: 10_000 } }));
  guarded = await startService(() => ({
    server: {
      listen: "127.0.0.1:0",
      maxBodyBytes: 10_000,
      auth: { tokens: [{ name: "reader", token: "all", roles: ["read"] }] },
    },
  }));
});
afterAll(async () => {
  await open[Symbol.asyncDispose]();
  await guarded[Symbol.asyncDispose]();
});

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** Unlike fetch, this lets a test choose the host. */
const ask = (service: TestService, { method = "GET", path = "/healthz", headers = {}, body = "" }: Asked) =>
  new Promise<number>((resolve, reject) => {
    const { host, port } = service.tocsin.address;
    request({ host, port, method, path, headers, agent: false }, (answer) => {
      answer.resume().once("close", () => resolve(answer.statusCode ?? 0));
    })
      .once("error", reject)
      .end(body);
  });

/** Sends bytes and returns the whole response. */
const sendBytes = ({ tocsin }: TestService, bytes: string) =>
  new Promise<string>((resolve, reject) => {
    let answer = "";
    connect({ host: tocsin.address.host, port: tocsin.address.port })
      .once("error", reject)
      .on("data", (chunk: Buffer) => (answer += chunk.toString()))
      .once("close", () => resolve(answer))
      .end(bytes);
  });

async function countsOf(service: TestService, headers = {}): Promise<Record<string, number>> {
  const { text } = await service.ask("GET", "/metrics", undefined, headers);
  const samples = text.matchAll(/^tocsin_requests_refused_total\{reason="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries(Array.from(samples, ([, reason, count]) => [reason, Number(count)]));
}

const refusedLines = ({ logs }: TestService) =>
  logs.map((line) => JSON.parse(line)).filter(({ event }) => event === "request_refused");

const evil = { host: "evil.example" };

describe("a refused request is counted and logged", () => {
  beforeEach(() => {
    open.logs.length = 0;
    guarded.logs.length = 0;
  });

  test.each<[string, number, Asked, object?]>([
    ["path", 404, { path: "/api/v2/alert?token=planted" }, { path: "/api/v2/alert", method: "GET" }],
    ["method", 405, { path: webhook }, { path: webhook }],
    [
      "invalid",
      400,
      { method: "POST", path: webhook, body: "x" },
      { issues: [{ path: "", message: "expected JSON" }] },
    ],
    ["too_large", 413, { method: "POST", path: webhook, body: "x".repeat(20_000) }],
    ["encoding", 415, { method: "POST", path: webhook, body: "x", headers: { "content-encoding": "br" } }],
    ["host", 421, { path: "/metrics", headers: evil }, { host: "evil.example" }],
    ["forbidden", 403, { method: "POST", path: webhook, headers: { origin: "http://evil.example" } }],
  ])("%s: %d", async (reason, status, asked, fields = {}) => {
    const before = await countsOf(open);
    expect(await ask(open, asked)).toBe(status);
    expect(await countsOf(open)).toEqual({ ...before, [reason]: before[reason]! + 1 });
    expect(refusedLines(open)).toMatchObject([{ level: "warn", reason, status, sender: "127.0.0.1", ...fields }]);
    expect(open.logs.join("")).not.toContain("planted");
  });

  test.each<[string, number, Asked]>([
    ["unauthorized", 401, { path: "/metrics", headers: { authorization: "Bearer planted" } }],
    ["forbidden", 403, { method: "POST", path: webhook, headers: token }],
  ])("%s, where tokens are needed: %d", async (reason, status, asked) => {
    const before = await countsOf(guarded, token);
    expect(await ask(guarded, asked)).toBe(status);
    expect(await countsOf(guarded, token)).toEqual({ ...before, [reason]: before[reason]! + 1 });
    expect(refusedLines(guarded)).toMatchObject([{ reason, status }]);
    expect(guarded.logs.join("")).not.toContain("planted");
  });

  test.each([
    ["malformed", "HTTP/1.1 400 Bad Request", "\u0016\u0003\u0001 no HTTP\r\n\r\n"],
    ["too_large", "HTTP/1.1 431", `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${"x".repeat(100_000)}\r\n\r\n`],
  ])("%s: %s", async (reason, answer, bytes) => {
    const before = await countsOf(open);
    const text = await sendBytes(open, bytes);
    expect(text).toContain(answer);
    expect(JSON.parse(text.slice(text.indexOf("\r\n\r\n")))).toMatchObject({ error: { code: "invalid_request" } });
    expect(await countsOf(open)).toEqual({ ...before, [reason]: before[reason]! + 1 });
    expect(refusedLines(open)).toMatchObject([{ reason, sender: "127.0.0.1" }]);
  });

  test("a rejected alert has one line, with its source", async () => {
    expect(await ask(open, { method: "POST", path: `${webhook}?source=am`, body: '{"alerts":[5]}' })).toBe(400);
    const lines = open.logs.map((line) => JSON.parse(line)).filter(({ level }) => level === "warn");
    expect(lines).toMatchObject([{ source: "am", rejected: 1 }]);
    expect((await countsOf(open))["invalid"]).toBeGreaterThan(0);
  });

  test("except a request for an unknown resource", async () => {
    const before = await countsOf(open);
    expect(await ask(open, { path: "/api/v1/incidents/99999" })).toBe(404);
    expect(await countsOf(open)).toEqual(before);
    expect(refusedLines(open)).toEqual([]);
  });

  test("with a series for every reason from the start, so that Prometheus sees each increase", async () => {
    expect(Object.keys(await countsOf(guarded, token)).toSorted()).toEqual([...refusalReasons].toSorted());
  });
});

const to = (url: string) =>
  ({ originalUrl: url, method: "POST", headers: {}, routeOptions: { url } }) as unknown as FastifyRequest;

test("logs at most 20 lines for an hour of refused requests, with the number of lines left out", async () => {
  const clock = new VirtualClock();
  const lines: { leftOut?: number; reason: string }[] = [];
  let count = 0;
  const refusals = new Refusals({
    log: { warn: (fields: object) => lines.push(fields as (typeof lines)[number]) },
    throttle: new LogThrottle(clock, refusalLogRule),
    count: () => count++,
    senderOf: () => "10.0.0.7",
  });
  for (let second = 0; second < 3_600; second++) {
    await clock.advance(1_000);
    refusals.refused(to("/a"), unavailable("disk full"));
    refusals.refused(to("/b"), unavailable("disk full"));
  }
  expect(count).toBe(7_200);
  expect(lines.length).toBeLessThanOrEqual(20);
  const leftOut = lines.reduce((sum, line) => sum + (line.leftOut ?? 0), 0);
  expect(lines.length + leftOut).toBeGreaterThan(5_500);
  refusals.refused(to("/a"), badRequest({ path: "", message: "expected JSON" }));
  expect(lines.at(-1)).toMatchObject({ reason: "invalid" });
});

describe("a foreign host", () => {
  test("is refused for every path except the probes, on a loopback listener without tokens", async () => {
    const { text } = await open.ask("GET", "/");
    const endpoints = Array.from(text.matchAll(/^([A-Z]+) +(\/\S*)/gm), ([, method, path]) => ({ method, path }));
    expect(endpoints.length).toBeGreaterThan(20);
    const probes = ["/healthz", "/readyz", "/-/healthy", "/-/ready"];
    for (const { method = "", path = "" } of [
      ...endpoints,
      { method: "PUT", path: "/" },
      { method: "GET", path: "/x" },
    ]) {
      for (const spelled of [path, `${path}/`]) {
        const status = await ask(open, { method, path: spelled, headers: evil });
        expect([method, spelled, status]).toEqual([method, spelled, probes.includes(path) ? 200 : 421]);
      }
    }
  });

  test("is accepted if a token is needed", async () => {
    expect(await ask(guarded, { path: "/metrics", headers: { ...evil, ...token } })).toBe(200);
  });

  test("is accepted once server.allowedHosts names it, without a restart", async () => {
    const named = { server: { listen: "127.0.0.1:0", allowedHosts: ["evil.example"] } };
    open.next = { ...(open.next as object), ...named };
    await open.tocsin.reload();
    expect(await ask(open, { path: "/metrics", headers: evil })).toBe(200);
    expect(await ask(open, { path: "/metrics", headers: { host: "other.example" } })).toBe(421);
  });
});
