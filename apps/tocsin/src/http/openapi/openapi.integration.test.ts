import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import manifest from "../../../package.json" with { type: "json" };
import { ApiServer } from "../../kubernetes/api-server.fixture.ts";
import { routingKey, startService, type TestService } from "../../service.fixture.ts";
import { describedApi, describedEndpoints } from "./described-endpoints.fixture.ts";
import { comparedAnswers, undocumentedEventsIn, undocumentedIn } from "./documented-answers.fixture.ts";

const dir = mkdtempSync(join(tmpdir(), "tocsin-openapi-"));
let service: TestService;
let cluster: ApiServer;

/** The service has a target in its configuration, and one in a Secret of the namespace shop. */
beforeAll(async () => {
  cluster = await ApiServer.start();
  const tokens = [
    { name: "reader", token: "reader-token", roles: ["read"] },
    { name: "all", token: "all-roles", roles: ["ingest", "read", "operate"] },
  ];
  service = await startService((url) => {
    const target = { name: "secret", type: "pagerduty", url, filters: { alert_name_pattern: "^NoAlertHasThisName$" } };
    cluster.put("shop", "secret", { "target.json": JSON.stringify(target), routing_key: routingKey });
    return {
      server: { listen: "127.0.0.1:0", basePath: "/tocsin", auth: { tokens } },
      discovery: {
        kubernetes: { enabled: true, namespaces: ["shop"], kubeconfig: cluster.kubeconfig(dir) },
        policy: { allowLoopback: true },
      },
    };
  });
  await service.until("it is ready", async () => (await service.ask("GET", "/readyz")).status === 200 || undefined);
}, 30_000);
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true });
});

/**
 * Endpoints that only refuse here, because they need a dead letter, a callback or another receiver, or whose answer does not end. They
 * succeed in their own tests, which compare in the same way.
 */
const withoutSuccess = [
  "DELETE /api/v1/deadletters/{id}",
  "GET /api/v1/deadletters/{id}",
  "GET /api/v1/events/stream",
  "GET /api/v2/silence/{id}",
  "POST /api/v1/callbacks/{name}",
  "POST /api/v1/changes/from/{name}",
  "POST /api/v1/deadletters/{id}/replay",
  "POST /api/v1/heartbeats/{name}",
  "POST /api/v1/reconcile",
  "POST /api/v1/reconcile/apply",
];

const path = { document: "/api/v1/openapi.json", session: "/api/v1/session" };
const reader = { authorization: "Bearer reader-token" };
const all = { authorization: "Bearer all-roles" };

/** A path with the objects that this service has, or with names that it does not have. */
const pathIn = (pattern: string): string =>
  pattern
    .replace("/targets/:namespace/:name", "/targets/shop/secret")
    .replace("/targets/:name", "/targets/pager")
    .replace(":id", "1")
    .replaceAll(/:\w+/g, "unknown");

test("the document is valid OpenAPI 3.1, with the version of the program and the base path", async () => {
  const { status, headers, body } = await service.ask("GET", path.document, undefined, reader);
  expect([status, headers.get("content-type")]).toEqual([200, "application/json; charset=utf-8"]);
  expect([body.openapi, body.info.version, body.servers]).toEqual(["3.1.0", manifest.version, [{ url: "/tocsin" }]]);
  const { valid, errors } = await new Validator().validate(body);
  expect({ valid, errors }).toMatchObject({ valid: true });
  expect((await service.ask("GET", path.document)).status).toBe(401);
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
      if (method !== "GET" || pattern === "/api/v1/events/stream") continue;
      const query = pattern === "/api/v1/explain" ? "?fingerprint=documented" : "";
      await service.ask(method, `${pathIn(pattern)}${query}`, undefined, all);
    }
    for (const { method, path: pattern } of describedEndpoints) {
      if (method === "GET") continue;
      const body =
        pattern === "/api/v1/explain" ? alert : pattern === path.session ? { token: "all-roles" } : undefined;
      const { body: said } = await service.ask(method, pathIn(pattern), body, all);
      if (method === "POST" && pattern.endsWith("/drill"))
        await service.ask("DELETE", `${pathIn(pattern)}?fingerprint=${said.fingerprint}`, undefined, all);
    }
    const succeeded = [...comparedAnswers].filter((answer) => / 2\d\d$/.test(answer));
    const seen = new Set(succeeded.map((answer) => answer.slice(0, -4)));
    const expected = Object.entries(describedApi().paths).flatMap(([pattern, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${pattern}`),
    );
    // The other tests of the process ask too, and may have seen more.
    expect(expected.filter((one) => !seen.has(one) && !withoutSuccess.includes(one))).toEqual([]);
  });

  test("for the events of the stream", async () => {
    const base = `http://${service.tocsin.address.host}:${service.tocsin.address.port}`;
    const stop = new AbortController();
    const response = await fetch(`${base}/api/v1/events/stream`, { headers: reader, signal: stop.signal });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const texts = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = (await texts.read()).value ?? "";
    await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts: [{ ...alert, fingerprint: "streamed" }] }, all);
    while (!/event: incident\ndata: .*"streamed".*\n\n$/.test(text)) text += (await texts.read()).value ?? "";
    stop.abort();
    expect(text).toContain("event: reset\ndata: {}\n\n");
    expect(undocumentedEventsIn(text)).toEqual([]);
    expect(undocumentedEventsIn(text.replace('"dedupKey":', '"surprise":')).join("\n")).toMatch(
      /surprise[^]*dedupKey|dedupKey[^]*surprise/,
    );
    expect(undocumentedEventsIn(text.replace("data: {}", 'data: {"a":1}'))).toEqual(['the event reset has {"a":1}']);
    expect(undocumentedEventsIn("event: other\ndata: {}\n\n")).toHaveLength(1);
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
