import type { FastifyRequest } from "fastify";
import { describe, expect, test } from "vitest";
import type { Client, Token } from "../config/config.ts";
import type { Role } from "../config/schema.ts";
import { Auth, type AuthSettings } from "./auth.ts";
import { Problem } from "./problem.ts";

const tokens: readonly Token[] = [
  { name: "prometheus", value: "ingest-token", roles: ["ingest"] },
  { name: "grafana", value: "read-token", roles: ["read"] },
  { name: "people", value: "people-token", roles: ["read", "operate"] },
];

const clients: readonly Client[] = [{ name: "am", san: "am.example", roles: ["ingest"] }];

const authOf = (settings: Partial<AuthSettings>) =>
  new Auth({
    listen: { host: "127.0.0.1", port: 0 },
    tokens: [],
    clients: [],
    publicUrl: undefined,
    allowedHosts: [],
    ...settings,
  });

const basic = (credentials: string) => `Basic ${Buffer.from(credentials).toString("base64")}`;

const request = (headers: Record<string, string>, method = "POST") =>
  ({ headers, method }) as unknown as FastifyRequest;

/** Returns the name of the admitted token, or the status of the refusal. */
function tried(auth: Auth, role: Role, headers: Record<string, string>, method?: string): string | number | undefined {
  try {
    return auth.admit(request(headers, method), role).name;
  } catch (error) {
    if (error instanceof Problem) return error.status;
    throw error;
  }
}

describe("with tokens", () => {
  const auth = authOf({ tokens });

  test.each<[string, Record<Role, string | number>]>([
    ["Bearer ingest-token", { ingest: "prometheus", read: 403, operate: 403 }],
    ["bearer   read-token ", { ingest: 403, read: "grafana", operate: 403 }],
    ["BEARER people-token", { ingest: 403, read: "people", operate: "people" }],
    ["Bearer ingest-toke", { ingest: 401, read: 401, operate: 401 }],
    ["Bearer ingest-token2", { ingest: 401, read: 401, operate: 401 }],
    ["Bearer INGEST-TOKEN", { ingest: 401, read: 401, operate: 401 }],
    ["Bearer", { ingest: 401, read: 401, operate: 401 }],
    ["Bearer ", { ingest: 401, read: 401, operate: 401 }],
    ["ingest-token", { ingest: 401, read: 401, operate: 401 }],
    ["Basic aW5nZXN0LXRva2Vu", { ingest: 401, read: 401, operate: 401 }],
    [basic("anyone:ingest-token"), { ingest: "prometheus", read: 401, operate: 401 }],
    [basic(":ingest-token"), { ingest: "prometheus", read: 401, operate: 401 }],
    [basic("prometheus:ingest-token").replace("Basic", "basic  "), { ingest: "prometheus", read: 401, operate: 401 }],
    [basic("anyone:people-token"), { ingest: 403, read: 401, operate: 401 }],
    [basic("anyone:ingest-toke"), { ingest: 401, read: 401, operate: 401 }],
    [basic("ingest-token:"), { ingest: 401, read: 401, operate: 401 }],
    [basic("a:b:ingest-token"), { ingest: 401, read: 401, operate: 401 }],
    ["Basic", { ingest: 401, read: 401, operate: 401 }],
    ["", { ingest: 401, read: 401, operate: 401 }],
  ])("%j may", (authorization, may) => {
    for (const [role, result] of Object.entries(may))
      expect([role, tried(auth, role as Role, { authorization })]).toEqual([role, result]);
  });

  test("a request without the header has no token", () => {
    expect(tried(auth, "read", {})).toBe(401);
  });

  test("a page of another site is refused, because it has no token", () => {
    expect(tried(auth, "ingest", { origin: "https://evil.example", authorization: "Bearer ingest-token" })).toBe(
      "prometheus",
    );
    expect(tried(auth, "ingest", { origin: "https://evil.example" })).toBe(401);
  });
});

describe("a refused request learns why", () => {
  const auth = authOf({ tokens });

  test.each<[Role, string, string]>([
    ["ingest", "", "a bearer token is needed, or basic authentication with a token as the password"],
    ["ingest", "Basic !", "a bearer token is needed, or basic authentication with a token as the password"],
    ["ingest", basic("a:b"), "the password is not a known token"],
    ["ingest", "Bearer b", "the bearer token is not known"],
    ["read", "", "a bearer token is needed"],
    [
      "read",
      basic("a:read-token"),
      "a bearer token is needed; basic authentication is accepted only for sending alerts",
    ],
  ])("%s with %j", (role, authorization, message) => {
    expect(() => auth.admit(request({ authorization }), role)).toThrow(new Problem(401, "unauthorized", message));
  });

  test("a page of another site cannot use a password that the browser stored", () => {
    const authorization = basic("a:ingest-token");
    expect(tried(auth, "ingest", { origin: "https://evil.example", authorization })).toBe(403);
    expect(tried(auth, "ingest", { origin: "http://localhost", authorization })).toBe("prometheus");
  });
});

describe("without tokens", () => {
  const auth = authOf({ publicUrl: "https://tocsin.example.com:8443/console", allowedHosts: ["tocsin.internal"] });

  test.each<[string | undefined, number | undefined]>([
    [undefined, undefined],
    ["http://127.0.0.1:9877", undefined],
    ["http://localhost:5173", undefined],
    ["http://[::1]:9877", undefined],
    ["https://tocsin.example.com", undefined],
    ["http://tocsin.internal:9877", undefined],
    ["https://evil.example", 403],
    ["https://tocsin.example.com.evil.example", 403],
    ["http://127.0.0.1.evil.example", 403],
    ["null", 403],
  ])("every request is admitted, but one from a page with the origin %s gets %s", (origin, result) => {
    const headers = origin === undefined ? {} : { origin };
    expect(tried(auth, "operate", headers)).toBe(result);
    expect(tried(auth, "read", headers, "GET")).toBeUndefined();
  });
});

test("with clients only, a request without a certificate of a connection is refused", () => {
  const auth = authOf({ clients });
  for (const role of ["ingest", "read", "operate"] as const) {
    expect(tried(auth, role, {})).toBe(401);
    expect(tried(auth, role, { authorization: "Bearer some-token" })).toBe(401);
  }
});

/** Returns 421 if the host is refused. */
function statusFor(auth: Auth, host: string | undefined): number | undefined {
  try {
    auth.allowedHosts.refuseOthers(request(host === undefined ? {} : { host }));
    return undefined;
  } catch (error) {
    if (error instanceof Problem) return error.status;
    throw error;
  }
}

describe("the host of a request", () => {
  const names = {
    publicUrl: "https://tocsin.example.com:8443/console",
    allowedHosts: ["Tocsin.Internal", "xn--mnchen-3ya.de"],
  };
  const own = [
    "localhost",
    "localhost:9877",
    "LOCALHOST.",
    "tocsin.localhost:9877",
    "127.0.0.1:9877",
    "127.0.0.2",
    "10.1.2.3:80",
    "[::1]:9877",
    "[fd00::7]",
    "tocsin.example.com",
    "tocsin.example.com:9877",
    "TOCSIN.example.com.:9877",
    "tocsin.internal:9877",
    "münchen.de",
    undefined,
  ];
  const others = [
    "evil.example",
    "evil.example:9877",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "evil.example#.localhost",
    "evil.example/.localhost",
    "localhost@evil.example",
    "evil.example@localhost",
    "evil.example\\.localhost",
    "example.com",
    "a.tocsin.example.com",
    "internal",
    "localhost:99999",
    "[::1",
    "127.0.0.1:9877:9877",
    ":9877",
    "",
  ];

  test("on a loopback listener without tokens must be one that only this machine or its operator can assign", () => {
    for (const host of ["127.0.0.1", "::1", "localhost", "127.8.0.1"]) {
      const auth = authOf({ ...names, listen: { host, port: 9877 } });
      expect(own.map((name) => [name, statusFor(auth, name)])).toEqual(own.map((name) => [name, undefined]));
      expect(others.map((name) => [name, statusFor(auth, name)])).toEqual(others.map((name) => [name, 421]));
    }
  });

  test("does not matter if a token is needed, and on other listeners", () => {
    for (const auth of [authOf({ tokens }), authOf({ clients }), authOf({ listen: { host: "0.0.0.0", port: 9877 } })])
      expect([...own, ...others].map((name) => statusFor(auth, name))).toEqual(
        [...own, ...others].map(() => undefined),
      );
  });
});
