import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { Simulator } from "../src/index.ts";
import { acknowledge, change, get, routingKey, post, resolve, trigger } from "./requests.ts";

/** The control API as the documentation shows it: names, paths and shapes are public. */

const read = (simulator: Simulator, path: string): unknown => JSON.parse(simulator.handle(get(path)).body);

describe("the control API", () => {
  test("GET /_sim/incidents is a bare array of the documented fields", () => {
    const simulator = new Simulator({ clock: { now: () => Date.parse("2026-01-01T00:00:00Z") } });
    for (const request of [trigger("a"), acknowledge("a"), resolve("a")]) simulator.handle(request);
    expect(read(simulator, "/_sim/incidents")).toEqual([
      {
        receiver: "pagerduty",
        id: "Q0000000000001",
        key: createHash("sha256").update(routingKey).digest("hex").slice(0, 16),
        dedup_key: "a",
        status: "resolved",
        summary: "disk full",
        severity: "critical",
        opened_at: "2026-01-01T00:00:00.000Z",
        acknowledged_at: "2026-01-01T00:00:00.000Z",
        resolved_at: "2026-01-01T00:00:00.000Z",
        events: [
          {
            at: "2026-01-01T00:00:00.000Z",
            action: "trigger",
            severity: "critical",
            summary: "disk full",
            payload: { summary: "disk full", source: "web-1", severity: "critical" },
          },
          { at: "2026-01-01T00:00:00.000Z", action: "acknowledge" },
          { at: "2026-01-01T00:00:00.000Z", action: "resolve" },
        ],
        title: "disk full",
        region: "us",
      },
    ]);
  });

  test("GET /_sim/changes, /_sim/refused and /_sim/requests show the rest", () => {
    const simulator = new Simulator();
    simulator.handle(change("deploy 7"));
    simulator.handle(post("/v2/enqueue", { routing_key: routingKey, event_action: "resolve" }));
    const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(read(simulator, "/_sim/changes")).toMatchObject([{ at, receiver: "pagerduty", summary: "deploy 7" }]);
    expect(read(simulator, "/_sim/refused")).toMatchObject([
      { at, status: 400, field: "dedup_key", reason: "'dedup_key' is missing or blank" },
    ]);
    expect(read(simulator, "/_sim/requests?limit=1")).toEqual([
      {
        id: 2,
        at,
        receiver: "pagerduty",
        region: "us",
        action: "resolve",
        key: expect.stringMatching(/^[0-9a-f]{16}$/),
        dedup_key: null,
        status: 400,
        applied: false,
        ambiguous: false,
        unread: false,
      },
    ]);
  });

  test("POST /_sim/incidents/{id}/acknowledge and /resolve do what a person does", () => {
    const simulator = new Simulator();
    simulator.handle(trigger("a"));
    const path = `/_sim/incidents/${simulator.incidents()[0]?.id}`;
    expect(simulator.handle(post(`${path}/acknowledge`, "")).status).toBe(200);
    expect(simulator.incidents()).toMatchObject([{ status: "acknowledged", events: [{}, { by: "person" }] }]);
    expect(simulator.handle(post(`${path}/resolve`, "")).status).toBe(200);
    expect(simulator.handle(post(`${path}/resolve`, "")).status).toBe(404);
    expect(simulator.handle(post("/_sim/incidents/nobody/resolve", "")).status).toBe(404);
  });

  test("POST /_sim/reset forgets everything", () => {
    const simulator = new Simulator();
    simulator.setKeys([]);
    simulator.setFaults("hang");
    simulator.setTruth({ events: [] });
    simulator.handle(trigger("a"));
    expect(simulator.handle(post("/_sim/reset", "")).status).toBe(200);
    expect(simulator.handle(trigger("a")).status).toBe(202);
    expect(simulator.report()).toMatchObject({ judged: false, requests: { pagerduty: { requests: 1 } } });
    expect(simulator.incidents()).toHaveLength(1);
  });

  test("POST /_sim/webhooks and /_sim/webhook-secrets set what they say", () => {
    const simulator = new Simulator({ postWebhook: async () => 200 });
    const subscribed = simulator.handle(post("/_sim/webhooks", { url: "https://hooks.invalid/", secrets: ["s"] }));
    expect(JSON.parse(subscribed.body)).toEqual({ id: expect.stringMatching(/^PW/) });
    simulator.handle(trigger("a"));
    expect(read(simulator, "/_sim/webhooks")).toMatchObject([{ event: "incident.triggered", state: "waiting" }]);
    expect(simulator.handle(post("/_sim/webhook-secrets", { name: "x", secrets: ["whsec_AAAA"] })).status).toBe(200);
    expect(simulator.handle(post("/webhook/x", "{}")).status).toBe(401);
    simulator.handle(post("/_sim/webhook-secrets", { name: "x", secrets: null }));
    expect(simulator.handle(post("/webhook/x", "{}")).status).toBe(200);
  });

  test.each<[string, unknown, string]>([
    ["/_sim/limits", "not json {", ""],
    ["/_sim/limits", { limit: "many" }, "limit"],
    ["/_sim/keys", { keys: "all" }, "keys"],
    ["/_sim/keys", { keys: [], receiver: 1 }, "receiver"],
    ["/_sim/faults", { seed: "x", faults: [] }, "seed"],
    ["/_sim/faults", {}, "faults"],
    ["/_sim/truth", {}, "events"],
    ["/_sim/webhooks", { url: "nowhere" }, "url"],
    ["/_sim/webhooks", { url: "http://a", secrets: "s" }, "secrets"],
    ["/_sim/webhook-secrets", { secrets: [] }, "name"],
  ])("POST %s with %j: 400 naming the place", (path, body, place) => {
    const answer = new Simulator().handle(post(path, body));
    expect([answer.status, JSON.parse(answer.body).error]).toMatchObject([
      400,
      { code: "invalid_setting", issues: [{ path: place }] },
    ]);
  });

  test("GET /_sim/requests?limit=some: 400", () => {
    expect(new Simulator().handle(get("/_sim/requests?limit=some")).status).toBe(400);
  });

  test("has no other path: 404", () => {
    const answer = new Simulator().handle(get("/_sim/nothing"));
    expect([answer.status, JSON.parse(answer.body).error.code]).toEqual([404, "not_found"]);
  });

  test("does not obey the page of another site", () => {
    const simulator = new Simulator();
    const from = (origin: string) =>
      simulator.handle(post("/_sim/reset", "", { host: "127.0.0.1:9878", origin })).status;
    expect([from("https://evil.example.com"), from("null"), from("http://127.0.0.1:9878")]).toEqual([403, 403, 200]);
  });
});

describe("the page", () => {
  test("is one document that may run only its own script and style", () => {
    const answer = new Simulator().handle(get("/"));
    expect(answer.headers["content-type"]).toBe("text/html; charset=utf-8");
    const policy = answer.headers["content-security-policy"] ?? "";
    for (const tag of ["script", "style"]) {
      const source = new RegExp(`<${tag}>([\\s\\S]*)</${tag}>`).exec(answer.body)?.[1] ?? "";
      expect(source.length).toBeGreaterThan(100);
      expect(policy).toContain(`${tag}-src 'sha256-${createHash("sha256").update(source).digest("base64")}'`);
    }
  });

  test("asks for an overview, which says when nothing has changed", () => {
    const simulator = new Simulator();
    const etags = [
      () => {},
      () => simulator.handle(trigger("a")),
      () => simulator.acknowledge("Q0000000000001"),
      () => simulator.setFaults("hang"),
    ].map((happens) => {
      happens();
      return simulator.handle(get("/_sim/overview")).headers["etag"] ?? "";
    });
    expect(new Set(etags).size).toBe(4);
    const again = simulator.handle(get("/_sim/overview", { "if-none-match": etags.at(-1) ?? "" }));
    expect([again.status, again.body]).toEqual([304, ""]);
    expect(read(simulator, "/_sim/overview")).toMatchObject({
      open: 1,
      total: 1,
      incidents: [{ dedup_key: "a", events: 2 }],
    });
  });
});
