import type { FastifyRequest } from "fastify";
import { describe, expect, test } from "vitest";

import type { Token } from "../config/config.ts";
import type { Role } from "../config/schema.ts";
import { Gate } from "./gate.ts";
import { Problem } from "./problem.ts";

const tokens: readonly Token[] = [
  { name: "prometheus", value: "ingest-token", roles: ["ingest"] },
  { name: "grafana", value: "read-token", roles: ["read"] },
  { name: "people", value: "people-token", roles: ["read", "operate"] },
];

const request = (headers: Record<string, string>, method = "POST") =>
  ({ headers, method }) as unknown as FastifyRequest;

/** The name of who came in, or the status that kept them out. */
function tried(gate: Gate, role: Role, headers: Record<string, string>, method?: string): string | number | undefined {
  try {
    return gate.admit(request(headers, method), role).name;
  } catch (error) {
    if (error instanceof Problem) return error.status;
    throw error;
  }
}

describe("with tokens", () => {
  const gate = new Gate(tokens);

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
    ["", { ingest: 401, read: 401, operate: 401 }],
  ])("%j may", (authorization, may) => {
    for (const [role, result] of Object.entries(may))
      expect([role, tried(gate, role as Role, { authorization })]).toEqual([role, result]);
  });

  test("no header is no token", () => {
    expect(tried(gate, "read", {})).toBe(401);
  });

  test("another site's page may send what it likes, it has no token", () => {
    expect(tried(gate, "ingest", { origin: "https://evil.example", authorization: "Bearer ingest-token" })).toBe(
      "prometheus",
    );
    expect(tried(gate, "ingest", { origin: "https://evil.example" })).toBe(401);
  });
});

describe("without tokens", () => {
  const gate = new Gate([], "https://tocsin.example.com/console");

  test.each<[string | undefined, number | undefined]>([
    [undefined, undefined],
    ["http://127.0.0.1:9877", undefined],
    ["http://localhost:5173", undefined],
    ["http://[::1]:9877", undefined],
    ["https://tocsin.example.com", undefined],
    ["https://evil.example", 403],
    ["https://tocsin.example.com.evil.example", 403],
    ["http://127.0.0.1.evil.example", 403],
    ["null", 403],
  ])("everybody may, but a browser's page of origin %s gets %s", (origin, result) => {
    const headers = origin === undefined ? {} : { origin };
    expect(tried(gate, "operate", headers)).toBe(result);
    expect(tried(gate, "read", headers, "GET")).toBeUndefined();
  });
});
