import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import manifest from "../../../package.json" with { type: "json" };
import { startService, type TestService } from "../../service.fixture.ts";
import { describedApi, describedEndpoints } from "./described-endpoints.fixture.ts";
import { comparedAnswers, undocumentedIn } from "./documented-answers.fixture.ts";

let service: TestService;
beforeAll(async () => {
  const tokens = [
    { name: "reader", token: "reader-token", roles: ["read"] },
    { name: "all", token: "all-roles", roles: ["ingest", "read", "operate"] },
  ];
  service = await startService(() => ({ server: { listen: "127.0.0.1:0", basePath: "/tocsin", auth: { tokens } } }));
}, 30_000);
afterAll(() => service[Symbol.asyncDispose]());

/**
 * Endpoints that only refuse here, because they need a dead letter, a callback, a Secret or another receiver, or whose answer does not end.
 * Most of them succeed in their own tests, which compare in the same way. A login, and targets below a namespace, are not compared there.
 */
const withoutSuccess = [
  "DELETE /api/v1/deadletters/{id}",
  "DELETE /api/v1/targets/{namespace}/{name}/drill",
  "DELETE /api/v1/targets/{name}/drill",
  "GET /api/v1/deadletters/{id}",
  "GET /api/v1/events/stream",
  "GET /api/v1/targets/{namespace}/{name}",
  "GET /api/v2/silence/{id}",
  "POST /api/v1/callbacks/{name}",
  "POST /api/v1/changes/from/{name}",
  "POST /api/v1/deadletters/{id}/replay",
  "POST /api/v1/heartbeats/{name}",
  "POST /api/v1/reconcile",
  "POST /api/v1/reconcile/apply",
  "POST /api/v1/session",
  "POST /api/v1/targets/{namespace}/{name}/drill",
  "POST /api/v1/targets/{namespace}/{name}/test",
];

const path = "/api/v1/openapi.json";
const reader = { authorization: "Bearer reader-token" };
const all = { authorization: "Bearer all-roles" };

test("the document is valid OpenAPI 3.1, with the version of the program and the base path", async () => {
  const { status, headers, body } = await service.ask("GET", path, undefined, reader);
  expect([status, headers.get("content-type")]).toEqual([200, "application/json; charset=utf-8"]);
  expect([body.openapi, body.info.version, body.servers]).toEqual(["3.1.0", manifest.version, [{ url: "/tocsin" }]]);
  const { valid, errors } = await new Validator().validate(body);
  expect({ valid, errors }).toMatchObject({ valid: true });
  expect((await service.ask("GET", path)).status).toBe(401);
});

describe("real answers are as documented", () => {
  const alert = {
    status: "firing",
    labels: { alertname: "Documented", severity: "critical" },
    fingerprint: "documented",
  };
  const change = { id: "documented", summary: "Deployed", labels: { app: "shop" }, customDetails: { a: [1] } };

  test("for every endpoint: an answer with data, or the refusal of what this service does not have", async () => {
    expect((await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts: [alert] }, all)).status).toBe(200);
    const invalid = { alerts: [alert, { status: "lit" }] };
    expect((await service.ask("PUT", "/api/v1/webhook/alertmanager", invalid, all)).body.issues).toHaveLength(1);
    expect((await service.ask("POST", "/api/v2/alerts", [{ labels: { alertname: "Posted" } }], all)).status).toBe(200);
    expect((await service.ask("POST", "/api/v1/changes", change, all)).status).toBe(202);
    await service.until("an incident is open", () => service.simulator.incidents()[0]);
    for (const { method, path: pattern } of describedEndpoints) {
      const asked = pattern
        .replace("/targets/:name", "/targets/pager")
        .replace(":id", "1")
        .replaceAll(/:\w+/g, "unknown");
      if (method !== "GET" || pattern === "/api/v1/events/stream") continue;
      const query = pattern === "/api/v1/explain" ? "?fingerprint=documented" : "";
      await service.ask(method, `${asked}${query}`, undefined, all);
    }
    for (const { method, path: pattern } of describedEndpoints) {
      if (method === "GET") continue;
      const asked = pattern.replace(":name", "pager").replace(":id", "1").replaceAll(/:\w+/g, "unknown");
      await service.ask(method, asked, pattern === "/api/v1/explain" ? alert : undefined, all);
    }
    const succeeded = [...comparedAnswers].filter((answer) => / 2\d\d$/.test(answer));
    const seen = new Set(succeeded.map((answer) => answer.slice(0, -4)));
    const expected = Object.entries(describedApi().paths).flatMap(([pattern, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${pattern}`),
    );
    // The other tests of the process ask too, and may have seen more.
    expect(expected.filter((one) => !seen.has(one) && !withoutSuccess.includes(one))).toEqual([]);
  });

  test("for every endpoint that needs a role: the refusal without a token", async () => {
    for (const { method, path: pattern, role } of describedEndpoints) {
      if (role === "open") continue;
      const { status } = await service.ask(method, pattern.replaceAll(/:\w+/g, "1"));
      expect({ method, pattern, status }).toEqual({ method, pattern, status: 401 });
    }
  });

  test("and a difference is found: an unknown field, a missing one, an unknown status, another type", async () => {
    const asked = { method: "GET", path: "/api/v1/incidents", contentType: "application/json" };
    const { text } = await service.ask("GET", "/api/v1/incidents", undefined, reader);
    expect(undocumentedIn({ ...asked, status: 200, text })).toEqual([]);
    const more = text.replace('"id":', '"surprise":1,"id":');
    expect(undocumentedIn({ ...asked, status: 200, text: more }).join("\n")).toContain("surprise");
    const fewer = text.replace('"dedupKey":', '"former":');
    expect(undocumentedIn({ ...asked, status: 200, text: fewer }).join("\n")).toContain("'dedupKey'");
    expect(undocumentedIn({ ...asked, status: 418, text })).toHaveLength(1);
    expect(undocumentedIn({ ...asked, status: 200, text, contentType: "text/plain" })).toHaveLength(1);
    expect(undocumentedIn({ ...asked, path: "/api/v1/incidents?nothing=1", status: 200, text })).toHaveLength(1);
  });
});
