import { request as requestPlain } from "node:http";
import { request as requestTls } from "node:https";
import { systemClock } from "@tocsin/core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { selfSigned } from "../../../../packages/http/test/self-signed.ts";
import { startService, type TestService } from "../service.fixture.ts";

const people = { name: "people", token: "people-token", roles: ["read", "operate"] };
const reader = { name: "reader", token: "reader-token", roles: ["read"] };
const key = (byte: number): string => Buffer.alloc(32, byte).toString("base64");

interface Asked {
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly message: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- what a test expects of it is for the test to say
  readonly body: any;
}

/** The services that speak TLS. */
const tlsServices = new Set<TestService>();

/** Unlike fetch, this can name any host, and says nothing about a site by itself. */
function ask(service: TestService, method: string, path: string, { headers = {}, body }: Asked = {}) {
  const { host, port } = service.tocsin.address;
  const options = { host, port, method, path, headers, agent: false, rejectUnauthorized: false };
  return new Promise<Answered>((resolve, reject) => {
    (tlsServices.has(service) ? requestTls : requestPlain)(options, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      answer.once("end", () => {
        const parsed = text === "" ? undefined : JSON.parse(text);
        const message = String(parsed?.error?.message ?? "");
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, message, body: parsed });
      });
    })
      .once("error", reject)
      .end(body);
  });
}

const logIn = (service: TestService, { headers = {}, token = people.token, path = "/api/v1/session" } = {}) =>
  ask(service, "POST", path, { headers, body: JSON.stringify({ token }) });

/** The cookie as a browser sends it back. */
const cookieIn = ({ headers }: Answered): string => headers["set-cookie"]?.[0]?.split(";", 1)[0] ?? "";

async function loggedIn(service: TestService, options: Parameters<typeof logIn>[1] = {}): Promise<string> {
  const answer = await logIn(service, options);
  expect([answer.status, answer.body]).toEqual([204, undefined]);
  return cookieIn(answer);
}

const started = (server: object = {}, ledger: object = {}, clock = systemClock): Promise<TestService> =>
  startService(
    () => ({
      server: { listen: "127.0.0.1:0", auth: { tokens: [people, reader] }, ...server },
      ledger: { url: "sqlite:tocsin.db", ...ledger },
    }),
    { clock },
  );

/** What a page of the console sends with a change. */
const ownPage = { "x-tocsin-request": "1", "sec-fetch-site": "same-origin" };

/** A write that changes nothing. */
const write = "/api/v1/incidents/99999/resolve";
const written = 404;

describe("a person who logs in with a token", () => {
  let service: TestService;
  let cookie: string;
  beforeAll(async () => {
    service = await started({ allowedHosts: ["tocsin.internal"] });
    cookie = await loggedIn(service);
  });
  afterAll(() => service[Symbol.asyncDispose]());
  const read = (headers: Record<string, string>) => ask(service, "GET", "/api/v1/incidents", { headers });
  const change = (headers: Record<string, string>) => ask(service, "POST", write, { headers: { cookie, ...headers } });

  test("gets a cookie that scripts and other sites cannot use, and that ends after twelve hours", async () => {
    const { status, headers } = await logIn(service);
    expect(status).toBe(204);
    expect(headers["set-cookie"]).toEqual([
      expect.stringMatching(/^tocsin_session=[\w.-]+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/),
    ]);
    expect(headers["cache-control"]).toBe("no-store");
  });

  test("reads and changes with it, in their own name", async () => {
    expect((await read({ cookie })).status).toBe(200);
    expect((await read({ cookie: `a=b; ${cookie}; c=d` })).status).toBe(200);
    expect((await change(ownPage)).status).toBe(written);
    const { body } = await ask(service, "GET", "/api/v1/session", { headers: { cookie } });
    expect(body).toEqual({ name: "people", roles: ["read", "operate"], needed: true });
  });

  test("who has not logged in learns that a login is needed", async () => {
    for (const headers of [{}, { cookie: "tocsin_session=x" }, { authorization: "Bearer wrong" }])
      expect((await ask(service, "GET", "/api/v1/session", { headers })).body).toEqual({
        name: null,
        roles: [],
        needed: true,
      });
  });

  test.each<[string, string | undefined]>([
    ["a wrong token", '{"token":"people-toke"}'],
    ["the name of a token", '{"token":"people"}'],
    ["a token with blanks", '{"token":" people-token "}'],
  ])("with %s gets 401 and no cookie", async (_case, body) => {
    const { status, headers } = await ask(service, "POST", "/api/v1/session", { ...(body && { body }) });
    expect([status, headers["set-cookie"]]).toEqual([401, undefined]);
  });

  test.each<[string, string | undefined]>([
    ["a form", "token=people-token"],
    ["no body", undefined],
    ["an empty token", '{"token":""}'],
    ["another field", '{"token":"people-token","a":"="}'],
    ["a list", '{"token":["people-token"]}'],
  ])("with %s gets 400 and no cookie", async (_case, body) => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const answer = await ask(service, "POST", "/api/v1/session", { headers, ...(body && { body }) });
    expect([answer.status, answer.headers["set-cookie"]]).toEqual([400, undefined]);
    expect(JSON.stringify(answer.body)).not.toContain("people-token");
  });

  test("with the role read may not write, and learns why", async () => {
    const readers = await loggedIn(service, { token: reader.token });
    expect((await read({ cookie: readers })).status).toBe(200);
    const answer = await ask(service, "POST", write, { headers: { cookie: readers, ...ownPage } });
    expect([answer.status, answer.message]).toEqual([403, 'the token lacks the role "operate"']);
  });

  test("uses a bearer token instead, if the request has one", async () => {
    const readers = { authorization: "Bearer reader-token", cookie, ...ownPage };
    expect((await ask(service, "POST", write, { headers: readers })).status).toBe(403);
    expect((await read({ cookie, authorization: "Bearer wrong" })).status).toBe(401);
    // A proxy in front may add its own user and password.
    expect((await read({ cookie, authorization: "Basic YTpi" })).status).toBe(200);
  });

  test.each<[string, number, (port: number) => Record<string, string>]>([
    ["of the console", written, () => ownPage],
    ["of an old browser", written, (port) => ({ "x-tocsin-request": "1", origin: `http://127.0.0.1:${port}` })],
    ["without the header", 403, () => ({ "sec-fetch-site": "same-origin" })],
    ["with another value in the header", 403, () => ({ ...ownPage, "x-tocsin-request": "true" })],
    ["of a form of another site", 403, () => ({ "sec-fetch-site": "cross-site", origin: "https://evil.example" })],
    ["of a fetch of another site", 403, () => ({ ...ownPage, "sec-fetch-site": "cross-site" })],
    ["of a page of the same site", 403, () => ({ ...ownPage, "sec-fetch-site": "same-site" })],
    ["of no page", 403, () => ({ ...ownPage, "sec-fetch-site": "none" })],
    [
      "of another site, whose browser claims our origin",
      403,
      (port) => ({ ...ownPage, "sec-fetch-site": "cross-site", origin: `http://127.0.0.1:${port}` }),
    ],
    ["of another site in an old browser", 403, () => ({ "x-tocsin-request": "1", origin: "https://evil.example" })],
    ["of another port", 403, (port) => ({ "x-tocsin-request": "1", origin: `http://127.0.0.1:${port + 1}` })],
    ["over another scheme", 403, (port) => ({ "x-tocsin-request": "1", origin: `https://127.0.0.1:${port}` })],
    ["of a page without an origin", 403, () => ({ "x-tocsin-request": "1", origin: "null" })],
    ["of no browser", 403, () => ({ "x-tocsin-request": "1" })],
  ])("a write %s gets %d", async (_case, status, headers) => {
    expect((await change(headers(service.tocsin.address.port))).status).toBe(status);
  });

  test("a page of another site cannot log a browser in, or out", async () => {
    for (const headers of [
      { origin: "https://evil.example" },
      { "sec-fetch-site": "cross-site" },
      { origin: "null" },
    ]) {
      const answer = await logIn(service, { headers });
      expect([answer.status, answer.headers["set-cookie"]]).toEqual([403, undefined]);
      const out = await ask(service, "DELETE", "/api/v1/session", { headers: { ...headers, cookie } });
      expect([out.status, out.headers["set-cookie"]]).toEqual([403, undefined]);
    }
  });

  test("has no session at the name of another site that leads here (DNS rebinding)", async () => {
    const { port } = service.tocsin.address;
    for (const host of ["evil.example", `evil.example:${port}`, `localhost.evil.example:${port}`]) {
      expect([host, (await read({ host, cookie })).status]).toEqual([host, 421]);
      expect([host, (await change({ host, ...ownPage })).status]).toEqual([host, 421]);
      expect([host, (await logIn(service, { headers: { host, origin: `http://${host}` } })).status]).toEqual([
        host,
        421,
      ]);
    }
    for (const host of [`localhost:${port}`, "tocsin.internal"])
      expect([host, (await read({ host, cookie })).status]).toEqual([host, 200]);
  });

  test.each([
    ["http://10.0.0.7:9877", "10.0.0.7:9877"],
    ["http://tocsin.internal:9877", "tocsin.internal:9877"],
    [undefined, "10.0.0.7:9877"],
    // A proxy without TLS that replaces the host.
    ["http://tocsin.internal", "localhost:9877"],
  ])("over plain http from %s at %s gets no cookie, and advice", async (origin, host) => {
    const headers = { host, ...(origin === undefined ? {} : { origin, "sec-fetch-site": "same-origin" }) };
    const answer = await logIn(service, { headers });
    expect([answer.status, answer.headers["set-cookie"]]).toEqual([403, undefined]);
    expect(answer.body.error.code).toBe("tls_needed");
    expect(answer.message).toMatch(/use https.*server\.tls.*server\.publicUrl.*server\.trustedProxies/);
  });

  test("over plain http learns before the login that it is refused", async () => {
    const { body } = await ask(service, "GET", "/api/v1/session", { headers: { host: "10.0.0.7:9877" } });
    expect(body).toMatchObject({ name: null, needed: true, loginRefused: expect.stringContaining("use https") });
  });

  test("logs out", async () => {
    const { status, headers } = await ask(service, "DELETE", "/api/v1/session", { headers: { cookie, ...ownPage } });
    expect([status, headers["set-cookie"]]).toEqual([
      204,
      ["tocsin_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"],
    ]);
    expect((await ask(service, "DELETE", "/api/v1/session")).status).toBe(204);
  });

  test("may have an older cookie of another path beside the valid one", async () => {
    expect((await read({ cookie: `tocsin_session=v1.W10.x; ${cookie}` })).status).toBe(200);
    expect((await read({ cookie: `${"tocsin_session=v1.W10.x; ".repeat(50)}${cookie}` })).status).toBe(401);
  });

  test("leaves the token in no log", () => {
    expect(service.logs.join("")).not.toMatch(/people-token|reader-token/);
  });
});

describe("a session ends", () => {
  let service: TestService;
  let offsetMs = 0;
  const clock = { ...systemClock, now: () => Date.now() + offsetMs };
  beforeAll(async () => {
    service = await started({}, {}, clock);
  });
  afterAll(() => service[Symbol.asyncDispose]());
  beforeEach(() => {
    offsetMs = 0;
  });

  const statusWith = async (cookie: string) =>
    (await ask(service, "GET", "/api/v1/incidents", { headers: { cookie } })).status;
  async function reloadedWith(tokens: readonly object[]) {
    const next = service.next as { server: object };
    service.next = { ...next, server: { ...next.server, auth: { tokens } } };
    await service.tocsin.reload();
  }

  test("after twelve hours", async () => {
    const cookie = await loggedIn(service);
    offsetMs = 12 * 3_600_000 - 5_000;
    expect(await statusWith(cookie)).toBe(200);
    offsetMs += 6_000;
    expect(await statusWith(cookie)).toBe(401);
  });

  test("when its token is removed or its value changes; new roles count at once", async () => {
    const cookie = await loggedIn(service);
    await reloadedWith([reader]);
    expect(await statusWith(cookie)).toBe(401);
    await reloadedWith([reader, { ...people, token: "another-token" }]);
    expect(await statusWith(cookie)).toBe(401);
    await reloadedWith([reader, { ...people, roles: ["ingest"] }]);
    expect(await statusWith(cookie)).toBe(403);
    await reloadedWith([reader, people]);
    expect(await statusWith(cookie)).toBe(200);
  });
});

describe("replicas", () => {
  const services: TestService[] = [];
  beforeAll(async () => {
    for (const encryptionKey of [key(1), key(1), [key(2), key(1)], key(3)])
      services.push(await started({}, { encryptionKey }));
    // Four services start here, also on a machine that is busy.
  }, 60_000);
  afterAll(async () => {
    for (const service of services) await service[Symbol.asyncDispose]();
  });

  const accepted = async (cookie: string) => {
    const answers = services.map((service) => ask(service, "GET", "/api/v1/incidents", { headers: { cookie } }));
    return (await Promise.all(answers)).map(({ status }) => status);
  };

  test("accept the cookie of another with their key, also while a list replaces it, and no other service's", async () => {
    const cookies: string[] = [];
    for (const service of services) cookies.push(await loggedIn(service));
    expect(await Promise.all(cookies.map(accepted))).toEqual([
      [200, 200, 200, 401],
      [200, 200, 200, 401],
      // Signed with the new key, which only this replica has.
      [401, 401, 200, 401],
      [401, 401, 401, 200],
    ]);
  });
});

describe("over TLS the cookie is secure", () => {
  const secure = "Max-Age=43200; HttpOnly; SameSite=Strict; Secure";
  const { cert, key: privateKey } = selfSigned();
  const proxied = { "x-forwarded-proto": "https", host: "tocsin.example.com", origin: "https://tocsin.example.com" };

  test.each<[string, object, Record<string, string>, string]>([
    ["of the service", { tls: { cert, key: privateKey } }, { host: "anything.example" }, `Path=/; ${secure}`],
    ["of a trusted proxy", { trustedProxies: ["127.0.0.1"] }, proxied, `Path=/; ${secure}`],
    ["of the public URL", { publicUrl: "https://tocsin.example.com" }, { host: "10.0.0.7" }, `Path=/; ${secure}`],
    [
      "of the public URL, below a base path",
      { publicUrl: "https://ops.example.com/tocsin", basePath: "/tocsin" },
      { host: "ops.example.com", origin: "https://ops.example.com" },
      `Path=/tocsin; ${secure}`,
    ],
  ])("%s", async (_case, server, headers, attributes) => {
    const service = await started(server);
    if ("tls" in server) tlsServices.add(service);
    try {
      const base = "basePath" in server ? "/tocsin" : "";
      const prefix = base === "" ? "__Host-" : "__Secure-";
      const answer = await logIn(service, { headers, path: `${base}/api/v1/session` });
      expect(answer.status).toBe(204);
      expect(answer.headers["set-cookie"]).toEqual([
        expect.stringMatching(new RegExp(`^${prefix}tocsin_session=[\\w.-]+; ${attributes}$`)),
      ]);
      const cookie = cookieIn(answer);
      const read = async (more: Record<string, string>) =>
        (await ask(service, "GET", `${base}/api/v1/incidents`, { headers: { ...headers, ...more } })).status;
      expect(await read({ cookie })).toBe(200);
      expect(await read({ cookie: cookie.replace(prefix, "") })).toBe(401);
      const headersOfPage = { ...headers, ...ownPage, cookie };
      expect((await ask(service, "POST", `${base}${write}`, { headers: headersOfPage })).status).toBe(written);
      const out = await ask(service, "DELETE", `${base}/api/v1/session`, { headers: headersOfPage });
      expect(out.headers["set-cookie"]).toEqual([`${prefix}tocsin_session=; ${attributes.replace("43200", "0")}`]);
    } finally {
      await service[Symbol.asyncDispose]();
    }
  });

  test("but not for a page over plain http on this machine, whose browser would not keep a secure one", async () => {
    const service = await started({ publicUrl: "https://tocsin.example.com" });
    const { port } = service.tocsin.address;
    const page = { host: `localhost:${port}`, origin: `http://localhost:${port}`, "sec-fetch-site": "same-origin" };
    const answer = await logIn(service, { headers: page });
    expect(answer.headers["set-cookie"]).toEqual([
      expect.stringMatching(/^tocsin_session=[\w.-]+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/),
    ]);
    const cookie = cookieIn(answer);
    // A browser sends no Origin with a GET request of the same origin.
    const read = async (host: string) =>
      (await ask(service, "GET", "/api/v1/incidents", { headers: { host, cookie } })).status;
    expect([await read(page.host), await read("tocsin.example.com")]).toEqual([200, 401]);
    const changed = await ask(service, "POST", write, { headers: { ...page, ...ownPage, cookie } });
    expect(changed.status).toBe(written);
    const out = await ask(service, "DELETE", "/api/v1/session", { headers: { ...page, ...ownPage, cookie } });
    expect(out.headers["set-cookie"]).toEqual(["tocsin_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"]);
    await service[Symbol.asyncDispose]();
  });

  test("but a page that came over plain http gets no cookie, because its browser would not keep it", async () => {
    const service = await started({ publicUrl: "https://tocsin.example.com", allowedHosts: ["tocsin.internal"] });
    const headers = { host: "tocsin.internal:9877", origin: "http://tocsin.internal:9877" };
    expect(await logIn(service, { headers })).toMatchObject({ status: 403, body: { error: { code: "tls_needed" } } });
    await service[Symbol.asyncDispose]();
  });

  test("and only a trusted proxy may say so", async () => {
    const service = await started({ trustedProxies: ["10.9.9.9"], allowedHosts: ["tocsin.example.com"] });
    expect((await logIn(service, { headers: proxied })).status).toBe(403);
    await service[Symbol.asyncDispose]();
    const trusting = await started({ trustedProxies: ["127.0.0.1"], allowedHosts: ["tocsin.example.com"] });
    for (const proto of ["http", "https, http", "", "httpss"])
      expect((await logIn(trusting, { headers: { ...proxied, "x-forwarded-proto": proto } })).status).toBe(403);
    await trusting[Symbol.asyncDispose]();
  });
});

describe("failed logins", () => {
  test("are limited to ten per minute and address, also behind a proxy, and counted and logged", async () => {
    const service = await started({ trustedProxies: ["127.0.0.1"] });
    const from = (address: string, token: string) =>
      logIn(service, { token, headers: { "x-forwarded-for": `6.6.6.6, ${address}` } });
    for (let failure = 0; failure < 10; failure++)
      expect((await from("10.0.0.1", `wrong ${failure}`)).status).toBe(401);
    const limited = await from("10.0.0.1", people.token);
    expect([limited.status, limited.headers["set-cookie"]]).toEqual([429, undefined]);
    expect(Number(limited.headers["retry-after"])).toBeGreaterThan(50);
    expect((await from("10.0.0.2", people.token)).status).toBe(204);
    const { text } = await service.ask("GET", "/metrics", undefined, { authorization: "Bearer reader-token" });
    expect(text).toContain('tocsin_requests_refused_total{reason="too_many_logins"} 1\n');
    const refused = service.logs.map((line) => JSON.parse(line)).filter(({ event }) => event === "request_refused");
    expect(refused.at(-1)).toMatchObject({ reason: "too_many_logins", status: 429, sender: "10.0.0.1" });
    await service[Symbol.asyncDispose]();
  });
});

test("without tokens no login is needed, and a login sets no cookie", async () => {
  const service = await started({ auth: {} });
  const { body } = await ask(service, "GET", "/api/v1/session");
  expect(body).toEqual({ name: null, roles: ["ingest", "read", "operate"], needed: false });
  const answer = await logIn(service);
  expect([answer.status, answer.headers["set-cookie"]]).toEqual([204, undefined]);
  expect((await ask(service, "DELETE", "/api/v1/session")).status).toBe(204);
  await service[Symbol.asyncDispose]();
});
