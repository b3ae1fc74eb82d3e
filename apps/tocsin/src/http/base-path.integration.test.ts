import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callApi } from "../cli/api.ts";
import { basePath } from "../config/base-path.ts";
import { startService, type TestService } from "../service.fixture.ts";
import { basePathRemover } from "./base-path.ts";

const tokens = [{ name: "all", token: "all-roles", roles: ["ingest", "read", "operate"] }];
const token = { authorization: "Bearer all-roles" };
const base = "/team.a/tocsin";

let service: TestService;
beforeAll(async () => {
  service = await startService(() => ({ server: { listen: "127.0.0.1:0", basePath: base, auth: { tokens } } }));
});
afterAll(() => service[Symbol.asyncDispose]());

const probes = ["/healthz", "/-/healthy", "/readyz", "/-/ready"];
const withoutBase = [...probes, "/metrics"];

const firing = (fingerprint: string) => ({
  alerts: [{ status: "firing", labels: { alertname: fingerprint, severity: "critical" }, fingerprint }],
});

/** The endpoints of the front page, as a method and a path without parameters. */
async function endpoints(): Promise<{ method: string; path: string }[]> {
  const { text } = await service.ask("GET", "/");
  const lines = text.matchAll(/^(GET|POST|PUT|DELETE) +(\/\S*)/gm);
  return Array.from(lines, ([, method = "", path = ""]) => ({ method, path: path.replaceAll(/:\w+/g, "0") }));
}

/** The status of an endpoint for a client without a token, who changes nothing. */
const statusOf = async (method: string, path: string) => (await service.ask(method, path)).status;

/** Unlike fetch, sends the path as it is. */
const statusLine = (path: string) =>
  new Promise<string>((resolve, reject) => {
    let answer = "";
    const { host, port } = service.tocsin.address;
    connect({ host, port })
      .once("error", reject)
      .on("data", (chunk: Buffer) => (answer += chunk.toString()))
      .once("close", () => resolve(answer.split("\r\n", 1)[0]!))
      .end(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
  });

describe("with a base path", () => {
  test("every endpoint answers with and without it, except probes and metrics", async () => {
    const all = await endpoints();
    expect(all.length).toBeGreaterThan(25);
    for (const { method, path } of all) {
      const status = await statusOf(method, path);
      const below = withoutBase.includes(path) ? 404 : status;
      expect({ method, path, status }).not.toMatchObject({ status: 404 });
      expect({ method, path, below: await statusOf(method, `${base}${path}`) }).toEqual({ method, path, below });
    }
  });

  test("the webhook accepts alerts below it, by POST and PUT", async () => {
    for (const method of ["POST", "PUT"]) {
      const path = `${base}/api/v1/webhook/alertmanager?source=ignored`;
      const { status, body } = await service.ask(method, path, firing(method), token);
      expect([status, body.accepted]).toEqual([200, 1]);
      await service.until("an incident is open", () =>
        service.simulator.incidents().find(({ dedup_key: key }) => key === method),
      );
    }
  });

  test("errors of Alertmanager's API are one string below it too", async () => {
    const { status, body } = await service.ask("POST", `${base}/api/v2/alerts`, "x", token);
    expect([status, body]).toEqual([400, "the request cannot be understood: expected JSON"]);
    expect((await service.ask("GET", `${base}/api/v2/nothing`, undefined, token)).body).toBe(
      "no endpoint has this path",
    );
  });

  test("the front page answers at the base path itself", async () => {
    for (const path of [base, `${base}/`, `${base}?x=1`, `/${base}//`])
      expect({ path, line: await statusLine(path) }).toEqual({ path, line: "HTTP/1.1 200 OK" });
  });

  test("probes and metrics are hidden below it, in every spelling and with every method", async () => {
    const paths = withoutBase.flatMap((path) => [path, `/${path}`, `${path}/`, `${path}?x=1`]);
    for (const path of [...paths, "/%6detrics", "/health%7A"])
      expect({ path, line: await statusLine(`${base}${path}`) }).toEqual({ path, line: "HTTP/1.1 404 Not Found" });
    for (const path of withoutBase)
      for (const method of ["POST", "PUT", "DELETE", "HEAD"])
        expect({ path, method, status: await statusOf(method, `${base}${path}`) }).toMatchObject({ status: 404 });
    expect((await service.ask("GET", "/metrics", undefined, token)).status).toBe(200);
    for (const path of probes) expect({ path, status: await statusOf("GET", path) }).toEqual({ path, status: 200 });
  });

  test.each([
    "/team.a",
    "/tocsin",
    "/team.a/tocsinx",
    "/teamXa/tocsin",
    "/TEAM.A/TOCSIN",
    `${base}${base}`,
    `/x${base}`,
  ])("%s is another path", async (path) => {
    expect((await service.ask("GET", `${path}/api/v1/stats`, undefined, token)).status).toBe(404);
  });

  test("needs the same tokens and roles", async () => {
    expect(await statusOf("GET", `${base}/api/v1/stats`)).toBe(401);
    expect((await service.ask("GET", `${base}/api/v1/stats`, undefined, token)).status).toBe(200);
    const wrong = await service.ask("GET", `${base}/api/v1/heartbeats/cron`, undefined, token);
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST"]);
  });

  test("commands reach the service by a URL with it", async () => {
    const { host, port } = service.tocsin.address;
    const options = { url: `http://${host}:${port}${base}`, token: "all-roles" };
    expect(await callApi(options, "GET", "stats")).toHaveProperty("alerts");
    expect(await callApi(options, "POST", "/-/reload")).toBeDefined();
  });

  test("the log of a refused request has the path as the client sent it", async () => {
    service.logs.length = 0;
    await service.ask("PATCH", `${base}/api/v1/stats?x=1`, undefined, token);
    const lines = service.logs.map((line) => JSON.parse(line)).filter(({ event }) => event === "request_refused");
    expect(lines).toMatchObject([{ reason: "method", path: `${base}/api/v1/stats` }]);
  });
});

test("a base path must not begin as a path of the service does", async () => {
  for (const { path } of await endpoints()) {
    if (path === "/") continue;
    const first = `/${path.split("/")[1]}`;
    expect({ first, valid: basePath().safeParse(first).success }).toEqual({ first, valid: false });
  }
});

test("URLs that are not below the base path stay as they are", () => {
  const urls = ["/", "//a", "/tocsins/api", "*", "", "http://localhost/tocsin/api"];
  for (const remove of [basePathRemover(undefined), basePathRemover("/tocsin")])
    expect(urls.map((url) => remove(url))).toEqual(urls);
});
